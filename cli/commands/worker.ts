// `fovea worker`: runs a worker of the trainer's on this terminal, until a signal stops it.

import { pathToFileURL } from 'node:url';
import { environment } from '../../core/environment.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { type StorePlace, workerPolicy } from '../../core/job/queues/workers/worker-policy.ts';
import { parseS3Url } from '../../core/storage/drivers/open-object-store.ts';
import { runTrainerEntry } from './run-trainer-entry.ts';

/** The options of `fovea worker`. */
export interface WorkerOptions {
  /** A folder, or a URL of a store. */
  readonly store: string;
  readonly name?: string;
  readonly weights?: string;
  readonly usdPerHour?: number;
  /** Seconds. */
  readonly poll?: number;
  /** Seconds. */
  readonly grace?: number;
  readonly printPolicy?: boolean;
}

/**
 * Runs a worker, and ends when it has ended; with `printPolicy`, prints its policy.
 * @throws {FoveaError} `storage-url-invalid` where a policy is asked for a place that is no bucket.
 */
export async function runWorker({
  store,
  name,
  weights,
  usdPerHour,
  poll,
  grace,
  printPolicy = false,
}: WorkerOptions): Promise<void> {
  if (printPolicy) return console.log(JSON.stringify(workerPolicy(requireBucket(store)), null, 2));
  const settings = {
    [environment.storeUrl]: toStoreUrl(store),
    [environment.workerName]: name,
    [environment.weightsDir]: weights,
    [environment.usdPerHour]: usdPerHour,
    [environment.workerPollSeconds]: poll,
    [environment.workerGraceSeconds]: grace,
  };
  const given = Object.entries(settings).flatMap(([variable, value]) =>
    value === undefined ? [] : [[variable, String(value)]],
  );
  await runTrainerEntry('worker', [], Object.fromEntries(given));
}

function requireBucket(store: string): StorePlace {
  const place = parseS3Url(store);
  if (place !== undefined) return place;
  throw new FoveaError(
    'storage-url-invalid',
    `"${store}" is no bucket, so its workers need no policy of IAM: they need the right to read and write the folder. Name ` +
      's3://bucket or s3://bucket/prefix.',
  );
}

const toStoreUrl = (store: string) => (/^[a-z][a-z0-9]+:/i.test(store) ? store : pathToFileURL(store).href);
