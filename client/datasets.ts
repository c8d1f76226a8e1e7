// Datasets: the calls, and an inspection that takes as many requests as it needs.

import type {
  WireDataset,
  WireDatasetEntry,
  WireDatasetFile,
  WireDatasetProgress,
  WireKeptFindings,
} from '../api/dataset.ts';
import type {
  WireDeletedDataset,
  WireDeletedFiles,
  WireHolder,
  WireListedFile,
  WireMovedFiles,
  WireRenamedDataset,
} from '../api/dataset-files.ts';
import type { WireSnapshot, WireSnapshotDiff } from '../api/dataset-snapshot.ts';
import type { CreateDatasetUploadsBody, WireDatasetUpload } from '../api/dataset-uploads.ts';
import { ApiError } from './api-error.ts';
import { entries, type ListOptions, type Page } from './pages.ts';
import { type CallOptions, segment, type Transport } from './transport.ts';

/** A request did a part of a rename; the same one goes on. */
const RENAMING = 'dataset-renaming';

/** How a dataset is inspected. */
export interface InspectOptions extends CallOptions {
  /** `header` is quicker and does not find damage behind the headers of pictures. Default: `full`. */
  readonly decode?: 'header' | 'full' | undefined;
  /** Is called after each request that did not reach the end, with numbers of files. */
  readonly onProgress?: ((files: WireDatasetProgress['files']) => void) | undefined;
}

/** Which files of a dataset are listed. */
export interface FileListOptions extends ListOptions {
  readonly class?: string | undefined;
  readonly split?: 'train' | 'validation' | 'test' | undefined;
  /** The code of a finding. */
  readonly finding?: string | undefined;
  /** sha256 of the file, wherever it was moved. */
  readonly contentHash?: string | undefined;
  /** False: nothing is read, and of each file only what is known already is said. Default: true. */
  readonly inspect?: boolean | undefined;
}

/** How files are moved or deleted. */
export interface ExpectingOptions extends CallOptions {
  /** The sha256 that files must have, by path: one that was replaced since is left as it is (`dataset-file-changed`). */
  readonly contentHashes?: Readonly<Record<string, string>> | undefined;
}

/** The calls of datasets. */
export interface DatasetCalls {
  list(options?: ListOptions): AsyncIterable<WireDatasetEntry>;
  /** Inspects a dataset: counts its pictures and lists what is wrong. A large one takes several requests. */
  inspect(dataset: string, options?: InspectOptions): Promise<WireDataset>;
  /** The ids of the findings that somebody found right as they are. */
  kept(dataset: string, options?: CallOptions): Promise<readonly string[]>;
  /** Keeps findings as they are, or with `keep: false` asks for them again. @returns the ids of all that are kept then. */
  keep(
    dataset: string,
    ids: readonly string[],
    options?: CallOptions & { readonly keep?: boolean | undefined },
  ): Promise<readonly string[]>;
  files(dataset: string, options?: FileListOptions): AsyncIterable<WireListedFile>;
  /** One page of the files of a class, by path, for whoever turns pages. */
  filePage(
    dataset: string,
    page: CallOptions & {
      readonly class: string;
      readonly limit: number;
      /** The path of the last file of the page before. */
      readonly after?: string | undefined;
    },
  ): Promise<Page<WireListedFile>>;
  /** The bytes of a file, without the place where the picture was taken. */
  read(dataset: string, path: string, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Stores a picture as `<class>/<file>`, with at most one folder before or in the class; replaces one of that name. */
  put(dataset: string, path: string, picture: Uint8Array, options?: CallOptions): Promise<WireDatasetFile>;
  /** Links by which up to 1,000 pictures are brought, straight to the storage; see `uploads.bring`. */
  links(
    dataset: string,
    files: CreateDatasetUploadsBody['files'],
    options?: CallOptions,
  ): Promise<readonly WireDatasetUpload[]>;
  /** Moves files to another class. */
  move(
    dataset: string,
    paths: readonly string[],
    to: string,
    options?: ExpectingOptions,
  ): Promise<WireMovedFiles>;
  /** Gives a class another name; a class that has it already gets the files. */
  renameClass(dataset: string, label: string, to: string, options?: CallOptions): Promise<WireMovedFiles>;
  /** Deletes files for good. */
  deleteFiles(
    dataset: string,
    paths: readonly string[],
    options?: ExpectingOptions,
  ): Promise<WireDeletedFiles>;
  /** What a job saw of the dataset. @param id `dataset.content_hash` of a report. */
  snapshot(dataset: string, id: string, options?: CallOptions): Promise<WireSnapshot>;
  /** What the job of the snapshot `id` saw otherwise than that of `since`. */
  diff(dataset: string, id: string, since: string, options?: CallOptions): Promise<WireSnapshotDiff>;
  /** Gives a dataset another name, with as many requests as it takes. Models and jobs keep the name that they saw. */
  rename(dataset: string, name: string, options?: CallOptions): Promise<WireRenamedDataset>;
  /** What a deletion of the dataset would leave. */
  holders(dataset: string, options?: CallOptions): Promise<readonly WireHolder[]>;
  /** Deletes a dataset for good. */
  delete(dataset: string, options?: CallOptions): Promise<WireDeletedDataset>;
}

/** The calls of datasets by a transport. */
export function datasetCalls(transport: Transport): DatasetCalls {
  const { ask, send } = transport;
  const DATASETS = '/v1/datasets';
  const pathOf = (dataset: string) => `${DATASETS}/${segment(dataset)}`;
  return {
    list: (options) => entries<WireDatasetEntry>(transport, DATASETS, ({ dataset }) => dataset, options),
    async inspect(dataset, { decode, onProgress, signal } = {}) {
      for (;;) {
        const found = await ask<WireDataset | WireDatasetProgress>('dataset', 'GET', pathOf(dataset), {
          query: { decode },
          signal,
        });
        if (found.status === 'inspected') return found;
        onProgress?.(found.files);
      }
    },
    async kept(dataset, options) {
      const { ids } = await ask<WireKeptFindings>(
        'dataset.kept_findings',
        'GET',
        `${pathOf(dataset)}/kept_findings`,
        options,
      );
      return ids;
    },
    async keep(dataset, ids, { keep, ...options } = {}) {
      const json = { ids, keep };
      const kept = await ask<WireKeptFindings>(
        'dataset.kept_findings',
        'POST',
        `${pathOf(dataset)}/kept_findings`,
        { ...options, json },
      );
      return kept.ids;
    },
    files: (dataset, { class: label, split, finding, contentHash, inspect, ...options } = {}) =>
      entries<WireListedFile>(transport, `${pathOf(dataset)}/files`, ({ path }) => path, {
        pageSize: 1000,
        ...options,
        query: { class: label, split, finding, content_hash: contentHash, inspect },
      }),
    filePage: (dataset, { signal, ...query }) =>
      ask('list', 'GET', `${pathOf(dataset)}/files`, { query, signal }),
    async read(dataset, path, { signal } = {}) {
      const response = await send('GET', `${pathOf(dataset)}/files/content`, { query: { path }, signal });
      return new Uint8Array(await response.arrayBuffer());
    },
    put: (dataset, path, picture, options) =>
      ask('dataset.file', 'PUT', `${pathOf(dataset)}/${path.split('/').map(segment).join('/')}`, {
        ...options,
        body: picture,
      }),
    async links(dataset, files, options) {
      const { data } = await ask<{ data: WireDatasetUpload[] }>(
        'list',
        'POST',
        `${pathOf(dataset)}/uploads`,
        {
          ...options,
          json: { files },
        },
      );
      return data;
    },
    move: (dataset, paths, to, { contentHashes, signal } = {}) =>
      ask('list', 'POST', `${pathOf(dataset)}/files/move`, {
        signal,
        json: { paths, class: to, content_hashes: contentHashes },
      }),
    renameClass: (dataset, label, to, options) =>
      ask('list', 'POST', `${pathOf(dataset)}/classes/${segment(label)}/rename`, {
        ...options,
        json: { class: to },
      }),
    deleteFiles: (dataset, paths, { contentHashes, signal } = {}) =>
      ask('dataset.files', 'POST', `${pathOf(dataset)}/files/delete`, {
        signal,
        json: { paths, content_hashes: contentHashes },
      }),
    snapshot: (dataset, id, options) =>
      ask('dataset.snapshot', 'GET', `${pathOf(dataset)}/snapshots/${segment(id)}`, options),
    diff: (dataset, id, since, options) =>
      ask('dataset.diff', 'GET', `${pathOf(dataset)}/snapshots/${segment(id)}/diff`, {
        ...options,
        query: { since },
      }),
    async rename(dataset, name, options) {
      for (;;) {
        try {
          return await ask<WireRenamedDataset>('dataset', 'POST', `${pathOf(dataset)}/rename`, {
            ...options,
            json: { name },
          });
        } catch (error) {
          if (!(error instanceof ApiError && error.code === RENAMING)) throw error;
        }
      }
    },
    async holders(dataset, options) {
      const { data } = await ask<{ data: WireHolder[] }>(
        'list',
        'GET',
        `${pathOf(dataset)}/holders`,
        options,
      );
      return data;
    },
    delete: (dataset, options) => ask('dataset', 'DELETE', pathOf(dataset), options),
  };
}
