// Uploads that have not come to their end, so that the page can say so after a reload. Kept in this browser.

import { signal } from '@preact/signals';

const ITEM = 'fovea-unfinished-uploads';

/** An upload that has not come to its end. */
export interface UnfinishedUpload {
  /** Pictures that are there. */
  readonly done: number;
  /** Those that are to be there in the end. */
  readonly total: number;
}

type ByDataset = Readonly<Record<string, UnfinishedUpload>>;

function read(): ByDataset {
  try {
    return JSON.parse(localStorage.getItem(ITEM) ?? '{}');
  } catch {
    return {};
  }
}

function write(all: ByDataset): void {
  try {
    localStorage.setItem(ITEM, JSON.stringify(all));
  } catch {
    // The browser keeps nothing: the uploads are known until the page is left.
  }
  unfinishedUploads.value = all;
}

/** Uploads that have not come to their end, by dataset; that of this tab is among them while it runs. */
export const unfinishedUploads = signal<ByDataset>(read());

/** Keeps how far an upload is. */
export const keepUnfinished = (dataset: string, done: number, total: number): void =>
  write({ ...read(), [dataset]: { done, total } });

/** Keeps an upload no longer: it is at its end, or nobody wants it to be. */
export function forgetUnfinished(dataset: string): void {
  const { [dataset]: _, ...others } = read();
  write(others);
}
