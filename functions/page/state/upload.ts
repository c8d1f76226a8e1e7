// Uploads a folder into a dataset: what goes where, what is left out and why, and the way of the bytes, straight to the store, several at
// once. What is there already is not sent again, so an upload that broke off goes on.

import { signal } from '@preact/signals';
import { ApiError } from '../../../client/api-error.ts';
import { delay } from '../../../client/transport.ts';
import { tellTabs } from './changes.ts';
import type { PathedFile } from './dropped-files.ts';
import { listDatasets, MOST_DATASETS } from './lists.ts';
import { client } from './session.ts';
import { forgetUnfinished, keepUnfinished } from './unfinished-uploads.ts';

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

/** What becomes of a picture whose name another picture of the dataset has: it gets a number, takes the place, or is not sent. */
export type ClashChoice = 'both' | 'replace' | 'skip';

/** Where an upload stands. */
export interface UploadState {
  readonly dataset: string;
  readonly plan: UploadPlan;
  /** It 'asks' before it sends anything, where names clash. */
  readonly status: 'running' | 'asks' | 'stopped' | 'broken' | 'done';
  /** Pictures with the name of another picture of the dataset. */
  readonly clashes: number;
  /** What becomes of those; null until somebody says so. */
  readonly choice: ClashChoice | null;
  /** Pictures that are there, those of earlier uploads included. */
  readonly done: number;
  readonly had: number;
  /** Those that are to be there in the end. */
  readonly total: number;
  readonly secondsLeft: number | null;
  /** What the plan leaves out, and what the server refused. */
  readonly leftOut: readonly LeftOut[];
  /** What broke it; undefined where nothing did. */
  readonly problem: unknown;
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

/** A browser asks before it leaves the page. */
const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault();

/**
 * Starts an upload, or goes on with one that stopped. Resolves at its end, whatever that is.
 * @param choice what becomes of pictures whose name another picture has; null to ask where there are some.
 */
export async function startUpload(
  dataset: string,
  plan: UploadPlan,
  choice: ClashChoice | null = null,
): Promise<void> {
  stopping = new AbortController();
  const { signal: stopped } = stopping;
  const total = plan.pictures.length;
  const { leftOut } = plan;
  upload.value = {
    dataset,
    plan,
    status: 'running',
    clashes: 0,
    choice,
    done: 0,
    had: 0,
    total,
    secondsLeft: null,
    leftOut,
    problem: undefined,
  };
  addEventListener('beforeunload', askBeforeLeaving);
  try {
    const there = await filesOf(dataset, stopped);
    const { todo: fresh, had: same, clashes } = await sortOut(plan.pictures, there);
    if (clashes.length > 0 && choice === null) {
      set({ status: 'asks', clashes: clashes.length });
      return;
    }
    const numbered = choice === 'both' ? await number(clashes, plan, there) : { todo: [], had: 0 };
    const todo = [...fresh, ...(choice === 'replace' ? clashes : numbered.todo)];
    const had = same + numbered.had;
    set({ had, done: had, total: had + todo.length });
    await sendAll(dataset, todo, stopped);
    set({ status: 'done', secondsLeft: null });
    forgetUnfinished(dataset);
  } catch (error) {
    if (stopped.aborted) set({ status: 'stopped' });
    else set({ status: 'broken', problem: error });
  } finally {
    tellTabs();
    removeEventListener('beforeunload', askBeforeLeaving);
  }
}

/** A file that the dataset has. */
interface ThereFile {
  readonly sizeBytes: number;
  /** sha256 of its bytes; null where it is not known. */
  readonly hash: string | null;
}

type There = ReadonlyMap<string, ThereFile>;

async function hashOf(file: File): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** How a picture stands to the file of its path: files of one size are taken for the same where no hash is known. */
async function standingOf(there: There, { file, path }: Planned): Promise<'new' | 'same' | 'clash'> {
  const other = there.get(path);
  if (other === undefined) return 'new';
  if (other.sizeBytes !== file.size) return 'clash';
  // Browsers have hashes on this machine and over https alone.
  if (other.hash === null || !isSecureContext) return 'same';
  return (await hashOf(file)) === other.hash ? 'same' : 'clash';
}

/** What is to be sent, each picture with its place, and how many pictures are there already. */
interface Sorted {
  readonly todo: readonly Planned[];
  readonly had: number;
  readonly clashes: readonly Planned[];
}

async function sortOut(pictures: readonly Planned[], there: There): Promise<Sorted> {
  const todo: Planned[] = [];
  const clashes: Planned[] = [];
  let had = 0;
  for (const picture of pictures) {
    const standing = await standingOf(there, picture);
    if (standing === 'new') todo.push(picture);
    else if (standing === 'clash') clashes.push(picture);
    else had++;
  }
  return { todo, had, clashes };
}

/** Gives pictures whose names are taken a number. When an upload goes on, a picture finds itself at the place that it got before. */
async function number(pictures: readonly Planned[], plan: UploadPlan, there: There): Promise<Sorted> {
  const planned = new Set(plan.pictures.map(({ path }) => path));
  const todo: Planned[] = [];
  let had = 0;
  for (const picture of pictures)
    for (let count = 2; ; count++) {
      const path = picture.path.replace(/(\.[^./]*)?$/, `-${count}$1`);
      const standing = planned.has(path) ? 'clash' : await standingOf(there, { ...picture, path });
      if (standing === 'clash') continue;
      planned.add(path);
      if (standing === 'new') todo.push({ ...picture, path });
      else had++;
      break;
    }
  return { todo, had, clashes: [] };
}

/** The files that the dataset has, by path. */
async function filesOf(dataset: string, stopped: AbortSignal): Promise<There> {
  const found = new Map<string, ThereFile>();
  const listed = await listDatasets(stopped);
  if (listed.length < MOST_DATASETS && !listed.some((one) => one.dataset === dataset)) return found;
  try {
    const files = client.value.datasets.files(dataset, { inspect: false, pageSize: 1000, signal: stopped });
    for await (const { path, size_bytes: sizeBytes, content_hash: hash } of files)
      found.set(path, { sizeBytes, hash });
  } catch (error) {
    // A new one.
    if (
      !(error instanceof ApiError && (error.code === 'dataset-not-found' || error.code === 'dataset-empty'))
    )
      throw error;
  }
  return found;
}

async function sendAll(dataset: string, todo: readonly Planned[], stopped: AbortSignal): Promise<void> {
  const began = performance.now();
  const bytes = todo.reduce((sum, { file }) => sum + file.size, 0);
  let sent = 0;
  const keep = () => keepUnfinished(dataset, upload.value?.done ?? 0, upload.value?.total ?? 0);
  if (todo.length > 0) keep();
  const onSent = ({ file }: Planned) => {
    sent += file.size;
    const seconds = (performance.now() - began) / 1000;
    set({
      done: (upload.value?.done ?? 0) + 1,
      secondsLeft: sent === 0 ? null : (seconds / sent) * (bytes - sent),
    });
    keep();
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
