// Uploads a folder into a dataset: what goes where, what is left out and why, and the way of the bytes, straight to the store, several at
// once. What is there already is not sent again, so an upload that broke off goes on.

import { signal } from '@preact/signals';
import { ApiError } from '../../../client/api-error.ts';
import { delay } from '../../../client/transport.ts';
import type { PathedFile } from './dropped-files.ts';
import { client } from './session.ts';

/** Why a file is left out before anything is sent. */
export type Reason = 'empty' | 'no-picture' | 'no-class' | 'deep';

/** A file that is left out: a reason of the page, or the sentence of the server. */
export interface LeftOut {
  readonly path: string;
  readonly reason: Reason | { readonly message: string };
}

/** A picture and its place in the dataset. */
interface Planned {
  readonly file: File;
  readonly path: string;
}

/** What of a folder is uploaded. */
export interface UploadPlan {
  /** Name of the folder; '' where several were dropped. */
  readonly folder: string;
  readonly pictures: readonly Planned[];
  readonly classes: number;
  readonly sizeBytes: number;
  readonly leftOut: readonly LeftOut[];
}

const SPLITS = new Set(['train', 'training', 'val', 'valid', 'validation', 'dev', 'test', 'testing', 'eval']);
const PICTURE_ENDING = /\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|avif|heic|heif)$/i;
/** Files that operating systems leave in folders; nobody misses them. */
const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;
const MOST_FOLDERS = 2;

/** Sorts the files of a folder. */
export function planUpload(files: readonly PathedFile[]): UploadPlan {
  const wanted = files.filter(({ path }) => !HIDDEN.test(path));
  const roots = new Set(wanted.map(({ path }) => path.split('/')[0] ?? ''));
  const [root = ''] = roots;
  // One folder around all classes is the dataset; several are classes, and so is one that holds pictures alone.
  const isAround = roots.size === 1 && wanted.some(({ path }) => path.split('/').length > 2);
  const leftOut: LeftOut[] = [];
  const pictures: Planned[] = [];
  for (const { file, path: given } of wanted) {
    const path = isAround ? given.slice(root.length + 1) : given;
    const folders = path.split('/').length - 1;
    const reason = reasonOf(file, path, folders);
    if (reason === undefined) pictures.push({ file, path });
    else leftOut.push({ path, reason });
  }
  const labels = new Set(
    pictures.map(({ path }) => {
      const [first = '', second = ''] = path.split('/');
      return SPLITS.has(first.toLowerCase()) && path.split('/').length > 2 ? second : first;
    }),
  );
  return {
    folder: isAround ? root : '',
    pictures,
    classes: labels.size,
    sizeBytes: pictures.reduce((sum, { file }) => sum + file.size, 0),
    leftOut,
  };
}

function reasonOf(file: File, path: string, folders: number): Reason | undefined {
  if (!file.type.startsWith('image/') && !PICTURE_ENDING.test(path)) return 'no-picture';
  if (file.size === 0) return 'empty';
  if (folders === 0) return 'no-class';
  return folders > MOST_FOLDERS ? 'deep' : undefined;
}

/** Where an upload stands. */
export interface UploadState {
  readonly dataset: string;
  readonly plan: UploadPlan;
  readonly status: 'running' | 'stopped' | 'broken' | 'done';
  /** Pictures that are there, those of earlier uploads included. */
  readonly done: number;
  readonly had: number;
  /** Those that are to be there in the end. */
  readonly total: number;
  readonly secondsLeft: number | null;
  /** What the plan leaves out, and what the server refused. */
  readonly leftOut: readonly LeftOut[];
  readonly problem: string;
}

/** The upload of this tab; it goes on while somebody looks at another view. */
export const upload = signal<UploadState | null>(null);

/** Links of one request; they hold for some minutes. */
const LINKS = 100;
/** Requests for bytes that are under way at once; browsers open six connections to a server. */
const LANES = 5;
const TRIES = 4;
const FIRST_WAIT_MS = 500;

let stopping = new AbortController();

const set = (changes: Partial<UploadState>) => {
  if (upload.value !== null) upload.value = { ...upload.value, ...changes };
};

/** Stops it; what is there stays. */
export const stopUpload = (): void => stopping.abort();

/** Starts an upload, or goes on with one that stopped. Resolves at its end, whatever that is. */
export async function startUpload(dataset: string, plan: UploadPlan): Promise<void> {
  stopping = new AbortController();
  const { signal: stopped } = stopping;
  const total = plan.pictures.length;
  const { leftOut } = plan;
  upload.value = {
    dataset,
    plan,
    status: 'running',
    done: 0,
    had: 0,
    total,
    secondsLeft: null,
    leftOut,
    problem: '',
  };
  try {
    const there = await sizesOf(dataset, stopped);
    const todo = plan.pictures.filter(({ file, path }) => there.get(path) !== file.size);
    const had = total - todo.length;
    set({ had, done: had });
    await sendAll(dataset, todo, stopped);
    set({ status: 'done', secondsLeft: null });
  } catch (error) {
    if (stopped.aborted) set({ status: 'stopped' });
    else set({ status: 'broken', problem: error instanceof Error ? error.message : String(error) });
  }
}

/** Sizes of the files that the dataset has, by path. */
async function sizesOf(dataset: string, stopped: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  try {
    const files = client.value.datasets.files(dataset, { inspect: false, pageSize: 1000, signal: stopped });
    for await (const { path, size_bytes: sizeBytes } of files) sizes.set(path, sizeBytes);
  } catch (error) {
    // A new one.
    if (
      !(error instanceof ApiError && (error.code === 'dataset-not-found' || error.code === 'dataset-empty'))
    )
      throw error;
  }
  return sizes;
}

async function sendAll(dataset: string, todo: readonly Planned[], stopped: AbortSignal): Promise<void> {
  const began = performance.now();
  const bytes = todo.reduce((sum, { file }) => sum + file.size, 0);
  let sent = 0;
  const onSent = ({ file }: Planned) => {
    sent += file.size;
    const seconds = (performance.now() - began) / 1000;
    set({
      done: (upload.value?.done ?? 0) + 1,
      secondsLeft: sent === 0 ? null : (seconds / sent) * (bytes - sent),
    });
  };
  for (let at = 0; at < todo.length; at += LINKS)
    await sendBatch(dataset, todo.slice(at, at + LINKS), stopped, onSent);
}

async function sendBatch(
  dataset: string,
  batch: readonly Planned[],
  stopped: AbortSignal,
  onSent: (picture: Planned) => void,
): Promise<void> {
  const { pictures, links } = await linksOf(dataset, batch, stopped);
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < pictures.length; at = next++) {
      const picture = pictures[at] as Planned;
      const link = links[at];
      if (link === undefined) continue;
      const refused = await bring(link, picture, stopped);
      if (refused === undefined) onSent(picture);
      else leaveOut(picture, refused);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

function leaveOut({ path }: Planned, message: string): void {
  const { leftOut = [], total = 0 } = upload.value ?? {};
  set({ leftOut: [...leftOut, { path, reason: { message } }], total: total - 1 });
}

/** All links or none are given: a file that the server names is left out, and the others are asked for again. */
async function linksOf(dataset: string, batch: readonly Planned[], stopped: AbortSignal) {
  let pictures = [...batch];
  for (;;) {
    if (pictures.length === 0) return { pictures, links: [] };
    try {
      const files = pictures.map(({ file, path }) => ({ path, bytes: file.size }));
      return { pictures, links: await client.value.datasets.links(dataset, files, { signal: stopped }) };
    } catch (error) {
      const [, index] = /^files\.(\d+)\b/.exec((error instanceof ApiError && error.param) || '') ?? [];
      const refused = index === undefined ? undefined : pictures[Number(index)];
      if (refused === undefined) throw error;
      leaveOut(refused, (error as ApiError).message);
      pictures = pictures.filter((picture) => picture !== refused);
    }
  }
}

type Link = Awaited<ReturnType<typeof linksOf>>['links'][number];

/** @returns why the store refuses the picture; undefined where it has it. @throws where the connection is gone. */
async function bring(link: Link, { file }: Planned, stopped: AbortSignal): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await client.value.uploads.bring(link, file, { signal: stopped });
      return undefined;
    } catch (error) {
      stopped.throwIfAborted();
      const isRefused = error instanceof ApiError && error.status < 500 && error.status !== 429;
      if (isRefused) return error.message;
      if (tries === TRIES) throw error;
      await delay(FIRST_WAIT_MS * 2 ** tries, stopped);
    }
  }
}
