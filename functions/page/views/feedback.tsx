// Photos that people sent with the right label, and the way of them into the dataset that the model is trained on.

import { useState } from 'preact/hooks';
import { take } from '../../../client/pages.ts';
import { useAsked } from '../parts/asked.ts';
import { Done, Failure } from '../parts/notice.tsx';
import { mayDelete } from '../state/access.ts';
import { makeChange } from '../state/changes.ts';
import { listDatasets } from '../state/lists.ts';
import { toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.feedback;
const MOST_PHOTOS = 1000;

/** The folder before the classes where the dataset has one for each split, with a slash; else ''. */
async function trainFolder(dataset: string): Promise<string> {
  const [first] = await take(
    client.value.datasets.files(dataset, { split: 'train', inspect: false, pageSize: 1 }),
    1,
  );
  const [folder = '', label, file] = first?.path.split('/') ?? [];
  return file !== undefined && label === first?.class ? `${folder}/` : '';
}

interface FeedbackProps {
  readonly model: string;
  /** What the model was trained on. */
  readonly dataset: string;
}

/** The photos that wait; nothing where there are none. */
export function Feedback({ model, dataset }: FeedbackProps) {
  const from = `${model}-feedback`;
  const [done, setDone] = useState<number>();
  const [said, setSaid] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const { value: files, again } = useAsked(
    async (signal) => {
      const all = await listDatasets(signal);
      if (!all.some((one) => one.dataset === from)) return [];
      return take(client.value.datasets.files(from, { inspect: false, signal }), MOST_PHOTOS);
    },
    [from],
  );
  const paths = files?.map(({ path }) => path) ?? [];
  const addAll = async () => {
    setFailure(undefined);
    const { datasets } = client.value;
    const folder = await trainFolder(dataset);
    for (const [index, path] of paths.entries()) {
      setDone(index);
      await datasets.put(dataset, `${folder}${path}`, await datasets.read(from, path));
    }
    setSaid(WORDS.done(paths.length, dataset));
    // A key that may not delete leaves them; to add them again changes nothing.
    if (mayDelete.value) await datasets.deleteFiles(from, paths);
  };
  const add = () =>
    makeChange(`add ${from}`, { send: addAll, done: again, fail: setFailure }).finally(() =>
      setDone(undefined),
    );
  if (paths.length === 0 && said === '') return null;
  return (
    <section id="feedback" class="card wide" aria-labelledby="feedback-title">
      <div class="card-head">
        <h2 id="feedback-title">{WORDS.title}</h2>
        {said === '' ? (
          <span class="actions">
            <a class="button" href={toHash(['datasets', from])}>
              {WORDS.see}
            </a>
            <button type="button" class="primary" disabled={done !== undefined} onClick={() => void add()}>
              {WORDS.add(dataset)}
            </button>
          </span>
        ) : (
          <a class="button primary" href={toHash(['train'], { dataset })}>
            {TEXTS.model.trainAgain}
          </a>
        )}
      </div>
      {said === '' ? <p>{WORDS.waiting(paths.length, from)}</p> : null}
      {done === undefined ? null : <p role="status">{WORDS.progress(done, paths.length)}</p>}
      <Done text={said} />
      <Failure error={failure} />
    </section>
  );
}
