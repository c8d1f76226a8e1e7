// What the trainer on this machine can run on, as `fovea doctor` finds it: asked of a process of its own, since the server knows
// nothing of TensorFlow, and kept for a while.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type JobMachine, TRAINER_BACKENDS } from '../../core/job/estimate/estimate-job.ts';
import { GPUS } from '../../core/pricing/gpus.ts';

/** What is found: a part of {@link JobMachine}. */
export type FoundBackends = Pick<JobMachine, 'backends' | 'gpu'>;

export interface BackendFinder {
  /** What was found last; asks anew, without waiting, where that is old. Undefined where nothing is known yet. */
  known(): FoundBackends | undefined;
  /** Waits for what is known. Undefined where the doctor fails, which has been logged. */
  find(): Promise<FoundBackends | undefined>;
}

export interface BackendFinderOptions {
  /** Runs the doctor, and gives what it writes. */
  readonly ask: () => Promise<string>;
  readonly onError: (error: unknown) => void;
  /** Milliseconds, of any origin. */
  readonly clock: () => number;
}

/** Somebody may run `fovea setup` beside the server. */
const KEPT_MS = 10 * 60_000;

const DiagnosisSchema = z.object({
  best: z.enum(TRAINER_BACKENDS),
  missing: z.partialRecord(z.enum(TRAINER_BACKENDS), z.string()),
  /** As the driver names it, e.g. `NVIDIA A10G`; null where there is none, or the driver does not say. */
  gpuModel: z.string().nullable(),
});
export type Diagnosis = z.infer<typeof DiagnosisSchema>;

export function createBackendFinder({ ask, onError, clock }: BackendFinderOptions): BackendFinder {
  let known: FoundBackends | undefined;
  let asked: { readonly atMs: number; readonly answer: Promise<FoundBackends | undefined> } | undefined;

  async function diagnose(): Promise<FoundBackends | undefined> {
    try {
      const { best, missing, gpuModel } = DiagnosisSchema.parse(JSON.parse(await ask()));
      const words = gpuModel?.toUpperCase().split(/[^A-Z0-9]+/) ?? [];
      const gpu = best === 'gpu' ? GPUS.find(({ name }) => words.includes(name))?.name : undefined;
      known = { backends: { best, missing }, gpu };
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

/** It opens every back end there is, which takes seconds. */
const DOCTOR_TIMEOUT_MS = 120_000;

/** Runs the doctor of this installation. */
export async function askDoctor(entry: string, signal: AbortSignal): Promise<string> {
  const args = ['--import', import.meta.resolve('tsx'), entry, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: DOCTOR_TIMEOUT_MS,
    signal,
  });
  return stdout;
}
