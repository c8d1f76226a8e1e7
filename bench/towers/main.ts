// Training on several devices of one TensorFlow session: two and four processors that stand in for GPUs, in TensorFlow's own
// Python, which can be told to have them. Prints how far losses and variables are from those of one device after some steps,
// and, for scale, from those of one device whose first kernel differs by rounding errors.
//
//   node --import tsx bench/towers/main.ts [python]
//
// The Python needs tensorflow.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { initialVariables } from '../../batch-job/tensorflow/engine/trainer-variables.ts';
import { buildTrainingPrograms } from '../../batch-job/tensorflow/engine/training-programs.ts';
import { encodeSavedModel } from '../../batch-job/tensorflow/graph/graph-schema.ts';
import { createGraphWriter } from '../../batch-job/tensorflow/graph/graph-writer.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Network } from '../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../core/network/description/network-builder.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { present } from '../../core/present.ts';

const BATCH = 16;
const CLASSES = 4;
const inputSize = { height: 64, width: 64, channels: 3 } as const;

function shallow(): Network {
  const n = createNetworkBuilder('two batch normalizations', inputSize);
  const convolution = { kernelSize: 3, padding: 'same', useBias: false } as const;
  let x = n.conv2d(n.input(), { filters: 8, ...convolution });
  x = n.relu(n.batchNormalization(x), { maxValue: 6 });
  x = n.maxPooling2d(n.depthwiseConv2d(x, convolution), { poolSize: 2 });
  x = n.relu(n.batchNormalization(x));
  x = n.dropout(n.globalAveragePooling2d(x), { rate: 0.3 });
  n.dense(x, { units: CLASSES, activation: 'softmax' });
  return n.build();
}

/** Writes the update of a network for so many towers, and what the script must know of it. */
function write(folder: string, network: Network, towers: number): void {
  const options: TrainerOptions = {
    network,
    weights: initializeWeights(network, 1),
    optimizer: { type: 'sgd', momentum: 0.9 },
    seed: 1,
    batchSize: BATCH,
    preprocessing: 'tf',
    towers,
  };
  const plan = buildTrainingPrograms(options);
  const devices = Array.from({ length: towers }, (_, i) => `/device:CPU:${i}`);
  const writer = createGraphWriter({ feedsInts: false, devices });
  const initial = initialVariables(plan, options.weights);
  const variables = plan.variables.map((spec) => ({
    ...writer.addVariable(spec),
    shape: spec.shape,
    data: [...present(initial.get(spec.name), spec.name)],
  }));
  const program = present(plan.programs['update'], 'an update')(BATCH);
  const { feeds, run } = writer.addProgram('update', program);
  const inputs = [...program.inputs].map(([name, { shape }]) => ({ name, shape, node: feeds.get(name) }));
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(writer.nodes));
  const outputs = [...program.outputs.keys()];
  writeFileSync(path.join(folder, 'graph.json'), JSON.stringify({ towers, variables, inputs, run, outputs }));
}

const python = process.argv[2] ?? 'python3';
const root = mkdtempSync(path.join(os.tmpdir(), 'fovea-towers-'));
try {
  for (const network of [
    shallow(),
    findArchitecture('mobilenet_v2_0.35').build({ inputSize, classes: CLASSES }),
  ]) {
    const folders = [1, 2, 4].map((towers) => path.join(root, `${network.name}-${towers}`));
    folders.forEach((folder, i) => {
      write(folder, network, 2 ** i);
    });
    console.log(network.name);
    execFileSync(python, [path.join(import.meta.dirname, 'run-graphs.py'), ...folders], {
      stdio: ['ignore', 'inherit', 'ignore'],
    });
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
