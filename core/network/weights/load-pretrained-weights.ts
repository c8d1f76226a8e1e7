// Loads pretrained weights into a network: finds or downloads the right published file, then reads and matches it.

import { environment } from '../../environment.ts';
import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { shownCommand } from '../../shown-command.ts';
import { keys } from '../../storage/keys.ts';
import type { Architecture, Network, NetworkWeights, WeightSource } from '../description/network.ts';
import {
  acceptedNames,
  download,
  findInCache,
  findInFolder,
  smallestFirst,
  type WeightFile,
  type WeightFileDeps,
} from './find-weight-file.ts';
import { fromKeras } from './from-keras.ts';

/** Weights of a network and where they come from. */
export interface PretrainedWeights {
  readonly weights: NetworkWeights;
  /** A clause for people, e.g. `trained on ImageNet …, from /data/weights/mobilenet_v2_0.35_224_no_top.h5`. */
  readonly origin: string;
  readonly source: WeightSource;
}

/**
 * Loads the published weights of an architecture into a network: the whole one, or its backbone (see `splitAt`).
 *
 * A file is looked for in `weightsDir`, under Keras's name and the aliases, then in the store's cache; then it is downloaded. A
 * network with a head needs a file with top; a backbone takes either, rather the smaller. A file in `weightsDir` may have another
 * checksum than the published one, if every weight has the shape that the network needs; then the origin says so. Downloads must
 * have the published checksum, where there is one.
 *
 * @param network A network of that architecture, or its backbone; all of its weights are loaded.
 * @throws {FoveaError} `weights-unavailable` where no file can be found or downloaded, with how to supply it;
 * `weights-mismatch`, `weights-unreadable`.
 */
export async function loadPretrainedWeights(
  network: Network,
  architecture: Architecture,
  deps: WeightFileDeps,
): Promise<PretrainedWeights> {
  const sources = usableSources(network, architecture);
  const file =
    (await findInFolder(sources, deps)) ??
    (await findInCache(sources, deps)) ??
    (await downloadFirst(architecture, sources, deps));
  const { adaptPublishedWeights = (weights) => weights } = architecture;
  const weights = adaptPublishedWeights(await fromKeras(network, file.bytes));
  return { weights, origin: describeOrigin(file), source: file.source };
}

/** Files that have what the network needs, the smallest first. */
function usableSources(network: Network, architecture: Architecture): readonly WeightSource[] {
  const hasHead = network.layers.at(-1)?.name !== architecture.featureLayer;
  const usable = architecture.weightSources.filter((source) => source.includesTop || !hasHead);
  if (usable.length === 0) {
    throw new FoveaError(
      'weights-unavailable',
      `There are no published weights for ${architecture.name}. Train it from scratch, or choose another architecture.`,
      { param: 'architecture', details: { architecture: architecture.name } },
    );
  }
  return smallestFirst(usable);
}

async function downloadFirst(
  architecture: Architecture,
  sources: readonly WeightSource[],
  deps: WeightFileDeps,
): Promise<WeightFile> {
  const [source] = sources as readonly [WeightSource];
  try {
    return await download(source, deps);
  } catch (cause) {
    if (!isFoveaError(cause, 'weights-download-failed')) throw cause;
    const names = sources.flatMap(acceptedNames);
    const place = deps.weightsDir ?? 'a folder';
    const naming =
      deps.weightsDir === undefined
        ? ` Start the server with \`${shownCommand('start', '--weights', 'FOLDER')}\`.`
        : '';
    throw new FoveaError(
      'weights-unavailable',
      `There are no pretrained weights for ${architecture.name}. ${cause.message} Where there is a network, run "${shownCommand('weights', 'pull')} ` +
        `${architecture.name}"; or name a mirror of the files in ${environment.weightsMirror}; or download ${source.url} on another machine, and put the file into ${place} under one of these names: ${names.join(', ')}.${naming} Or put it into the data folder or the bucket, as ${keys.weights(source.file)}. Then ask for the job again.`,
      {
        param: 'architecture',
        details: { architecture: architecture.name, url: source.url, fileNames: names },
        cause,
      },
    );
  }
}

function describeOrigin({ source, found, location, checksumMatches }: WeightFile): string {
  const place = { folder: location, cache: `the cache (${location})`, download: location }[found];
  const note =
    checksumMatches === false
      ? '; its checksum is not the published one, its layers and shapes are the right ones'
      : '';
  return `trained on ${source.trainedOn}, from ${place}${note}`;
}
