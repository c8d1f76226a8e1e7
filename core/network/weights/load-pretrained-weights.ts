// Loads pretrained weights into a network: finds or downloads the right published file, then reads and matches it.

import { environment } from '../../environment.ts';
import { FoveaError, isFoveaError } from '../../errors/errors.ts';
import { shownCommand } from '../../shown-command.ts';
import { keys } from '../../storage/keys.ts';
import type { Architecture, Network, NetworkWeights, WeightSource } from '../description/network.ts';
import { checkPublishedWeights } from './check-published-weights.ts';
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
 * have the published checksum, where there is one. A file of the cache that is broken or of another network is downloaded anew.
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
  const inFolder = await findInFolder(sources, deps);
  if (inFolder !== undefined) {
    const read = await readFile(network, architecture, inFolder);
    if (!('reason' in read)) return read;
    const { file, reason, cause } = read;
    throw new FoveaError(
      cause.code,
      `${file.location}: ${reason} Or move it away, and bring the published one: ${shownCommand('weights', 'pull', architecture.name)}`,
      { ...(cause.details === undefined ? {} : { details: cause.details }), cause },
    );
  }
  let refused: Refused | undefined;
  for (const source of sources) {
    const cached = await findInCache(source, deps);
    if (cached === undefined) continue;
    const read = await readFile(network, architecture, cached);
    if (!('reason' in read)) return read;
    refused ??= read;
  }
  const file = await downloadFirst(architecture, sources, deps, refused);
  const read = await readFile(network, architecture, file);
  if ('reason' in read) throw read.cause;
  return read;
}

/** A file that is not what its name says: it is broken, or of another architecture. */
interface Refused {
  readonly file: WeightFile;
  /** For people. */
  readonly reason: string;
  readonly cause: FoveaError;
}

/**
 * Reads a file that was found, unless it is not what its name says.
 * @throws {FoveaError} where the file is good and does not fit the network, which may have another number of classes.
 */
async function readFile(
  network: Network,
  architecture: Architecture,
  file: WeightFile,
): Promise<PretrainedWeights | Refused> {
  const { adaptPublishedWeights = (weights) => weights } = architecture;
  try {
    const weights = adaptPublishedWeights(await fromKeras(network, file.bytes));
    return { weights, origin: describeOrigin(file), source: file.source };
  } catch (error) {
    if (!isFoveaError(error)) throw error;
    try {
      await checkPublishedWeights(architecture, file.source, file.bytes);
    } catch (cause) {
      if (isFoveaError(cause)) return { file, reason: cause.message, cause };
      throw cause;
    }
    throw error;
  }
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
  refused: Refused | undefined,
): Promise<WeightFile> {
  const [source] = sources as readonly [WeightSource];
  try {
    return await download(source, deps, (asked, bytes) => checkPublishedWeights(architecture, asked, bytes));
  } catch (cause) {
    if (!isFoveaError(cause, 'weights-download-failed')) throw cause;
    const names = sources.flatMap(acceptedNames);
    const place = deps.weightsDir ?? 'a folder';
    const naming =
      deps.weightsDir === undefined
        ? ` Start the server with \`${shownCommand('start', '--weights', 'FOLDER')}\`.`
        : '';
    const found =
      refused === undefined
        ? `There are no pretrained weights for ${architecture.name}.`
        : `The file ${refused.file.location} is not that of ${architecture.name}, and was not used: ${refused.reason}`;
    throw new FoveaError(
      'weights-unavailable',
      `${found} ${cause.message} Where there is a network, run "${shownCommand('weights', 'pull', architecture.name, ...(refused === undefined ? [] : ['--fresh']))}"; ` +
        `or name a mirror of the files in ${environment.weightsMirror}; or download ${source.url} on another machine, and put the file into ${place} under one of these names: ${names.join(', ')}.${naming} Or put it into the data folder or the bucket, as ${keys.weights(source.file)}. Then ask for the job again.`,
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
