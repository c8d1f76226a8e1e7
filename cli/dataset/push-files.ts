// Brings files to a dataset: finds what has changed, and sends that in parallel, straight to where links lead.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { WireListedFile } from '../../api/dataset-files.ts';
import type { WireDatasetUpload } from '../../api/dataset-uploads.ts';
import { ApiError } from '../../client/api-error.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { delay } from '../../client/transport.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { groupBy } from '../../core/dataset/group-by.ts';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { describeError } from '../terminal/describe-error.ts';
import { StepError } from '../terminal/exit-codes.ts';
import type { PlacedFile } from './place-pictures.ts';
import type { PushJournal } from './push-journal.ts';

/** A file of the dataset that belongs to another class. */
export interface PushMove {
  readonly from: string;
  readonly to: string;
  readonly sha256: string;
}

/** What a push will do. */
export interface PushPlan {
  /** Files whose class alone has changed: they are moved, and not sent. */
  readonly moves: readonly PushMove[];
  /** Files of the dataset that have the bytes of one that is sent to another class: neither would be used. */
  readonly clashes: readonly string[];
  /** Files that are new or have changed. */
  readonly send: readonly PlacedFile[];
  /** How many are there already. */
  readonly unchanged: number;
  /** Paths of the dataset that the folder does not have. */
  readonly extra: readonly string[];
}

/** Where files are brought. */
export interface PushTarget {
  readonly client: FoveaClient;
  readonly dataset: string;
  readonly journal: PushJournal;
  /** The folder of the files. */
  readonly folder: string;
}

/** How far a push is. */
export interface PushProgress {
  readonly file: PlacedFile;
  readonly sizeBytes: number;
}

/** Concurrent uploads: enough to hide the latency of each. */
const CONCURRENCY = 8;
/** Links that are asked for at once: one request for so many files. */
const LINKS_AT_ONCE = 200;
/** A link with less time left is asked for again. */
const FEWEST_SECONDS_LEFT = 60;
const TRIES = 4;
const FIRST_WAIT_MS = 500;
/** Files that are hashed at a time. */
const HASHED_AT_ONCE = 8;

/** Compares the files of a folder with those of the dataset. Only files of the same size are read, each once. */
export async function planPush(
  { folder, journal }: Pick<PushTarget, 'folder' | 'journal'>,
  files: readonly PlacedFile[],
  there: readonly Pick<WireListedFile, 'path' | 'size_bytes' | 'content_hash'>[],
): Promise<PushPlan> {
  const stored = new Map(there.map((file) => [file.path, file]));
  const wanted = new Set(files.map((file) => file.path));
  const extra = there.filter((file) => !wanted.has(file.path));
  const known = groupBy(
    extra,
    (file) => `${file.size_bytes} ${file.content_hash ?? journal.find(file.path)}`,
  );
  const sizes = new Set(extra.map((file) => file.size_bytes));
  const hashed = await mapConcurrently(
    files,
    async (file) => {
      const before = stored.get(file.path);
      const hash =
        before?.size_bytes === file.sizeBytes ? (before.content_hash ?? journal.find(file.path)) : undefined;
      const sha256 =
        hash === undefined && !sizes.has(file.sizeBytes)
          ? undefined
          : contentHashOf(await readFile(path.join(folder, file.source)));
      return { file, sha256, isChanged: hash === undefined || hash !== sha256 };
    },
    HASHED_AT_ONCE,
  );
  const changed = hashed.filter(({ isChanged }) => isChanged);
  const moves: PushMove[] = [];
  const clashes: string[] = [];
  const moved = new Set<string>();
  const send: PlacedFile[] = [];
  for (const { file, sha256 } of changed) {
    const same = (known.get(`${file.sizeBytes} ${sha256}`) ?? []).filter(
      (one) => !moved.has(one.path) && classOf(one.path) !== classOf(file.path),
    );
    const from = stored.has(file.path) ? undefined : same.find((one) => isSameButClass(one.path, file.path));
    if (from === undefined || sha256 === undefined) send.push(file);
    else {
      moves.push({ from: from.path, to: file.path, sha256 });
      moved.add(from.path);
    }
    clashes.push(...same.filter((one) => one !== from).map((one) => one.path));
  }
  return {
    moves,
    clashes: [...new Set(clashes)].filter((name) => !moved.has(name)),
    send,
    unchanged: files.length - changed.length,
    extra: extra.map((file) => file.path).filter((name) => !moved.has(name)),
  };
}

const classOf = (name: string): string | undefined => name.split('/').at(-2);

/** Whether two paths have the same name and split, so that a move to the other class makes the one of the other. */
function isSameButClass(one: string, other: string): boolean {
  const [first, second] = [one.split('/'), other.split('/')];
  return (
    first.length === second.length && first.every((part, i) => i === first.length - 2 || part === second[i])
  );
}

/** Paths that one request moves. */
const MOVED_AT_ONCE = 1000;

/**
 * Moves files to their classes.
 * @throws {Error} naming the first file that could not be moved; those before it are where they belong.
 */
export async function moveFiles(
  { client, dataset, journal }: PushTarget,
  moves: readonly PushMove[],
): Promise<void> {
  for (const [label = '', group] of groupBy(moves, ({ to }) => classOf(to)))
    for (let start = 0; start < group.length; start += MOVED_AT_ONCE) {
      const asked = group.slice(start, start + MOVED_AT_ONCE);
      const answer = await client.datasets.move(
        dataset,
        asked.map(({ from }) => from),
        label,
      );
      for (const [index, { path: name, moved_to, error }] of answer.data.entries()) {
        if (error !== null) throw new Error(`"${name}" was not moved to "${label}": ${error.message}`);
        const { sha256 = '' } = asked[index] ?? {};
        if (moved_to !== null) await journal.add(moved_to, sha256);
      }
    }
}

/**
 * Sends files. A file that fails for the moment is sent again.
 * @param onSent is called after each file.
 * @throws {StepError} naming the first file that could not be read or stored; what was sent until then stays, and another push goes on there.
 */
export async function pushFiles(
  { client, dataset, journal, folder }: PushTarget,
  files: readonly PlacedFile[],
  { onSent, signal }: { readonly onSent?: (sent: PushProgress) => void; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const links = linkBook(client, dataset, files, signal);
  await forEachConcurrent(files, CONCURRENCY, async (file, index) => {
    signal?.throwIfAborted();
    try {
      const bytes = await readFile(path.join(folder, file.source));
      if (bytes.byteLength !== file.sizeBytes) throw new Error('it changes while it is sent; push again');
      for (let attempt = 1; ; attempt++) {
        try {
          await client.uploads.bring(await links.get(index), bytes, { signal });
          break;
        } catch (error) {
          signal?.throwIfAborted();
          if (attempt === TRIES || !isPassing(error)) throw error;
          if (error instanceof ApiError) links.renew(index);
          await delay(FIRST_WAIT_MS * 2 ** attempt, signal);
        }
      }
      await journal.add(file.path, contentHashOf(bytes));
      onSent?.({ file, sizeBytes: file.sizeBytes });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new StepError(
        `"${file.source}" was not stored: ${describeError(cause)} Push again to go on from here.`,
        { cause },
      );
    }
  });
}

/** Whether another try may help: nobody answered, the server is busy, or the link is too old. */
const isPassing = (error: unknown): boolean =>
  error instanceof ApiError
    ? error.status === 403 || error.status === 429 || error.status >= 500
    : error instanceof Error && error.name === 'ConnectionError';

/** Asks for links when they are needed, for many files at once. */
function linkBook(
  client: FoveaClient,
  dataset: string,
  files: readonly PlacedFile[],
  signal: AbortSignal | undefined,
) {
  const groups = new Map<number, Promise<readonly WireDatasetUpload[]>>();
  const ask = (group: number) => {
    const start = group * LINKS_AT_ONCE;
    const asked = files.slice(start, start + LINKS_AT_ONCE).map(({ path: name, sizeBytes, source }) => ({
      path: name,
      bytes: sizeBytes,
      mime_type: mimeTypeOf(source),
    }));
    const answer = client.datasets.links(dataset, asked, { signal });
    // Whoever waits for it meets the error.
    answer.catch(() => undefined);
    groups.set(group, answer);
    return answer;
  };
  const groupOf = (index: number) => Math.floor(index / LINKS_AT_ONCE);
  return {
    async get(index: number): Promise<WireDatasetUpload> {
      const group = groupOf(index);
      let links = await (groups.get(group) ?? ask(group));
      const isOld = ({ expires_at }: WireDatasetUpload) =>
        expires_at - Date.now() / 1000 < FEWEST_SECONDS_LEFT;
      if (links.some(isOld)) links = await ask(group);
      return links[index % LINKS_AT_ONCE] as WireDatasetUpload;
    },
    renew: (index: number) => void groups.delete(groupOf(index)),
  };
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  avif: 'image/avif',
  heic: 'image/heic',
  heif: 'image/heif',
};
const mimeTypeOf = (file: string): string =>
  MIME_TYPES[path.extname(file).slice(1).toLowerCase()] ?? 'application/octet-stream';
