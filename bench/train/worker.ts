// Runs one trainer in a process of its own: reports its first step, then runs as many steps as each line of standard input
// says.
// Arguments: architecture, size, channels, batch, back end, executor, precision.

import { createInterface } from 'node:readline';
import type { BackendName, ExecutorName, TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';
import { CLASSES } from './cases.ts';

const [architecture = '', size, channels, batch, backend, executor, precision] = process.argv.slice(2);
const inputSize = { height: Number(size), width: Number(size), channels: Number(channels) as 1 | 3 };
const batchSize = Number(batch);
const started = performance.now();
const engine = await openEngine({
  backend: backend as BackendName,
  cacheDirectory: cacheDirectory(process.env),
});
const network = findArchitecture(architecture).build({ inputSize, classes: CLASSES });
const trainer = await engine.createTrainer({
  network,
  weights: initializeWeights(network, 1),
  optimizer: { type: 'sgd', momentum: 0.9 },
  seed: 1,
  batchSize,
  executor: executor as ExecutorName,
  precision: precision as NonNullable<TrainerOptions['precision']>,
});
const values = batchSize * inputSize.height * inputSize.width * inputSize.channels;
const images = Float32Array.from({ length: values }, (_, i) => Math.sin(i * 12.9898));
const labels = Int32Array.from({ length: batchSize }, (_, i) => i % CLASSES);
const step = () => trainer.step({ images, labels }, 0.01);

const report = (fields: object) => process.stdout.write(`${JSON.stringify(fields)}\n`);
await step();
report({ firstStepSeconds: (performance.now() - started) / 1000 });
await step();
for await (const line of createInterface({ input: process.stdin })) {
  const steps = Number(line);
  const from = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < steps; i++) await step();
  const seconds = (performance.now() - from) / 1000 / steps;
  const { user, system } = process.cpuUsage(before);
  report({
    seconds,
    processorSeconds: (user + system) / 1e6 / steps,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  });
}
process.exit(0);
