// A version that a training made and that is not used, with the reason and the way to change that.

import type { WireJobEvent } from '../../../api/job.ts';
import { mayTrain } from '../state/access.ts';
import { toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';
import { changeVersion } from './change-version.ts';

interface NotUsedProps {
  readonly model: string;
  /** The version that is in use; undefined where that is not known. */
  readonly live: string | undefined;
  /** Those of the training. */
  readonly events: readonly WireJobEvent[];
  readonly say: (text: string) => void;
  readonly fail: (error: unknown) => void;
  /** Asks again for what the view shows of versions; default: it shows the lists alone. */
  readonly again?: () => unknown;
}

/** The notice; nothing where the version is in use, or its training did not decide on it. */
export function NotUsed({ model, live, events, say, fail, again = () => undefined }: NotUsedProps) {
  const data = events.findLast((event) => event.data?.['promoted'] === false)?.data;
  const version = data?.['model_version'];
  if (live === undefined || typeof version !== 'string' || version === live) return null;
  const use = () =>
    changeVersion(model, { send: () => client.value.models.promote(model, { version }), say, fail, again });
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
