// What went wrong, and what happened, in words that screen readers hear.

import { TEXTS } from '../words/texts.ts';

/** The message of something that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
