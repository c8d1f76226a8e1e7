// Pulls a file: from the cache where it was pulled before, otherwise from its address, and only with the hash that it had at first.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import type { WeightSource } from '../../core/network/description/network.ts';
import { shownUrl } from '../../core/remote/shown-url.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { type BodyKind, checkBody } from './check-body.ts';
import { type DownloadOptions, downloadFile } from './download-file.ts';
import { readPin, writePin } from './pins.ts';
import { downloadFailed } from './request-file.ts';

/** Where pulled files are kept: below the cache folder. */
export const pulledFolder = (cacheDirectory: string): string => path.join(cacheDirectory, 'pulled');

/** Where files are kept and remembered, and what is accepted. */
export interface PullOptions extends DownloadOptions {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The file must have one of these hashes, whatever was pulled before; none: that of the first pull. */
  readonly sha256s?: readonly string[] | undefined;
  /** Hashes that are accepted beside that of the first pull. */
  readonly alsoAccepted?: readonly string[] | undefined;
  /** What the file is to be; undefined where its first bytes may be any. */
  readonly kind?: BodyKind | undefined;
  /** What the publisher says the file has. */
  readonly checksum?: WeightSource['checksum'];
  /** Reads the file before it is kept or remembered. @throws {FoveaError} where it is not what was asked for, with the reason. */
  readonly check?: ((file: string) => Promise<void>) | undefined;
  /** Whether nothing that was pulled before counts: the file is downloaded anew, and may have another hash. */
  readonly isFresh?: boolean | undefined;
}

/** A file that was pulled. */
export interface PulledFile {
  /** In the cache, named by its hash. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly found: 'cache' | 'download';
}

/**
 * Pulls a file. What was pulled before and does not pass `check` is forgotten, and pulled anew.
 *
 * @throws {FoveaError} `download-changed` where it has not the hash that is given, or is not the file of the first pull, or has not the
 * published checksum; `download-failed` where it is not of its kind or does not pass `check`; what {@link downloadFile} throws.
 */
export async function pullFile(url: URL, options: PullOptions): Promise<PulledFile> {
  const { store, now, sha256s = [], isFresh = false } = options;
  const remembered = (await readPin(store, url))?.sha256;
  const pinned = isFresh ? undefined : remembered;
  const asked = sha256s.length > 0 ? sha256s : pinned === undefined ? [] : [pinned];
  const { cached, refused } = isFresh
    ? { cached: undefined, refused: [] }
    : await takeCached(url, asked, options);
  const isGood = pinned !== undefined && !refused.includes(pinned);
  const pulled = cached ?? (await takeNew(url, isGood ? pinned : undefined, options));
  const { sha256, sizeBytes } = pulled;
  if (remembered !== sha256)
    await writePin(store, url, { sha256, sizeBytes, pinnedAt: Math.floor(now() / 1000) });
  return pulled;
}

/** The first of the files that the cache has, and the hashes of those that did not pass the check, which are removed. */
async function takeCached(
  url: URL,
  sha256s: readonly string[],
  options: PullOptions,
): Promise<{ readonly cached: PulledFile | undefined; readonly refused: readonly string[] }> {
  const refused: string[] = [];
  for (const sha256 of sha256s) {
    const cached = await findCached(path.join(options.folder, sha256), sha256, options);
    if (cached === undefined) continue;
    await removingOnError(cached.path, () => checkKind(url, cached.path, options));
    await checkPublished(url, cached.path, options);
    try {
      await options.check?.(cached.path);
      return { cached, refused };
    } catch (error) {
      if (!isFoveaError(error)) throw error;
      await rm(cached.path, { force: true });
      refused.push(sha256);
    }
  }
  return { cached: undefined, refused };
}

async function takeNew(url: URL, pinned: string | undefined, options: PullOptions): Promise<PulledFile> {
  const part = await downloadFile(url, options);
  try {
    const { size: sizeBytes } = await stat(part);
    const sha256 = await hashOf(part, 'sha256');
    await removingOnError(part, async () => {
      await checkKind(url, part, options);
      checkHash(url, sha256, pinned, options);
      await checkPublished(url, part, options);
      await checkContent(url, part, options);
    });
    const file = path.join(options.folder, sha256);
    await rename(part, file);
    return { path: file, sizeBytes, sha256, found: 'download' };
  } catch (error) {
    // Another process has pulled the same content at the same time, and moved or removed the part that both wrote.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return pullFile(url, options);
    throw error;
  }
}

async function removingOnError(file: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

const checkKind = async (url: URL, file: string, { kind }: PullOptions): Promise<void> =>
  kind === undefined ? undefined : checkBody(url, file, kind);

async function checkContent(url: URL, file: string, { check }: PullOptions): Promise<void> {
  try {
    await check?.(file);
  } catch (cause) {
    if (!isFoveaError(cause)) throw cause;
    throw downloadFailed(url, `what came is not the file. It was not stored. ${cause.message}`, cause);
  }
}

async function findCached(
  file: string,
  sha256: string,
  options: PullOptions,
): Promise<PulledFile | undefined> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined || stats.size > options.maxBytes || (await hashOf(file, 'sha256')) !== sha256)
    return undefined;
  return { path: file, sizeBytes: stats.size, sha256, found: 'cache' };
}

async function hashOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function checkHash(
  url: URL,
  sha256: string,
  pinned: string | undefined,
  { sha256s = [], alsoAccepted = [] }: PullOptions,
): void {
  if (sha256s.length > 0 ? sha256s.includes(sha256) : pinned === undefined || sha256 === pinned) return;
  if (sha256s.length === 0 && alsoAccepted.includes(sha256)) return;
  const before = [
    ...(sha256s.length > 0 ? [`not ${sha256s.join(' or ')}, which was given`] : []),
    ...(pinned === undefined || pinned === sha256 ? [] : [`and was ${pinned} when it was first pulled`]),
  ].join(', ');
  throw new FoveaError(
    'download-changed',
    `${shownUrl(url)} has the sha256 ${sha256}, ${before}. It was not stored. If its publisher says that it has changed, compare the ` +
      `hash with theirs and accept it with --sha256 ${sha256}; for the earlier file name its revision, as org/name@revision.`,
    {
      param: 'sha256',
      details: {
        url: shownUrl(url),
        received: sha256,
        allowed: sha256s.length > 0 ? [...sha256s] : [...(pinned ? [pinned] : []), ...alsoAccepted],
      },
    },
  );
}

async function checkPublished(url: URL, file: string, { checksum }: PullOptions): Promise<void> {
  if (checksum === undefined) return;
  const received = await hashOf(file, checksum.algorithm);
  if (received === checksum.hex.toLowerCase()) return;
  throw new FoveaError(
    'download-changed',
    `${shownUrl(url)} has the ${checksum.algorithm} ${received}; ${checksum.hex} is published. It was not stored. Try again; if it ` +
      'stays so, the server gives another file, which must not be used as the published one.',
    { param: 'source', details: { url: shownUrl(url), received, allowed: [checksum.hex] } },
  );
}
