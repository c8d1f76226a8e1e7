// Finds a published weight file in a folder or in the cache, or downloads it. Knows the names of files and where they are published;
// not what is in them.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { keys } from '../../storage/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { WeightSource } from '../description/network.ts';
import { mirrorOf } from './weights-mirror.ts';

/** Size of a weight file at most: more than the largest published one, VGG16's 553 MB; what is longer is not the file. */
export const MAX_WEIGHT_FILE_BYTES = 1024 ** 3;
/** A progress report for every so many bytes, to keep a job's record from being written for each packet. */
const PROGRESS_STEP_BYTES = 1024 ** 2;

/** How far a download is. */
export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Size of the file; null where the server does not tell it. */
  readonly totalBytes: number | null;
}

/** Where weight files are looked for, and how they are downloaded. */
export interface WeightFileDeps {
  /** Where downloads are kept, under {@link keys.weights}. */
  readonly store: Pick<ObjectStore, 'get' | 'put'>;
  /** Folder of files that people supplied by hand. */
  readonly weightsDir?: string | undefined;
  /** Default: Node's own. */
  readonly fetch?: typeof fetch | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Larger downloads are refused. Default: 1 GiB. */
  readonly maxBytes?: number | undefined;
}

/** Reads the bytes of a download before they are kept. @throws {FoveaError} where they are not the file, with the reason. */
export type DownloadCheck = (source: WeightSource, bytes: Uint8Array) => Promise<void>;

/** The bytes of a weight file and where they came from. */
export interface WeightFile {
  readonly source: WeightSource;
  readonly bytes: Uint8Array;
  readonly found: 'folder' | 'cache' | 'download';
  /** Path, object key or URL, for people. */
  readonly location: string;
  /** Whether the published checksum holds; null where none is published. A file supplied by hand may well differ. */
  readonly checksumMatches: boolean | null;
}

/** All names under which a file is looked for in a folder. */
export const acceptedNames = (source: WeightSource): readonly string[] => [source.file, ...source.aliases];

function checksumMatches({ checksum }: WeightSource, bytes: Uint8Array): boolean | null {
  return checksum === undefined
    ? null
    : createHash(checksum.algorithm).update(bytes).digest('hex') === checksum.hex.toLowerCase();
}

/** Finds the first of the sources that the folder has under one of its names. */
export async function findInFolder(
  sources: readonly WeightSource[],
  { weightsDir, signal }: WeightFileDeps,
): Promise<WeightFile | undefined> {
  if (weightsDir === undefined) return undefined;
  for (const source of sources) {
    for (const name of acceptedNames(source)) {
      const location = path.join(weightsDir, name);
      const bytes = await readIfThere(location, signal);
      if (bytes !== undefined) {
        return { source, bytes, found: 'folder', location, checksumMatches: checksumMatches(source, bytes) };
      }
    }
  }
  return undefined;
}

async function readIfThere(
  location: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readFile(location, signal === undefined ? {} : { signal });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The files in the order in which a download is tried: those without a head are smaller. */
export const smallestFirst = (sources: readonly WeightSource[]): readonly WeightSource[] =>
  sources.toSorted((a, b) => Number(a.includesTop) - Number(b.includesTop));

/** Whether the folder or the cache has a file of one of the sources. Nothing of it is read. */
export async function hasWeightFile(
  sources: readonly WeightSource[],
  {
    store,
    weightsDir,
    signal,
  }: Pick<WeightFileDeps, 'weightsDir' | 'signal'> & { readonly store: Pick<ObjectStore, 'head'> },
): Promise<boolean> {
  for (const source of sources) {
    const files =
      weightsDir === undefined ? [] : acceptedNames(source).map((name) => path.join(weightsDir, name));
    for (const file of files) if ((await stat(file).catch(() => undefined))?.isFile() === true) return true;
    if ((await store.head(keys.weights(source.file), signal === undefined ? {} : { signal })) !== undefined)
      return true;
  }
  return false;
}

/** Finds a file that was downloaded before. A copy with another checksum does not count. */
export async function findInCache(
  source: WeightSource,
  { store, signal }: WeightFileDeps,
): Promise<WeightFile | undefined> {
  const key = keys.weights(source.file);
  const stored = await store.get(key, signal === undefined ? {} : { signal });
  if (stored === undefined) return undefined;
  const matches = checksumMatches(source, stored.body);
  if (matches === false) return undefined;
  return { source, bytes: stored.body, found: 'cache', location: key, checksumMatches: matches };
}

/** An address that is asked for a file. */
interface Place {
  readonly source: WeightSource;
  readonly url: string;
  /** The published address may redirect, as hosts of files do; a mirror may not, see {@link mirrorOf}. */
  readonly redirect: 'follow' | 'error';
}

/**
 * Downloads a file from the mirror where one is set, else or when that fails from where it is published; compares its checksum with the
 * published one, has it read, and stores it in the cache. What is not the file is kept nowhere.
 *
 * @throws {FoveaError} `weights-download-failed` for no answer, an HTTP error, too many bytes, another checksum or what `check` refuses;
 *   `weights-unavailable` for a mirror that cannot be one.
 */
export async function download(
  source: WeightSource,
  deps: WeightFileDeps,
  check: DownloadCheck,
): Promise<WeightFile> {
  const mirror = mirrorOf(source.file);
  const published: Place = { source, url: source.url, redirect: 'follow' };
  if (mirror === undefined) return downloadFrom(published, deps, check);
  try {
    return await downloadFrom({ source, url: mirror.href, redirect: 'error' }, deps, check);
  } catch (first) {
    if (!isFoveaError(first, 'weights-download-failed')) throw first;
    try {
      return await downloadFrom(published, deps, check);
    } catch (second) {
      if (!isFoveaError(second, 'weights-download-failed')) throw second;
      throw new FoveaError('weights-download-failed', `${first.message} ${second.message}`, {
        details: { url: source.url, mirror: mirror.href },
        cause: second,
      });
    }
  }
}

async function downloadFrom(place: Place, deps: WeightFileDeps, check: DownloadCheck): Promise<WeightFile> {
  const { source, url, redirect } = place;
  const { store, signal, fetch: fetchFile = fetch } = deps;
  let response: Response;
  try {
    response = await fetchFile(url, { redirect, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    throw downloadFailed(place, describe(cause), cause);
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw downloadFailed(place, `the server answered ${response.status} ${response.statusText}`.trim());
  }
  const bytes = await readBody(place, response, deps);
  const matches = checksumMatches(source, bytes);
  if (matches === false) {
    throw downloadFailed(
      place,
      `the ${bytes.byteLength} bytes received do not have the published ${source.checksum?.algorithm} ${source.checksum?.hex}`,
    );
  }
  try {
    await check(source, bytes);
  } catch (cause) {
    if (!isFoveaError(cause)) throw cause;
    throw downloadFailed(
      place,
      `the ${bytes.byteLength} bytes received are not the file: ${cause.message.replace(/\.$/, '')}`,
      cause,
    );
  }
  await store.put(keys.weights(source.file), bytes);
  return { source, bytes, found: 'download', location: url, checksumMatches: matches };
}

async function readBody(place: Place, response: Response, deps: WeightFileDeps): Promise<Uint8Array> {
  const { maxBytes = MAX_WEIGHT_FILE_BYTES, onProgress, signal } = deps;
  const announced = Number(response.headers.get('content-length') ?? Number.NaN);
  const totalBytes = Number.isFinite(announced) ? announced : null;
  const tooLarge = (size: number) =>
    downloadFailed(place, `${size} bytes are more than the ${maxBytes} allowed`);
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  let reportedBytes = 0;
  const report = () => {
    reportedBytes = receivedBytes;
    onProgress?.({ file: place.source.file, receivedBytes, totalBytes });
  };
  try {
    if (totalBytes !== null && totalBytes > maxBytes) throw tooLarge(totalBytes);
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      receivedBytes += chunk.byteLength;
      if (receivedBytes > maxBytes) throw tooLarge(receivedBytes);
      if (receivedBytes - reportedBytes >= PROGRESS_STEP_BYTES) report();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof FoveaError) throw cause;
    throw downloadFailed(
      place,
      `the transfer broke off after ${receivedBytes} bytes (${describe(cause)})`,
      cause,
    );
  }
  report();
  return Buffer.concat(chunks, receivedBytes);
}

const describe = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
};

const downloadFailed = ({ url }: Place, problem: string, cause?: unknown) =>
  new FoveaError('weights-download-failed', `${url} could not be downloaded: ${problem}.`, {
    details: { url },
    cause,
  });
