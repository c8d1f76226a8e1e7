// Checks by one cheap listing that a dataset exists, before anything is done with it.

import { findRenamed, isHiddenDataset } from '../../core/dataset/dataset-names.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { nearest } from '../http/nearest.ts';

const DATASETS_NAMED = 5;

/**
 * Refuses a dataset that has no files, or is not to be seen by this name while it is renamed.
 * @param param the request's field that named the dataset.
 * @throws {FoveaError} `dataset-not-found`, naming the most similar datasets, and the one that the name stood for before a rename.
 */
export async function requireDataset(store: ObjectStore, dataset: string, param: string): Promise<void> {
  if (!(await isHiddenDataset(store, dataset)))
    for await (const _ of store.list(keys.dataset(dataset))) return;
  const datasets: string[] = [];
  for await (const name of store.listFolders(keys.datasets()))
    if (!(await isHiddenDataset(store, name))) datasets.push(name);
  const renamed = await findRenamed(store, dataset, datasets);
  const near = nearest(dataset, datasets, DATASETS_NAMED);
  throw new FoveaError(
    'dataset-not-found',
    `There is no dataset "${dataset}". ${renamed === undefined ? '' : `It was renamed to "${renamed}". `}` +
      (near.length === 0
        ? 'There are no datasets yet: '
        : `There ${datasets.length === 1 ? 'is' : 'are'} ${near.map((name) => `"${name}"`).join(', ')}` +
          `${datasets.length > near.length ? ` and ${datasets.length - near.length} more` : ''}; for a new one, `) +
      `copy a folder of <class>/<file> to "${keys.dataset(dataset)}", or PUT /v1/datasets/{dataset}/{class}/{file}.`,
    {
      param,
      details: { dataset, datasets: near, ...(renamed === undefined ? {} : { renamed_to: renamed }) },
    },
  );
}
