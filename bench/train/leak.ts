// Trains a small network for two thousand steps on every back end and executor, and compares tensor count and resident
// memory before and after.
// Exits with 1 where tensors were left or memory grew by more than 5 %. Run with `node --expose-gc --import tsx`.

import type { BackendName, ExecutorName } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import { initializeWeights } from '../../core/network/weights/initialize.ts';

const STEPS = 2000;
/** Steps in which allocators, thread pools and caches fill up. */
const WARM_UP_STEPS = 1000;
const LARGEST_GROWTH = 0.05;
const BATCH = 8;
const SIZE = 32;
const CLASSES = 4;

const RUNNERS: readonly (readonly [BackendName, ExecutorName])[] = [
  ['native', 'graph'],
  ['native', 'eager'],
  ['portable', 'graph'],
  ['portable', 'eager'],
];

const residentBytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

async function measure(backend: BackendName, executor: ExecutorName): Promise<boolean> {
  const engine = await openEngine({ backend, cacheDirectory: cacheDirectory(process.env) });
  const network = findArchitecture('small_cnn').build({
    inputSize: { height: SIZE, width: SIZE, channels: 3 },
    classes: CLASSES,
  });
  const trainer = await engine.createTrainer({
    network,
    weights: initializeWeights(network, 1),
    optimizer: { type: 'adam' },
    seed: 1,
    batchSize: BATCH,
    executor,
  });
  const images = new Float32Array(BATCH * SIZE * SIZE * 3).map((_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const run = async (steps: number) => {
    for (let i = 0; i < steps; i++) await trainer.step({ images, labels }, 1e-4);
  };
  await run(WARM_UP_STEPS);
  const before = { tensors: engine.numTensors(), bytes: residentBytes() };
  await run(STEPS);
  const after = { tensors: engine.numTensors(), bytes: residentBytes() };
  trainer.dispose();
  const growth = after.bytes / before.bytes - 1;
  console.log(
    `${backend} ${executor}: ${STEPS} steps, tensors ${before.tensors} → ${after.tensors}, ` +
      `RSS ${(before.bytes / 2 ** 20).toFixed(0)} → ${(after.bytes / 2 ** 20).toFixed(0)} MiB (${(100 * growth).toFixed(1)} %)`,
  );
  return after.tensors === before.tensors && growth <= LARGEST_GROWTH;
}

let holds = true;
for (const [backend, executor] of RUNNERS) {
  try {
    holds = (await measure(backend, executor)) && holds;
  } catch (error) {
    if (!isFoveaError(error, 'backend-unavailable')) throw error;
    console.warn(`Skipped: ${backend}. ${error.message}`);
  }
}
process.exit(holds ? 0 : 1);
