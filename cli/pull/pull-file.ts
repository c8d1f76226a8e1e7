// Pulls a file: from the cache where it was pulled before, otherwise from its address, and only with the hash that it had at first.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '../../core/errors/errors.ts';
import type { WeightSource } from '../../core/network/description/network.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { shownUrl } from './allowed-url.ts';
import { type DownloadOptions, downloadFile } from './download-file.ts';
import { readPin, writePin } from './pins.ts';

/** Where pulled files are kept: below the cache folder. */
export const pulledFolder = (cacheDirectory: string): string => path.join(cacheDirectory, 'pulled');

/** Where files are kept and remembered, and what is accepted. */
export interface PullOptions extends DownloadOptions {
  readonly store: ObjectStore;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Hashes that are accepted, whatever was pulled before; none: that of the first pull. */
  readonly sha256s?: readonly string[] | undefined;
  /** What the publisher says the file has. */
  readonly checksum?: WeightSource['checksum'];
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
 * Pulls a file.
 *
 * @throws {FoveaError} `download-changed` where it is not the file of the first pull, nor one whose hash is given, or has not the
 * published checksum; what {@link downloadFile} throws.
 */
export async function pullFile(url: URL, options: PullOptions): Promise<PulledFile> {
  const { store, folder, now, sha256s = [] } = options;
  const pin = await readPin(store, url);
  const expected =
    pin !== undefined && (sha256s.length === 0 || sha256s.includes(pin.sha256)) ? [pin.sha256] : sha256s;
  for (const sha256 of expected) {
    const cached = await findCached(path.join(folder, sha256), sha256, options);
    if (cached === undefined) continue;
    await checkPublished(url, cached.path, options);
    return cached;
  }
  const part = await downloadFile(url, options);
  const { size: sizeBytes } = await stat(part);
  const sha256 = await hashOf(part, 'sha256');
  try {
    checkHash(url, sha256, { pinned: pin?.sha256, sha256s });
    await checkPublished(url, part, options);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const file = path.join(folder, sha256);
  await rename(part, file).catch(async (error) => {
    // Another process may have pulled the same file at the same time.
    if ((await findCached(file, sha256, options)) === undefined) throw error;
  });
  if (pin?.sha256 !== sha256)
    await writePin(store, url, { sha256, sizeBytes, pinnedAt: Math.floor(now() / 1000) });
  return { path: file, sizeBytes, sha256, found: 'download' };
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
  { pinned, sha256s }: { readonly pinned: string | undefined; readonly sha256s: readonly string[] },
): void {
  if (sha256s.includes(sha256) || sha256 === pinned) return;
  if (pinned === undefined && sha256s.length === 0) return;
  const before =
    pinned === undefined
      ? `not ${sha256s.join(' or ')}, which was given`
      : `and was ${pinned} when it was first pulled`;
  throw new FoveaError(
    'download-changed',
    `${shownUrl(url)} has the sha256 ${sha256}, ${before}. It was not stored. If its publisher says that it has changed, compare the ` +
      `hash with theirs and accept it with --sha256 ${sha256}; for the earlier file name its revision, as org/name@revision.`,
    {
      param: 'sha256',
      details: { url: shownUrl(url), received: sha256, allowed: [...sha256s, ...(pinned ? [pinned] : [])] },
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
