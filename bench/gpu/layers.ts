// Runs one step of each layer type on the device, and on this machine's CPU by the portable back end, and compares outputs
// and gradients.
// Arguments: back end, precision.

import type { BackendName, Engine, TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import type { Network } from '../../core/network/description/network.ts';
import {
  LAYER_CLASSES,
  LAYER_INPUT,
  LAYER_NETWORKS,
  layerWeights,
  noise,
} from '../../tests/support/layer-networks.ts';
import { report } from './report-line.ts';

const BATCH = 8;
const LEARNING_RATE = 0.5;

const [backend = 'native', precision = 'float32'] = process.argv.slice(2);

interface Step {
  readonly probabilities: Float32Array;
  /** The step's change of every weight: the gradients, times the learning rate. */
  readonly changes: ReadonlyMap<string, Float32Array>;
}

async function stepOn(engine: Engine, network: Network, kind: TrainerOptions['precision']): Promise<Step> {
  const weights = layerWeights(network);
  const trainer = await engine.createTrainer({
    network,
    weights,
    optimizer: { type: 'sgd' },
    seed: 3,
    batchSize: BATCH,
    ...(kind === undefined ? {} : { precision: kind }),
  });
  const { height, width, channels } = LAYER_INPUT;
  const images = noise(BATCH * height * width * channels, 1);
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % LAYER_CLASSES);
  const probabilities = await trainer.predict(images, BATCH);
  await trainer.step({ images, labels }, LEARNING_RATE);
  const after = await trainer.weights();
  trainer.dispose();
  const changes = new Map(
    [...after].map(([name, values]) => [
      name,
      values.map((value, i) => value - (weights.get(name)?.[i] ?? 0)),
    ]),
  );
  return { probabilities, changes };
}

const largest = (values: Float32Array): number =>
  values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

/**
 * The largest difference, as a share of the largest of all values. A share of each value itself would be meaningless where the
 * true value is 0, e.g. the gradient of a bias before a batch normalization.
 */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const apart = a.map((values, i) => largest(values.map((value, k) => value - (b[i]?.[k] ?? Number.NaN))));
  return Math.max(...apart) / Math.max(...b.map(largest));
}

const device = await openEngine({
  backend: backend as BackendName,
  cacheDirectory: cacheDirectory(process.env),
});
const reference = await openEngine({ backend: 'portable' });
let worstOutput = { layer: '', difference: 0 };
let worstGradient = { layer: '', difference: 0 };
for (const [layer, network] of LAYER_NETWORKS) {
  try {
    const ours = await stepOn(device, network, precision as TrainerOptions['precision']);
    const theirs = await stepOn(reference, network, 'float32');
    const output = difference([ours.probabilities], [theirs.probabilities]);
    const gradient = difference([...ours.changes.values()], [...theirs.changes.values()]);
    if (!(output <= worstOutput.difference)) worstOutput = { layer, difference: output };
    if (!(gradient <= worstGradient.difference)) worstGradient = { layer, difference: gradient };
  } catch (error) {
    report({ layer, failed: error instanceof Error ? error.message.slice(0, 300) : String(error) });
  }
}
report({ layers: LAYER_NETWORKS.length, backend, precision, worstOutput, worstGradient });
process.exit(0);
