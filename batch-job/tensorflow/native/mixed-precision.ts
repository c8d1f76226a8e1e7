// Which 16-bit type mixed precision computes in on a GPU. NVIDIA's GPUs multiply bfloat16 fast from the Ampere generation on
// (compute capability 8.0), float16 from Volta on.

import { execFileSync } from 'node:child_process';
import type { LowPrecision } from '../program/program.ts';

const BFLOAT16_CAPABILITY = 8;
const TIMEOUT_MS = 10_000;

/** Runs a program and gives its standard output. @throws where it is not there, fails or takes too long. */
export type RunProgram = (program: string, args: readonly string[]) => string;

const runProgram: RunProgram = (program, args) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/**
 * The 16-bit type for the GPUs of this machine: float16 where one of them is older than Ampere, else bfloat16.
 *
 * Where nvidia-smi does not say how old they are, it is bfloat16, because that is right on all of them: TensorFlow casts to
 * float32 on older ones, which is only slower. Float16 has a smaller range, and some networks may leave it.
 */
export function gpuMixedPrecision(run: RunProgram = runProgram): LowPrecision {
  try {
    const capabilities = run('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'])
      .split('\n')
      .flatMap((line) => /^\s*(\d+\.\d+)\s*$/.exec(line)?.slice(1).map(Number) ?? []);
    return capabilities.some((capability) => capability < BFLOAT16_CAPABILITY) ? 'float16' : 'bfloat16';
  } catch {
    return 'bfloat16';
  }
}
