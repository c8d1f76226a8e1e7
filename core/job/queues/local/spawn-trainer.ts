// Starts a trainer as a child of this process. Which file the trainer is, is said by whoever calls.

import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { environment, workerThreads } from '../../../environment.ts';
import { nodeProgram } from '../../../node-program.ts';

/** The entry point of a trainer, and what all of its jobs have in common. */
export interface TrainerProgram {
  /** Path of the entry point. */
  readonly entry: string;
  readonly storeUrl: string;
  /** What an hour of this machine costs, in US dollars. */
  readonly usdPerHour: number;
  /** A folder of pretrained weight files. */
  readonly weightsDir?: string | undefined;
}

/** Notes of TensorFlow while its libraries load, which no setting of its log keeps back. They would tear a progress bar. */
const LOADING_NOTES = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called/,
  /^I\d{4} [\d:.]+ +\d+ port\.cc:\d+\] oneDNN custom operations are on/,
];

/**
 * A function that starts the trainer of a job, or of a trial of it, with the environment of this process. What it writes on standard error
 * goes to this process's, line by line, but for TensorFlow's notes of loading.
 */
export const trainerSpawner =
  ({ entry, storeUrl, usdPerHour, weightsDir }: TrainerProgram) =>
  (jobId: string, leaseOwner: string, trial?: number): ChildProcess => {
    const trainer = spawn(process.execPath, nodeProgram(entry), {
      // By the channel it notices that this process is gone.
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: {
        [environment.workerThreads]: workerThreads(availableParallelism()),
        ...process.env,
        [environment.storeUrl]: storeUrl,
        [environment.jobId]: jobId,
        [environment.leaseOwner]: leaseOwner,
        [environment.usdPerHour]: String(usdPerHour),
        ...(trial === undefined ? {} : { [environment.trial]: String(trial) }),
        ...(weightsDir === undefined ? {} : { [environment.weightsDir]: weightsDir }),
      },
    });
    createInterface({ input: trainer.stderr as Readable }).on('line', (line) => {
      if (!LOADING_NOTES.some((note) => note.test(line))) process.stderr.write(`${line}\n`);
    });
    return trainer;
  };
