// Imports a pretrained classifier: published weights and a list of labels become a version of a model, without training. Knows no
// HTTP.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { certificateFiles } from '../certificate/certificate-files.ts';
import { FoveaError } from '../errors/errors.ts';
import {
  type AskedFraming,
  inputFormatOf,
  type ModelInput,
  type Preprocessing,
  toFraming,
} from '../image/model-input.ts';
import type { PromotePolicy } from '../job/recipe/promote-policy.ts';
import { findArchitecture } from '../network/architectures/architectures.ts';
import type { Architecture, Network, NetworkWeights } from '../network/description/network.ts';
import { toOnnx } from '../network/onnx/to-onnx.ts';
import { fromKeras } from '../network/weights/from-keras.ts';
import { loadPretrainedWeights } from '../network/weights/load-pretrained-weights.ts';
import { parseWeightFileName } from '../network/weights/weight-file-name.ts';
import { shownCommand } from '../shown-command.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { refuseWhileRenamed } from './change-aliases.ts';
import { claimVersion } from './claim-version.ts';
import { type Manifest, ONNX_FILE } from './manifest.ts';
import { companionFiles, describeOnnx } from './model-files.ts';
import { parseModelName } from './model-name.ts';
import { type ServingFacts, withServingFacts } from './serving-facts.ts';
import { type Promotion, publishVersion, settlePromotion } from './settle-promotion.ts';

/** The store, the folder of weight files and the clock. */
export interface ImportModelDeps {
  readonly store: ObjectStore;
  /** Folder of weight files supplied by hand, where files are looked for first. */
  readonly weightsDir?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Which classifier to import, and its labels. */
export interface ImportModelRequest extends AskedFraming {
  /** Name of an architecture in the table. */
  readonly architecture: string;
  /** Names of the classes in the order of the output; names may repeat, as they do in ImageNet. */
  readonly labels: readonly string[];
  /** Name of the model to make. Default: the name of the architecture. */
  readonly model?: string | undefined;
  /** Name of a Keras weight file in the weights folder or the store's cache. Default: the published file. */
  readonly weightsFile?: string | undefined;
  /** How pixels become the input, where the weights were trained otherwise than the published ones. Default: the architecture's. */
  readonly preprocessing?: Preprocessing | undefined;
  /** Names the import: the same again makes the same version. Default: random. */
  readonly id?: string | undefined;
  /** Whether the version becomes live. Default: `auto`. */
  readonly promote?: PromotePolicy | undefined;
}

/** The version that was made, and whether it became live. */
export interface ImportedModel {
  readonly manifest: Manifest;
  readonly promotion: Promotion;
}

/**
 * Commits a version with the weights of a whole classifier, which are matched by layer name and exported without training.
 * @throws {FoveaError} `architecture-unknown`, `model-name-invalid`, `model-in-use`, `labels-invalid`; `weights-unavailable`,
 *   `weights-unreadable`, or `weights-mismatch` where the file is another architecture's or has another number of classes.
 */
export async function importModel(
  deps: ImportModelDeps,
  request: ImportModelRequest,
): Promise<ImportedModel> {
  const { store, now, signal } = deps;
  const architecture = findArchitecture(request.architecture);
  const model = parseModelName(request.model ?? architecture.name, 'name');
  await refuseWhileRenamed(store, model);
  const labels = checkLabels(request.labels);
  const network = architecture.build({ inputSize: architecture.defaultInputSize, classes: labels.length });
  const weights = await loadWeights(deps, network, architecture, request.weightsFile);
  signal?.throwIfAborted();

  const { heatmap, files } = companionFiles(network, weights);
  const jobId = `import-${request.id ?? randomUUID()}`;
  const input: ModelInput = {
    ...architecture.defaultInputSize,
    preprocessing: request.preprocessing ?? architecture.preprocessing,
    ...toFraming(request),
  };
  const facts: ServingFacts = { labels: [...labels], input };
  const onnx = withServingFacts(toOnnx(network, weights), facts);
  const manifest: Manifest = {
    formatVersion: inputFormatOf(input),
    model,
    version: await claimVersion(store, model, jobId),
    createdAt: Math.floor(now() / 1000),
    jobId,
    architecture: architecture.name,
    dataset: null,
    ...facts,
    onnx: describeOnnx(ONNX_FILE, onnx),
    ...(heatmap === undefined ? {} : { heatmap }),
    metrics: { testAccuracy: null, testCount: 0 },
  };
  const certificate = await certificateFiles(manifest, onnx);
  const all = new Map<string, Uint8Array | string>([[ONNX_FILE, onnx], ...files, ...certificate]);
  await publishVersion(store, manifest, all);
  const promotion = await settlePromotion(store, manifest, { policy: request.promote ?? 'auto', now });
  return { manifest, promotion };
}

function checkLabels(labels: readonly string[]): readonly string[] {
  const empty = labels.findIndex((label) => label.trim() === '');
  if (labels.length > 0 && empty === -1) return labels;
  throw new FoveaError(
    'labels-invalid',
    labels.length === 0
      ? 'There are no labels: give the name of every class, in the order of the network’s output.'
      : `Label ${empty} of ${labels.length} (counted from 0) is empty: every class needs a name.`,
    { param: 'labels' },
  );
}

async function loadWeights(
  deps: ImportModelDeps,
  network: Network,
  architecture: Architecture,
  file: string | undefined,
): Promise<NetworkWeights> {
  if (file === undefined) return (await loadPretrainedWeights(network, architecture, deps)).weights;
  const { adaptPublishedWeights = (weights: NetworkWeights) => weights } = architecture;
  return adaptPublishedWeights(await fromKeras(network, await readWeightsFile(deps, file)));
}

async function readWeightsFile({ store, weightsDir, signal }: ImportModelDeps, name: string) {
  const file = parseWeightFileName(name, 'weights');
  const options = signal === undefined ? {} : { signal };
  if (weightsDir !== undefined) {
    const found = await readFile(path.join(weightsDir, file), options).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return undefined;
      },
    );
    if (found !== undefined) return found;
  }
  const stored = await store.get(keys.weights(file), options);
  if (stored !== undefined) return stored.body;
  throw new FoveaError(
    'weights-unavailable',
    `There is no weight file "${file}"${weightsDir === undefined ? '' : ` in "${weightsDir}"`}. Put it into the store as ` +
      `"${keys.weights(file)}", or into the folder that "${shownCommand('start', '--weights')}" names.`,
    { param: 'weights', details: { file } },
  );
}
