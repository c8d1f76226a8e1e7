// The datasets, and a place to drop a folder that becomes one.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { suggestModelName } from '../../../api/model-name.ts';
import { size } from '../../../core/words/quantities.ts';
import { useAsked } from '../parts/asked.ts';
import { DropArea, DropHint } from '../parts/drop-area.tsx';
import { NameField, problemOfDatasetName } from '../parts/name-field.tsx';
import { Failure, isForbidden, messageOf } from '../parts/notice.tsx';
import { chosenFiles, type PathedFile } from '../state/dropped-files.ts';
import { listDatasets } from '../state/lists.ts';
import { goTo, route, toHash } from '../state/route.ts';
import { forgetUnfinished, unfinishedUploads } from '../state/unfinished-uploads.ts';
import {
  type ClashChoice,
  planUpload,
  startUpload,
  stopUpload,
  type UploadPlan,
  upload,
} from '../state/upload.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.upload;
/** Left-out files that are named. */
const MOST_NAMED = 100;

const plan = signal<UploadPlan | null>(null);

/** The view. */
export function Datasets() {
  const status = upload.value?.status;
  const { value, error, again } = useAsked(listDatasets, [status]);
  return (
    <>
      <Upload />
      <section class="card" aria-labelledby="datasets-title">
        <div class="card-head">
          <h2 id="datasets-title">{TEXTS.datasets.title}</h2>
        </div>
        <Failure error={error} retry={again} />
        {value === undefined && error === undefined ? <p class="empty">{TEXTS.loading}</p> : null}
        {value?.length === 0 ? <p class="empty">{TEXTS.datasets.none}</p> : null}
        <ul id="datasets" class="rows">
          {value?.map(({ dataset, inspection }) => (
            <li key={dataset}>
              <a class="name" href={toHash(['datasets', dataset])}>
                {dataset}
              </a>
              {inspection === null ? null : (
                <span class={`status ${inspection.can_train ? 'succeeded' : 'failed'}`}>
                  {inspection.can_train ? TEXTS.datasets.ready : TEXTS.datasets.notReady}
                </span>
              )}
              <span class="facts">
                {inspection === null
                  ? TEXTS.datasets.unknown
                  : TEXTS.datasets.facts(inspection.pictures, inspection.classes)}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Upload() {
  const takeFiles = (files: readonly PathedFile[]) => {
    if (files.length > 0) plan.value = planUpload(files);
  };
  const running = upload.value;
  return (
    <section class="card wide" aria-labelledby="upload-title">
      <div class="card-head">
        <h1 id="upload-title">{WORDS.title}</h1>
      </div>
      {running !== null && running.status !== 'done' ? (
        <Progress />
      ) : (
        <>
          <Unfinished />
          <DropArea id="drop-folder" kind="low" onFiles={takeFiles}>
            <DropHint title={WORDS.hint} text={WORDS.how} />
            <input
              id="folder"
              type="file"
              multiple
              aria-label={WORDS.choose}
              // Folders instead of files; an attribute that the types do not know.
              {...{ webkitdirectory: true }}
              onChange={({ currentTarget }) => takeFiles(chosenFiles(currentTarget))}
            />
          </DropArea>
          {plan.value === null ? null : <Plan key={plan.value.folder} plan={plan.value} />}
        </>
      )}
    </section>
  );
}

/** Uploads that stopped when the page was left, each with what to do. */
const Unfinished = () => (
  <>
    {Object.entries(unfinishedUploads.value).map(([dataset, { done, total }]) => (
      <div key={dataset} class="unfinished">
        <p role="status">{WORDS.unfinished(dataset, done, total)}</p>
        <button type="button" class="small" onClick={() => forgetUnfinished(dataset)}>
          {WORDS.forget}
        </button>
      </div>
    ))}
  </>
);

/** Uploads, and shows the dataset at the end, unless somebody looks at something else by then. */
async function uploadAndShow(
  dataset: string,
  chosen: UploadPlan,
  choice: ClashChoice | null = null,
): Promise<void> {
  await startUpload(dataset, chosen, choice);
  if (upload.value?.status !== 'done') return;
  plan.value = null;
  const { path } = route.value;
  // Without a view in the address, this is the one that is shown.
  if (path.length === 0 || (path[0] === 'datasets' && path.length === 1)) goTo(['datasets', dataset]);
}

function Plan({ plan: chosen }: { readonly plan: UploadPlan }) {
  const [name, setName] = useState(
    route.value.query.get('into') ?? suggestModelName(chosen.folder, 'pictures'),
  );
  const problem = problemOfDatasetName(name);
  const { pictures, classes, sizeBytes, leftOut } = chosen;
  return (
    <form
      class="plan"
      onSubmit={(event) => {
        event.preventDefault();
        void uploadAndShow(name, chosen);
      }}
    >
      <p role="status">
        {pictures.length === 0 ? WORDS.nothing : WORDS.plan(pictures.length, classes, size(sizeBytes))}
      </p>
      <LeftOutList files={leftOut} />
      {pictures.length === 0 ? null : (
        <>
          <NameField
            id="dataset-name"
            label={WORDS.name}
            help={WORDS.nameHelp}
            value={name}
            problem={problem}
            onChange={setName}
          />
          <button class="primary" type="submit" disabled={problem !== ''}>
            {WORDS.start}
          </button>
        </>
      )}
    </form>
  );
}

/** Leaves an upload that asks, or has stopped. */
const CancelUpload = () => (
  <button
    type="button"
    onClick={() => {
      upload.value = null;
    }}
  >
    {TEXTS.dataset.cancel}
  </button>
);

const CHOICES: readonly ClashChoice[] = ['both', 'replace', 'skip'];

/** Asks what becomes of pictures whose name another picture has. */
function Clashes() {
  const state = upload.value;
  if (state === null) return null;
  const { dataset, plan: chosen, clashes } = state;
  return (
    <div id="clashes" class="plan">
      <p role="status">{WORDS.clashes(clashes, dataset)}</p>
      <div class="actions">
        {CHOICES.map((choice) => (
          <button
            key={choice}
            type="button"
            class={choice === 'both' ? 'primary' : ''}
            onClick={() => void uploadAndShow(dataset, chosen, choice)}
          >
            {WORDS.clashChoices[choice]}
          </button>
        ))}
        <CancelUpload />
      </div>
    </div>
  );
}

/** Screen readers hear it every tenth. */
const TENTHS = 10;

function Progress() {
  const state = upload.value;
  const [heard, setHeard] = useState('');
  const done = state?.done ?? 0;
  const total = state?.total ?? 0;
  const tenth = total === 0 ? 0 : Math.floor((TENTHS * done) / total);
  // Said once for each tenth, not for each picture.
  useEffect(() => setHeard(WORDS.state(done, total)), [tenth]);
  if (state === null) return null;
  if (state.status === 'asks') return <Clashes />;
  const { status, had, secondsLeft, leftOut, problem, dataset } = state;
  return (
    <div id="upload-progress" class="plan">
      <p>
        {WORDS.state(done, total)} {had > 0 ? WORDS.had(had) : ''}{' '}
        {secondsLeft === null || status !== 'running' ? '' : WORDS.left(secondsLeft)}
      </p>
      <progress max={total} value={done} aria-label={WORDS.progress} />
      <p class="unseen" role="status">
        {heard}
      </p>
      {status === 'stopped' ? <p role="status">{WORDS.stopped}</p> : null}
      {status === 'broken' ? <Failure error={WORDS.broken(messageOf(problem))} /> : null}
      <LeftOutList files={leftOut} />
      {status === 'running' ? (
        <button type="button" onClick={stopUpload}>
          {WORDS.stop}
        </button>
      ) : (
        <div class="actions">
          {status === 'broken' && isForbidden(problem) ? null : (
            <button
              class="primary"
              type="button"
              onClick={() => void uploadAndShow(dataset, state.plan, state.choice)}
            >
              {WORDS.goOn}
            </button>
          )}
          <CancelUpload />
        </div>
      )}
    </div>
  );
}

/** Files that are not uploaded, with the reason of each. */
export function LeftOutList({ files }: { readonly files: UploadPlan['leftOut'] }) {
  if (files.length === 0) return null;
  return (
    <details class="left-out">
      <summary>{WORDS.refused(files.length)}</summary>
      <ul>
        {files.slice(0, MOST_NAMED).map(({ path, reason }) => (
          <li key={path}>
            <code>{path}</code> {typeof reason === 'string' ? WORDS.reasons[reason] : reason.message}
          </li>
        ))}
      </ul>
    </details>
  );
}
