// Step 1: the account has what a deployment needs.

import type { Check } from '../../core/check.ts';
import { ProgramError } from './programs.ts';
import type { Facts, Proof } from './proof.ts';

/** Runs `fovea doctor --aws`. @throws with each problem and what mends it. */
export async function checkAccount({ programs, context }: Proof): Promise<Facts> {
  const args = ['doctor', '--aws', '--json', ...context.flatMap((setting) => ['-c', setting])];
  const answer = await programs.fovea(...args).catch((error) => {
    // It fails where it finds a problem, and says which.
    if (error instanceof ProgramError && error.stdout.startsWith('{')) return error.stdout;
    throw error;
  });
  const { checks } = JSON.parse(answer) as { readonly checks: readonly Check[] };
  const problems = checks.filter(({ state }) => state === 'problem');
  if (problems.length > 0)
    throw new Error(problems.map(({ name, found, mend }) => `${name}: ${found}\n  ${mend}`).join('\n'));
  return Object.fromEntries(
    checks.map(({ name, state, found }) => [name, state === 'ok' ? found : `${state}: ${found}`]),
  );
}
