// `fovea worker`: runs a worker of the trainer's on this terminal, until a signal stops it.

import { pathToFileURL } from 'node:url';
import { environment } from '../../core/environment.ts';
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
}

/** Runs a worker, and ends when it has ended. */
export async function runWorker({
  store,
  name,
  weights,
  usdPerHour,
  poll,
  grace,
}: WorkerOptions): Promise<void> {
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

const toStoreUrl = (store: string) => (/^[a-z][a-z0-9]+:/i.test(store) ? store : pathToFileURL(store).href);
