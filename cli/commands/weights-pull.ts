// `fovea weights pull`: brings weight files to the data folder, so that jobs and imports find them without a network.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FoveaError } from '../../core/errors/errors.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Architecture, WeightSource } from '../../core/network/description/network.ts';
import { MAX_WEIGHT_FILE_BYTES } from '../../core/network/weights/find-weight-file.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../core/storage/keys.ts';
import { openPull, type PullCommandOptions } from '../pull/open-pull.ts';
import { isSource } from '../pull/source-address.ts';
import { shownStart } from '../terminal/shown-command.ts';

/** The options of `fovea weights pull`. */
export interface WeightsPullOptions extends PullCommandOptions {
  readonly data: string;
  /** Whether the file of an architecture is the one with its classifier, for `import-model`. */
  readonly withTop?: boolean;
}

/** Keras's own name of a model's weights in a repository of a hub. */
const HUB_WEIGHTS = 'model.weights.h5';

/**
 * Pulls the published weights of an architecture, or a file of a URL or a hub, into the data folder.
 * @throws {FoveaError} `architecture-unknown`, `weights-unavailable`, what pulling throws.
 */
export async function runWeightsPull(source: string, options: WeightsPullOptions): Promise<void> {
  const { data } = options;
  const store = await openObjectStore(pathToFileURL(path.resolve(data)).href);
  const { address, pull } = openPull(source, store, options);
  const published = isSource(source) ? undefined : publishedOf(findArchitecture(source), options);
  const url = published === undefined ? address(source, HUB_WEIGHTS).url : new URL(published.url);
  const file = published?.file ?? decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  const pulled = await pull(url, {
    maxBytes: MAX_WEIGHT_FILE_BYTES,
    kind: 'keras',
    checksum: published?.checksum,
  });
  await store.put(keys.weights(file), await readFile(pulled.path));
  console.log(
    published === undefined
      ? `"${file}" is in the data folder. Its license is that of where it came from. Make a model of it: POST /v1/models, "weights": "${file}"`
      : `"${file}", ${published.trainedOn}, license ${published.license}, is in the data folder. ` +
          `Train on it with: ${shownStart({ data })}, and a job of "model": "${source}"`,
  );
}

function publishedOf(
  { name, weightSources }: Architecture,
  { withTop = false, file }: WeightsPullOptions,
): WeightSource {
  const usable = weightSources.filter((source) =>
    file === undefined ? !withTop || source.includesTop : source.file === file,
  );
  const [first] = usable.toSorted((a, b) => Number(a.includesTop) - Number(b.includesTop));
  if (first !== undefined) return first;
  throw new FoveaError(
    'weights-unavailable',
    weightSources.length === 0
      ? `There are no published weights for ${name}, which is trained from scratch. Choose another architecture.`
      : `There is no published file ${file === undefined ? 'with a classifier' : `"${file}"`} for ${name}. There are: ` +
          `${weightSources.map((source) => source.file).join(', ')}.`,
    { param: 'source', details: { architecture: name } },
  );
}
