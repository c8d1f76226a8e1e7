// What went wrong, and what happened, in words that screen readers hear.

import { ApiError } from '../../../client/api-error.ts';
import { TEXTS } from '../words/texts.ts';

/** What is said of something that was thrown: in the page's own words where they are known. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return TEXTS.errors[error.code ?? ''] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

/** A failure with its message, and a way to try again where there is one. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  if (error === undefined || error === null) return null;
  return (
    <div class="error" role="alert">
      <p>{messageOf(error)}</p>
      {retry === undefined ? null : (
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
