// Asks `fovea doctor`, in a process of its own, which back ends jobs can use on this machine: whoever asks knows nothing of TensorFlow,
// and takes no memory of a GPU.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { nodeProgram } from '../../node-program.ts';
import { TRAINER_BACKENDS } from '../recipe/trainer-backends.ts';

/** What `fovea doctor --json` writes. */
export const DiagnosisSchema = z.object({
  best: z.enum(TRAINER_BACKENDS),
  missing: z.partialRecord(z.enum(TRAINER_BACKENDS), z.string()),
  /** The GPU as its driver names it, e.g. `NVIDIA A10G`; null where there is none, or the driver does not say. */
  gpuModel: z.string().nullable(),
  /** GPUs that share a batch, where the best back end is `gpu`. */
  gpuCount: z.number().int().positive().optional(),
});
/** What `fovea doctor --json` writes. */
export type Diagnosis = z.infer<typeof DiagnosisSchema>;

/** The doctor opens every back end there is, which takes seconds. */
const DOCTOR_TIMEOUT_MS = 120_000;

/**
 * Runs the doctor of this installation, for at most two minutes, and gives what it writes.
 * @param entry path of its entry point.
 * @throws Node's error where the process cannot be started, fails, takes too long, or is aborted by `signal`.
 */
export async function askDoctor(entry: string, signal: AbortSignal): Promise<string> {
  const args = [...nodeProgram(entry), '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: DOCTOR_TIMEOUT_MS,
    signal,
  });
  return stdout;
}
