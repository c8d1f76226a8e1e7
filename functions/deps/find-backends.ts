// Finds out which back ends the trainer on this machine can run on. It asks `fovea doctor` in a process of its own, because
// the server knows nothing of TensorFlow, and keeps the answer for ten minutes.

import { DiagnosisSchema } from '../../core/job/estimate/ask-doctor.ts';
import type { JobMachine } from '../../core/job/estimate/estimate-job.ts';
import { GPUS, gpuOfDriver } from '../../core/pricing/gpus.ts';

/** The back ends that were found, and the GPUs: these fields of {@link JobMachine}. */
export type FoundBackends = Pick<JobMachine, 'backends' | 'gpu' | 'gpuCount'>;

/** Tells which back ends the trainer can run on. */
export interface BackendFinder {
  /** The last answer, undefined where there is none yet. Where it is old, a new one is asked for and not waited for. */
  known(): FoundBackends | undefined;
  /** Waits for an answer. Where the doctor fails, reports the error and gives the last answer, undefined where there is none. */
  find(): Promise<FoundBackends | undefined>;
}

/** How the doctor is run, and the clock for the age of its answer. */
export interface BackendFinderOptions {
  /** Runs the doctor, and gives what it writes: JSON of a diagnosis. */
  readonly ask: () => Promise<string>;
  readonly onError: (error: unknown) => void;
  /** Milliseconds since any fixed moment. */
  readonly clock: () => number;
}

/** An answer is kept no longer, because somebody may run `fovea setup` while the server runs. */
const KEPT_MS = 10 * 60_000;

/** A finder that asks when it is first used, and again when its answer is older than ten minutes. */
export function createBackendFinder({ ask, onError, clock }: BackendFinderOptions): BackendFinder {
  let known: FoundBackends | undefined;
  let asked: { readonly atMs: number; readonly answer: Promise<FoundBackends | undefined> } | undefined;

  async function diagnose(): Promise<FoundBackends | undefined> {
    try {
      const { best, missing, gpuModel, gpuCount } = DiagnosisSchema.parse(JSON.parse(await ask()));
      const gpu = best === 'gpu' && gpuModel !== null ? gpuOfDriver(gpuModel, GPUS)?.name : undefined;
      known = { backends: { best, missing }, gpu, ...(gpuCount === undefined ? {} : { gpuCount }) };
    } catch (error) {
      onError(error);
    }
    return known;
  }

  function find() {
    if (asked === undefined || clock() - asked.atMs > KEPT_MS) asked = { atMs: clock(), answer: diagnose() };
    return asked.answer;
  }

  return {
    find,
    known() {
      void find();
      return known;
    },
  };
}
