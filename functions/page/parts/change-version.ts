// Changes which version of a model answers, from whatever view.

import { makeChange } from '../state/changes.ts';
import { refresh } from '../state/lists.ts';
import { TEXTS } from '../words/texts.ts';

interface VersionChange {
  /** Promotes a version, or goes back to one. */
  readonly send: () => Promise<{ readonly version: string | null }>;
  readonly say: (text: string) => void;
  readonly fail: (error: unknown) => void;
  /** Asks again for what the view shows of versions. */
  readonly again: () => unknown;
}

/** Makes the change, and says which version is in use then. */
export const changeVersion = (model: string, { send, say, fail, again }: VersionChange): Promise<void> =>
  makeChange(`use ${model}`, {
    send,
    done: async ({ version }) => {
      say(TEXTS.model.promoted(version ?? ''));
      await Promise.all([again(), refresh()]);
    },
    fail,
  });
