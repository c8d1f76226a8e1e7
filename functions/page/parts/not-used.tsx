// A version that a training made and that is not used, with the reason and the way to change that.

import type { WireJobEvent } from '../../../api/job.ts';
import { mayTrain } from '../state/access.ts';
import { makeChange } from '../state/changes.ts';
import { refresh } from '../state/lists.ts';
import { toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

interface NotUsedProps {
  readonly model: string;
  /** The version that is in use; undefined where that is not known. */
  readonly live: string | undefined;
  /** Those of the training. */
  readonly events: readonly WireJobEvent[];
  readonly say: (text: string) => void;
  readonly fail: (error: unknown) => void;
}

/** The notice; nothing where the version is in use, or its training did not decide on it. */
export function NotUsed({ model, live, events, say, fail }: NotUsedProps) {
  const data = events.findLast((event) => event.data?.['promoted'] === false)?.data;
  const version = data?.['model_version'];
  if (live === undefined || typeof version !== 'string' || version === live) return null;
  const use = () =>
    makeChange(`use ${model}`, {
      send: () => client.value.models.promote(model, { version }),
      done: () => {
        say(TEXTS.model.promoted(version));
        return refresh();
      },
      fail,
    });
  return (
    <div id="not-used">
      <p role="status">{TEXTS.model.notUsed(version, String(data?.['reason']), live)}</p>
      {mayTrain.value ? (
        <p class="actions">
          <a class="button" href={toHash(['models', model, 'compare'], { versions: `${live},${version}` })}>
            {TEXTS.model.compareBoth}
          </a>
          <button type="button" aria-label={TEXTS.model.promoteLabel(version)} onClick={() => void use()}>
            {TEXTS.model.promote}
          </button>
        </p>
      ) : null}
    </div>
  );
}
