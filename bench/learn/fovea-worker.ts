// Runs one fine-tuning job in a process of its own and predicts the test pictures by the model that it published:
//   fovea-worker.ts REQUEST_FILE
// Writes the probabilities, float32 `[pictures, classes]`, and prints the outcome as JSON in its last line.

import { readFile, writeFile } from 'node:fs/promises';
import type { ModelInput } from '../../core/image/model-input.ts';
import { createPredictor } from '../../core/predict/predictor.ts';
import { present } from '../../core/present.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { type FineTuneRequest, fineTune } from '../transfer/fine-tune.ts';

/** What to train, and which pictures to predict. */
export interface FoveaRequest extends FineTuneRequest {
  readonly storeUrl: string;
  /** Object keys of the test pictures. */
  readonly testKeys: readonly string[];
  readonly classes: number;
  /** Where the probabilities are written. */
  readonly output: string;
}

/** What a job took, and what it decided. */
export interface FoveaOutcome {
  /** Time of the whole job: inspection, features, training, test and export. */
  readonly seconds: number;
  /** What the published model takes. */
  readonly input: ModelInput;
  /** Names of its stages, in their order. */
  readonly stages: readonly string[];
}

/** Pictures that are in memory at once. */
const CHUNK = 64;

const request = JSON.parse(await readFile(present(process.argv[2], 'a request'), 'utf8')) as FoveaRequest;
const { storeUrl, testKeys, classes, output, ...job } = request;
const store = await openObjectStore(storeUrl);
const startedMs = performance.now();
const { training } = await fineTune(store, job);
const outcome: FoveaOutcome = {
  seconds: (performance.now() - startedMs) / 1000,
  input: training.input,
  stages: Object.keys(training.resolved?.stages ?? {}),
};

const predictor = createPredictor({ store });
const probabilities = new Float32Array(testKeys.length * classes);
for (let start = 0; start < testKeys.length; start += CHUNK) {
  const chunk = testKeys.slice(start, start + CHUNK);
  const images = await Promise.all(chunk.map(async (key) => present(await store.get(key), key).body));
  const { outcomes } = await predictor.predict({ model: job.model, images, topK: classes });
  for (const [position, found] of outcomes.entries()) {
    if (!found.ok) throw found.error;
    for (const { index, score } of found.predictions)
      probabilities[(start + position) * classes + index] = score;
  }
}
predictor.close();
await writeFile(output, new Uint8Array(probabilities.buffer));
console.log(JSON.stringify(outcome));
process.exit(0);
