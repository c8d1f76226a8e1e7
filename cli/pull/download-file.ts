// Downloads a file into a folder. What broke off is continued, in this process or a later one, as long as the server says that the file
// is still the same. Knows nothing of what the file is for.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '../../core/disk-full.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { makeFolder } from '../../core/make-folder.ts';
import { shownUrl } from '../../core/remote/shown-url.ts';
import { downloadFailed, type RequestOptions, reasonOf, requestFile } from './request-file.ts';

/** Transfers in a row that may break off without a byte. */
const MAX_BREAKS = 5;
const FIRST_PAUSE_MS = 500;
const ID_DIGITS = 32;
const HTTP_PARTIAL = 206;
const PART_FLAGS = constants.O_RDWR | constants.O_CREAT;

/** How far a download is. */
export interface PullProgress {
  readonly receivedBytes: number;
  /** Size of the file; null where the server does not tell it. */
  readonly totalBytes: number | null;
}

/** Where a file goes, and how large it may be. */
export interface DownloadOptions extends RequestOptions {
  readonly folder: string;
  /** What is larger is refused, as soon as its size is known. */
  readonly maxBytes: number;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Waits before a transfer is tried again. Default: half a second, then twice as long each time. */
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
}

/**
 * Downloads a file, or what is missing of it.
 *
 * @returns the path of a file whose name ends in `.part`. It is complete; the caller moves or removes it.
 * @throws {FoveaError} `download-failed`, `download-refused`, `download-too-large`, `storage-full`, `storage-denied`; the reason of `signal` when it is aborted.
 */
export async function downloadFile(url: URL, options: DownloadOptions): Promise<string> {
  const { folder, pause = sleep, signal } = options;
  for (let breaks = 0; ; ) {
    const count = { before: 0, received: 0 };
    try {
      await makeFolder(folder);
      return await transfer(url, count, options);
    } catch (cause) {
      signal?.throwIfAborted();
      if (isDiskFull(cause)) throw storageFull(folder, cause);
      if (cause instanceof Error && 'syscall' in cause) throw notWritable(folder, cause);
      // A server that does not answer at all is not asked again; one that stopped in the middle is.
      const isBreak = !isFoveaError(cause) || (breaks > 0 && isFoveaError(cause, 'download-failed'));
      if (!isBreak) throw cause;
      breaks = count.received > count.before ? 1 : breaks + 1;
      if (breaks > MAX_BREAKS) {
        const problem = `the transfer broke off after ${count.received} bytes (${reasonOf(cause)})`;
        throw downloadFailed(url, `${problem}. Run the command again: it continues there.`, cause);
      }
      await pause(FIRST_PAUSE_MS * 2 ** (breaks - 1));
    }
  }
}

/** Bytes that are in the file: when a transfer began, and by now. */
interface Count {
  before: number;
  received: number;
}

/** One transfer, of the whole file or of what is missing of it. */
async function transfer(url: URL, count: Count, options: DownloadOptions): Promise<string> {
  const whole = await requestFile(url, {}, options);
  try {
    if (whole.headers.has('content-encoding'))
      throw downloadFailed(url, 'the server compresses it, although it was asked not to.');
    const totalBytes = sizeOf(whole);
    checkSize(url, totalBytes ?? 0, options.maxBytes);
    // The name contains all that identifies the content, so that parts of different contents are different files.
    const validator = validatorOf(whole);
    const id = createHash('sha256')
      .update(JSON.stringify([url.href, validator, totalBytes]))
      .digest('hex');
    const file = path.join(options.folder, `${id.slice(0, ID_DIGITS)}.part`);
    const handle = await open(file, PART_FLAGS);
    try {
      count.before = (await handle.stat()).size;
      const canContinue = validator !== undefined && totalBytes !== null && count.before <= totalBytes;
      const rest = canContinue
        ? await requestRest(url, { ...count, totalBytes, validator }, options)
        : undefined;
      if (rest === undefined) count.before = 0;
      count.received = count.before;
      await receive(
        url,
        { handle, body: rest === undefined ? whole.body : rest, totalBytes, count },
        options,
      );
      // Not before: another process may download the same content into the same file, and be further.
      await handle.truncate(count.received);
    } catch (error) {
      if (isFoveaError(error, 'download-too-large')) await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return file;
  } finally {
    // Of no effect where the body was read.
    await whole.body?.cancel().catch(() => undefined);
  }
}

/**
 * The rest of a file: null where nothing is missing; undefined where nothing is here, or the server does not give the rest of the same
 * content.
 */
async function requestRest(
  url: URL,
  { before, totalBytes, validator }: { before: number; totalBytes: number; validator: string },
  options: DownloadOptions,
): Promise<Response['body'] | undefined> {
  if (before === 0) return undefined;
  if (before === totalBytes) return null;
  const response = await requestFile(url, { range: `bytes=${before}-`, 'if-range': validator }, options);
  const range = response.headers.get('content-range');
  if (response.status === HTTP_PARTIAL && range === `bytes ${before}-${totalBytes - 1}/${totalBytes}`)
    return response.body;
  await response.body?.cancel();
  return undefined;
}

/** A file, and what is to be written into it. */
interface Receiving {
  readonly handle: FileHandle;
  readonly body: Response['body'];
  readonly totalBytes: number | null;
  readonly count: Count;
}

async function receive(
  url: URL,
  { handle, body, totalBytes, count }: Receiving,
  { maxBytes, onProgress, signal }: DownloadOptions,
): Promise<void> {
  const report = () => onProgress?.({ receivedBytes: count.received, totalBytes });
  report();
  for await (const chunk of body ?? []) {
    signal?.throwIfAborted();
    checkSize(url, count.received + chunk.byteLength, maxBytes);
    for (let written = 0; written < chunk.byteLength; ) {
      // At its place, so that two processes that download the same content write the same file.
      const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, count.received);
      written += bytesWritten;
      count.received += bytesWritten;
    }
    report();
  }
  if (totalBytes !== null && count.received !== totalBytes)
    throw new Error(`the server announced ${totalBytes} bytes`);
}

function sizeOf({ headers }: Response): number | null {
  const announced = Number(headers.get('content-length') ?? Number.NaN);
  return Number.isSafeInteger(announced) && announced >= 0 ? announced : null;
}

/** What a server recognizes the same content by (RFC 9110, 13.1.5): a strong etag, or a time of change. */
function validatorOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag');
  if (etag?.startsWith('"')) return etag;
  return headers.get('last-modified') ?? undefined;
}

function checkSize(url: URL, sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return;
  throw new FoveaError(
    'download-too-large',
    `${shownUrl(url)} has ${sizeBytes} bytes or more; at most ${maxBytes} are allowed. Check that it is the file that you mean.`,
    { param: 'source', details: { url: shownUrl(url), sizeBytes, maxBytes } },
  );
}

const storageFull = (folder: string, cause: unknown) =>
  new FoveaError(
    'storage-full',
    `There is no room for the download in ${folder}. Free space there and run the command again, which continues; or set XDG_CACHE_HOME.`,
    { details: { folder }, cause },
  );

const notWritable = (folder: string, cause: unknown) =>
  new FoveaError(
    'storage-denied',
    `The download cannot be written to ${folder} (${(cause as NodeJS.ErrnoException).code}). Set XDG_CACHE_HOME to a folder that you may write.`,
    { details: { folder }, cause },
  );
