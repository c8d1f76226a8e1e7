// What a dataset is called now. Models and trainings keep the name that it had when they used it.

import { ApiError } from '../../../client/api-error.ts';
import { mayTrain } from '../state/access.ts';
import { client } from '../state/session.ts';
import { useAsked } from './asked.ts';

/** The present name of a dataset that is not there by the one that was asked for; undefined where none is known. */
export function renamedTo(error: unknown): string | undefined {
  const name = error instanceof ApiError ? error.details?.['renamed_to'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** The present name of a dataset: the given one where it is there, or no other is known. @throws what the client does. */
async function presentName(dataset: string, signal: AbortSignal): Promise<string> {
  try {
    // The cheapest question about a dataset.
    await client.value.datasets.kept(dataset, { signal });
    return dataset;
  } catch (error) {
    if (error instanceof ApiError) return renamedTo(error) ?? dataset;
    throw error;
  }
}

/**
 * The present name of a dataset; undefined until it is known.
 * @param former the name that somebody remembers; without it, nothing is asked.
 */
export const usePresentName = (former: string | null | undefined): string | undefined =>
  useAsked(
    async (signal) => (former == null || mayTrain.value !== true ? undefined : presentName(former, signal)),
    [former, String(mayTrain.value)],
    { isLasting: true },
  ).value;
