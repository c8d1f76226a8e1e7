// Runs the steps of a plan in their order: leaves out what is done, and stops at the first that fails.

import { performance } from 'node:perf_hooks';
import { type Facts, OnlyInAccountError, type Proof, type Step } from './proof.ts';
import type { Result } from './results.ts';

/** Which steps are run, and what is known of them. */
export interface PlanOptions {
  /** Names of steps to run, also where they are done; default: all that are not. */
  readonly only?: readonly string[] | undefined;
  readonly results: Readonly<Record<string, Result>>;
  /** Keeps the result of a step; undefined takes an earlier one back. */
  readonly keep: (name: string, result: Result | undefined) => Promise<void>;
}

/** How the plan went. */
export type Outcome =
  | { readonly failed: undefined }
  /** The name of the step that failed, and why. */
  | { readonly failed: string; readonly error: string };

/** The names of the steps that make and remove the stack. */
export const DEPLOY = 'deploy';
/** See {@link DEPLOY}. */
export const DESTROY = 'destroy';

/**
 * Checks the names of steps before anything is done.
 * @throws where there is no such step, or one needs the stack and neither this nor an earlier run made it.
 */
export function chooseSteps(
  steps: readonly Step[],
  { only, results }: Omit<PlanOptions, 'keep'>,
): readonly Step[] {
  const names = steps.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no step "${unknown}". There are ${names.join(', ')}.`);
  const chosen = steps.filter(({ name }) =>
    only === undefined ? !isPassed(results, name) : only.includes(name),
  );
  const makesStack = chosen.some(({ name }) => name === DEPLOY);
  const needy = chosen.find(({ needsStack }) => needsStack);
  if (needy === undefined || makesStack || hasStack(results)) return chosen;
  if (isPassed(results, DESTROY) && only === undefined)
    throw new Error(
      `The stack was removed before the step "${needy.name}" was shown. Begin again in another folder: --folder FOLDER`,
    );
  throw new Error(`The step "${needy.name}" needs the stack. Deploy it first: --only ${DEPLOY}`);
}

/** Whether a step is done. */
export const isPassed = (results: PlanOptions['results'], name: string): boolean =>
  results[name]?.state === 'passed';

/** What a step saw; nothing where it was not done. */
export const factsOf = (results: PlanOptions['results'], name: string): Facts => results[name]?.facts ?? {};

const hasStack = (results: PlanOptions['results']): boolean =>
  isPassed(results, DEPLOY) && !isPassed(results, DESTROY);

/**
 * Runs the steps.
 * @throws as {@link chooseSteps}.
 */
export async function runPlan(steps: readonly Step[], proof: Proof, options: PlanOptions): Promise<Outcome> {
  const chosen = chooseSteps(steps, options);
  const leaveToAccount = async (name: string, begun: number) => {
    await options.keep(name, resultOf('only in an account', begun));
    proof.say(`${name}: only in an account`);
  };
  for (const step of steps) {
    const { name, shows } = step;
    if (!chosen.includes(step)) {
      if (options.only === undefined) proof.say(`${name}: done before`);
      continue;
    }
    if (proof.isStandIn && !step.runsInStandIn) {
      await leaveToAccount(name, performance.now());
      continue;
    }
    proof.say(`${name}: ${shows} …`);
    if (name === DEPLOY) await options.keep(DESTROY, undefined);
    const begun = performance.now();
    try {
      const facts = await step.run(proof);
      await options.keep(name, { ...resultOf('passed', begun), facts });
      proof.say(`${name}: passed`);
    } catch (cause) {
      if (cause instanceof OnlyInAccountError) {
        await leaveToAccount(name, begun);
        continue;
      }
      const error = cause instanceof Error ? cause.message : String(cause);
      await options.keep(name, { ...resultOf('failed', begun), error });
      return { failed: name, error };
    }
  }
  return { failed: undefined };
}

const resultOf = (state: Result['state'], begun: number): Result => ({
  state,
  at: new Date().toISOString(),
  seconds: Math.round((performance.now() - begun) / 1000),
  facts: {},
  error: null,
});
