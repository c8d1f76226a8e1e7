// `fovea demo`: walks the whole path once, as any client would: import, fine-tune, follow, predict.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WirePrediction } from '../../api/prediction.ts';
import { createClient, type FoveaClient } from '../../client/create-client.ts';
import { ARCHITECTURES } from '../../core/network/architectures/architectures.ts';
import { hasWeightFile } from '../../core/network/weights/find-weight-file.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { describeFailure } from '../client/follow-job.ts';
import { followOwnJob } from '../client/follow-own-job.ts';
import { uploadDataset } from '../client/upload-dataset.ts';
import {
  type CollectedPictures,
  collectPictures,
  describeSkipped,
  type HeldOutPicture,
} from '../dataset/collect-pictures.ts';
import { toDatasetName, toModelName } from '../dataset/dataset-name.ts';
import { writeSampleDataset } from '../sample-dataset/write-sample-dataset.ts';
import { createStderrLogger } from '../server/stderr-logger.ts';
import { shownStart } from '../terminal/shown-command.ts';
import { untilInterrupted } from '../terminal/until-interrupted.ts';

/** The options of `fovea demo`. */
export interface DemoOptions {
  readonly data: string;
  readonly port: number;
  readonly dataset?: string;
  readonly backbone?: string;
  readonly weights?: string;
  readonly serve?: boolean;
  readonly version: string;
}

const SAMPLE_NAME = 'sample-shapes';
/** A network that is trained from scratch, and needs no pretrained weights. */
const DEFAULT_BACKBONE = 'small_cnn';
const SEED = 1;

/**
 * Runs the demo on a server of its own; with `serve`, keeps serving until a signal.
 * @throws {Error} where a step fails, with its reason; the server is stopped by then.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  await sayMissingWeights(options);
  const server = await startLocalServer({
    dataDir: options.data,
    host: '127.0.0.1',
    port: options.port,
    weightsDir: options.weights,
    version: options.version,
    // A line for each request would hide what the demo shows, so only failures are logged.
    logger: { ...silentLogger, error: createStderrLogger().error },
  });
  try {
    const client = createClient({ url: server.url });
    const model = options.dataset === undefined ? SAMPLE_NAME : toModelName(options.dataset);
    const { dataset, heldOut, image } = await withPictures(
      options.dataset,
      async ({ pictures, heldOut, skipped }) => {
        if (skipped.length > 0) console.log(describeSkipped(skipped));
        const dataset = toDatasetName(model, pictures);
        await uploadDataset(client.datasets, dataset, pictures);
        return { dataset, heldOut, image: await heldOut.read() };
      },
    );
    // By its version: an earlier run's version may be the live one.
    const version = await fineTune(client, {
      dataset,
      model,
      backbone: options.backbone ?? DEFAULT_BACKBONE,
    });
    printPrediction(await client.predict.one(version, image), heldOut);
    printWhereToGo(server.url, options, version);
    if (options.serve) await untilInterrupted();
  } finally {
    await server.stop();
  }
}

/** Says before pictures are copied that the network has no weights here. */
async function sayMissingWeights({ backbone, data, weights }: DemoOptions): Promise<void> {
  const { name, weightSources = [] } = ARCHITECTURES.find((one) => one.name === backbone) ?? {};
  if (name === undefined || weightSources.length === 0) return;
  const store = await openObjectStore(pathToFileURL(path.resolve(data)).href);
  if (await hasWeightFile(weightSources, { store, weightsDir: weights })) return;
  console.log(
    `The pretrained weights of ${name} are not here. The trainer will try to download them, and the demo fails where it cannot. Bring them first: ` +
      `${shownCommand('weights', 'pull', name, '--data', data)}. Or leave --backbone out: ${DEFAULT_BACKBONE} needs none.`,
  );
}

/** Calls `use` with the pictures to import, and one that the model will not have seen. Without a folder, they are drawn. */
async function withPictures<T>(
  folder: string | undefined,
  use: (collected: CollectedPictures) => Promise<T>,
): Promise<T> {
  const sampleDir = folder === undefined ? await mkdtemp(path.join(os.tmpdir(), 'fovea-sample-')) : undefined;
  try {
    if (sampleDir !== undefined) await writeSampleDataset(sampleDir, { seed: SEED });
    return await use(await collectPictures(sampleDir ?? (folder as string)));
  } finally {
    if (sampleDir !== undefined) await rm(sampleDir, { recursive: true, force: true });
  }
}

/** Fine-tunes. @returns the version that was made, as `<model>:<version>`. */
async function fineTune(
  client: FoveaClient,
  { dataset, model, backbone }: { dataset: string; model: string; backbone: string },
): Promise<string> {
  const job = await client.jobs.create({
    model: backbone,
    training_file: dataset,
    seed: SEED,
    suffix: model,
  });
  console.log(`\nPOST /v1/fine_tuning/jobs → ${job.id} (${backbone} on "${dataset}")`);
  const done = await followOwnJob(client, job.id);
  if (done.status !== 'succeeded' || done.fine_tuned_model === null) {
    throw new Error(describeFailure(done));
  }
  return done.fine_tuned_model;
}

const BAR_WIDTH = 24;

function printPrediction(prediction: WirePrediction, heldOut: HeldOutPicture): void {
  const verdict = prediction.label === heldOut.label ? 'correct' : `wrong: it is ${heldOut.label}`;
  console.log(
    `\nPOST /v1/models/${prediction.model}:${prediction.model_version}/predict ← ${heldOut.name}, which the model was not trained on`,
  );
  console.log(`  → ${prediction.label} (${(100 * prediction.score).toFixed(1)} %), ${verdict}\n`);
  const width = Math.max(...prediction.predictions.map(({ label }) => label.length));
  for (const { label, score } of prediction.predictions) {
    const bar = '█'.repeat(Math.round(BAR_WIDTH * score));
    console.log(`    ${label.padEnd(width)} ${(100 * score).toFixed(1).padStart(5)} % ${bar}`);
  }
  const { cold: _, ...parts } = prediction.timing_ms;
  const times = Object.entries(parts).map(([name, ms = 0]) => `${name} ${ms.toFixed(1)} ms`);
  console.log(`\n  Where the time went: ${times.join(', ')}`);
}

function printWhereToGo(url: string, options: DemoOptions, model: string): void {
  if (!options.serve) {
    console.log(`\nThe model stays in ${path.resolve(options.data)}. Serve it with: ${shownStart(options)}`);
    url = 'http://127.0.0.1:8787';
  }
  console.log(`
  Page      ${url}/
  API       ${url}/v1
  API docs  ${url}/docs
  Report    ${url}/v1/models/${model}/report?format=html
  Predict   curl --data-binary @photo.jpg ${url}/v1/models/${model}/predict${options.serve ? '\n\nStop with Ctrl-C.' : ''}`);
}
