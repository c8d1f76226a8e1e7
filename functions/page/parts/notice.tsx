// What went wrong, and what happened, in words that screen readers hear.

import { useState } from 'preact/hooks';
import { ApiError, ConnectionError } from '../../../client/api-error.ts';
import { toHash } from '../state/route.ts';
import { TEXTS } from '../words/texts.ts';
import { renamedTo } from './present-name.ts';

/** The views that list what there is of something that is gone, by the code of the API. */
const LISTS = {
  'dataset-not-found': 'datasets',
  'dataset-class-not-found': 'datasets',
  'model-not-found': 'models',
  'model-version-not-found': 'models',
  'model-version-invalid': 'models',
  'job-not-found': 'train',
} as const;

type Gone = keyof typeof LISTS;

/** The view that lists what there is instead; undefined where nothing is gone. */
const listOf = (error: unknown): (typeof LISTS)[Gone] | undefined =>
  error instanceof ApiError ? LISTS[error.code as Gone] : undefined;

const FORBIDDEN = 403;

/** Whether the key does not allow what was asked for. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof ApiError && error.status === FORBIDDEN;

/** Whether what was asked for is not there. */
export const isGone = (error: unknown): boolean => listOf(error) !== undefined;

/** What is said of something that was thrown: in the page's own words where they are known. */
export function messageOf(error: unknown): string {
  if (error instanceof ConnectionError) return TEXTS.noAnswer;
  if (error instanceof ApiError) return TEXTS.errors[error.code ?? ''] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

interface FailureProps {
  readonly error: unknown;
  /** Sends the same request again; offered where that may help. */
  readonly retry?: () => unknown;
}

/** A failure with its message and the way on: to what there is instead of something that is gone, else to try again. */
export function Failure({ error, retry }: FailureProps) {
  if (error === undefined || error === null) return null;
  const list = listOf(error);
  const renamed = renamedTo(error);
  return (
    <div class="error" role="alert">
      <p>{messageOf(error)}</p>
      {renamed === undefined ? null : (
        <a class="button primary" href={toHash(['datasets', renamed])}>
          {TEXTS.renamedTo(renamed)}
        </a>
      )}
      {list === undefined ? null : (
        <a class="button" href={toHash([list])}>
          {TEXTS.seeAll[list]}
        </a>
      )}
      {retry === undefined || list !== undefined || isForbidden(error) ? null : (
        <button type="button" onClick={retry}>
          {TEXTS.again}
        </button>
      )}
    </div>
  );
}

/** Something that was done. */
export const Done = ({ text }: { readonly text: string }) => (
  <p class="done" role="status">
    {text}
  </p>
);

/** What the last action came to: what was done, or why it failed. */
export interface Outcome {
  readonly said: string;
  readonly failure: unknown;
}

/** The outcome of a view's actions; the newest takes the place of the one before. */
export function useOutcome() {
  const [outcome, setOutcome] = useState<Outcome>({ said: '', failure: undefined });
  return {
    outcome,
    say: (said: string) => setOutcome({ said, failure: undefined }),
    fail: (failure: unknown) => setOutcome({ said: '', failure }),
  };
}

/** Shows an outcome. */
export const ShowOutcome = ({ outcome: { said, failure } }: { readonly outcome: Outcome }) => (
  <>
    <Failure error={failure} />
    <Done text={said} />
  </>
);
