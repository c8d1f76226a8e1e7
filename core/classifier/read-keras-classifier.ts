// Reads a classifier of Keras's layers: `keras_model.h5` with `labels.txt`, or `model.json`, weight files and `metadata.json`. These
// are the two forms in which Teachable Machine exports; other models of the same formats are read, too.

import { FoveaError } from '../errors/errors.ts';
import type { Network, NetworkWeights } from '../network/description/network.ts';
import { networkOf } from '../network/keras/network-of.ts';
import { parseLayersModel, readGroup } from '../network/keras/read-layers-model.ts';
import { matchKerasWeights } from '../network/weights/from-keras.ts';
import { type KerasWeight, readKerasModel } from '../network/weights/read-keras-weights.ts';
import { type ClassifierFiles, LAYERS_MODEL_FILE } from './classifier-files.ts';
import { type ExportHints, readJsonFile } from './export-hints.ts';

/** Bytes of one file of weights at most; the largest networks of Keras Applications have half of it. */
const MAX_WEIGHT_BYTES = 1_000_000_000;
const MAX_TOPOLOGY_BYTES = 16_000_000;

/** A network with its weights. */
export interface KerasClassifier {
  readonly network: Network;
  readonly weights: NetworkWeights;
}

/**
 * Reads the network and its weights.
 * @param file `model.json` or the `.h5` file.
 * @throws {FoveaError} `model-unsupported`, `model-files-invalid`, `weights-unreadable`, `weights-mismatch`.
 */
export async function readKerasClassifier(
  files: ClassifierFiles,
  file: string,
  { imageSize }: ExportHints,
): Promise<KerasClassifier> {
  const { topology, weights } =
    file === LAYERS_MODEL_FILE ? await readLayersFiles(files) : await readHdf5(files, file);
  const network = networkOf(topology, { imageSize });
  return { network, weights: matchKerasWeights(network, weights) };
}

async function readHdf5(files: ClassifierFiles, file: string) {
  const { topology, weights } = await readKerasModel(await files.read(file, MAX_WEIGHT_BYTES));
  if (topology === undefined)
    throw new FoveaError(
      'model-unsupported',
      `"${file}" has weights alone, without the layers that they belong to. Save the whole model: model.save("${file}").`,
      { param: 'file' },
    );
  return { topology: parseJson(topology), weights };
}

async function readLayersFiles(files: ClassifierFiles) {
  const { topology, groups } = parseLayersModel(
    await readJsonFile(files, LAYERS_MODEL_FILE, MAX_TOPOLOGY_BYTES),
  );
  const weights: KerasWeight[] = [];
  for (const group of groups) {
    const parts: Uint8Array[] = [];
    for (const name of group.paths) {
      // Names of untrusted JSON: nothing but the files that were given.
      if (!files.names.includes(name))
        throw new FoveaError(
          'model-files-invalid',
          `model.json names weights in ${JSON.stringify(name.slice(0, 80))}, which was not given. Give all files of the export together.`,
          { param: 'file', details: { names: files.names.slice(0, 50) } },
        );
      parts.push(await files.read(name, MAX_WEIGHT_BYTES));
    }
    weights.push(...readGroup(group, Buffer.concat(parts)));
  }
  return { topology, weights };
}

function parseJson(text: string): unknown {
  if (text.length > MAX_TOPOLOGY_BYTES) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
