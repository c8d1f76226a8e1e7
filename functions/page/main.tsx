// The page: its frame, the API key where one is needed, and the view of the address.

import { render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Lacks } from './parts/lacks.tsx';
import { Failure } from './parts/notice.tsx';
import { mayTrain } from './state/access.ts';
import { keepLists, listProblems, models } from './state/lists.ts';
import { route } from './state/route.ts';
import { health, keyProblem, slowQuestions, takeKey } from './state/session.ts';
import { Compare } from './views/compare.tsx';
import { Dataset, DatasetClass } from './views/dataset.tsx';
import { Datasets } from './views/datasets.tsx';
import { Job } from './views/job.tsx';
import { Model } from './views/model.tsx';
import { Models } from './views/models.tsx';
import { Plan } from './views/plan.tsx';
import { Train } from './views/train.tsx';
import { Try } from './views/try.tsx';
import { TEXTS } from './words/texts.ts';

/** The parts of the address of each view, at most. */
const PARTS: Readonly<Record<string, number>> = {
  '': 0,
  datasets: 3,
  train: 1,
  jobs: 2,
  models: 3,
  plan: 1,
  try: 1,
};
const VIEWS = ['datasets', 'train', 'models', 'try'] as const;
/** Those that a key which may only predict can use. All others show pictures of datasets, or change something. */
const FOR_ALL: ReadonlySet<string> = new Set(['', 'models', 'try']);

/** Whether there is a view of an address. */
const isView = (view: string, path: readonly string[]) =>
  Object.hasOwn(PARTS, view) &&
  path.length <= (PARTS[view] ?? 0) &&
  (view !== 'models' || path[2] === undefined || path[2] === 'compare');

/** Whether a view shows nothing without the scope `train`. */
const isForTraining = (view: string, part?: string) => !FOR_ALL.has(view) || part === 'compare';

/** What a view cannot show because the server refuses it. */
function refused(view: string): unknown {
  const problems = listProblems.value;
  if (FOR_ALL.has(view)) return problems.models;
  // Without an answer to what the key allows, no view is drawn.
  return view === 'train' || mayTrain.value === undefined ? problems.jobs : undefined;
}

/** Without a view in the address: a photo to try where there is a model, else the way to one. */
function startView(): string {
  if (models.value === null || mayTrain.value === undefined) return '';
  return models.value.length > 0 || !mayTrain.value ? 'try' : 'datasets';
}

function View() {
  const { path } = route.value;
  const [view = startView(), name, part] = path;
  if (!isView(view, path))
    return (
      <section id="no-view" class="card wide">
        <h1>{TEXTS.noView(location.hash)}</h1>
        <a class="button" href="#/">
          {TEXTS.seeStart}
        </a>
      </section>
    );
  if (isForTraining(view, part) && mayTrain.value !== true)
    return mayTrain.value === undefined ? (
      <p class="wide">{TEXTS.loading}</p>
    ) : (
      <section class="card wide">
        <Lacks scope="train" to={TEXTS.access.view} />
      </section>
    );
  switch (view) {
    case '':
      return <p class="wide">{TEXTS.loading}</p>;
    case 'train':
      return <Train />;
    case 'jobs':
      return name === undefined ? <Train /> : <Job key={name} id={name} />;
    case 'models':
      if (name === undefined) return <Models />;
      return part === 'compare' ? <Compare key={name} model={name} /> : <Model key={name} model={name} />;
    case 'plan':
      return <Plan />;
    case 'try':
      return <Try />;
    default:
      if (name === undefined) return <Datasets />;
      return part === undefined ? (
        <Dataset key={name} dataset={name} />
      ) : (
        <DatasetClass key={`${name}/${part}`} dataset={name} label={part} />
      );
  }
}

function Page() {
  const { path } = route.value;
  const view = path[0] ?? startView();
  const main = useRef<HTMLElement>(null);
  const address = path.join('/');
  const shown = useRef(address);
  useLayoutEffect(() => {
    // Keyboards and screen readers go on in the new view.
    if (shown.current !== address) main.current?.focus();
    shown.current = address;
  }, [address]);
  const titled = [
    view in TEXTS.titles ? TEXTS.titles[view as keyof typeof TEXTS.titles] : '',
    ...path.slice(1),
  ];
  useLayoutEffect(() => {
    document.title = [...titled.filter((part) => part !== ''), TEXTS.brand].join(' · ');
  }, [titled.join('/')]);
  return (
    <>
      <button class="skip" type="button" onClick={() => main.current?.focus()}>
        {TEXTS.skip}
      </button>
      <header class="top">
        <a class="brand" href="#/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="16" r="14" class="ring" />
            <circle cx="16" cy="16" r="8" class="ring" />
            <circle cx="16" cy="16" r="3" class="dot" />
          </svg>
          {TEXTS.brand}
        </a>
        <nav aria-label={TEXTS.nav.label}>
          {VIEWS.filter((one) => mayTrain.value !== false || !isForTraining(one)).map((one) => (
            <a
              key={one}
              href={`#/${one}`}
              {...(view === one || (one === 'train' && (view === 'jobs' || view === 'plan'))
                ? { 'aria-current': 'page' as const }
                : {})}
            >
              {TEXTS.nav[one]}
            </a>
          ))}
          <a href="/docs">{TEXTS.nav.api}</a>
        </nav>
        <span id="health" class={`health ${health.value}`} role="status">
          {TEXTS.health[health.value]}
        </span>
      </header>
      <main id="page-main" ref={main} tabIndex={-1}>
        {health.value === 'down' ? (
          <p class="error wide" role="alert">
            {TEXTS.down}
          </p>
        ) : null}
        {health.value !== 'down' && slowQuestions.value > 0 ? (
          <p class="slow wide" role="status">
            {TEXTS.slow}
          </p>
        ) : null}
        {keyProblem.value === null ? <Failure error={refused(view)} /> : null}
        {keyProblem.value === null ? <View /> : <KeyForm problem={keyProblem.value} />}
      </main>
    </>
  );
}

const KeyForm = ({ problem }: { readonly problem: string }) => (
  <form
    id="key-form"
    class="card wide key"
    aria-labelledby="key-title"
    onSubmit={(event) => {
      event.preventDefault();
      takeKey(String(new FormData(event.currentTarget).get('key') ?? '').trim());
    }}
  >
    <div class="card-head">
      <h1 id="key-title">{TEXTS.key.title}</h1>
    </div>
    <p>{TEXTS.key.why}</p>
    <div class="key-row">
      <input id="key" name="key" type="password" autoComplete="off" aria-label={TEXTS.key.label} required />
      <button class="primary" type="submit">
        {TEXTS.key.use}
      </button>
    </div>
    {problem === '' ? null : (
      <p id="key-error" class="error" role="alert">
        {problem}
      </p>
    )}
  </form>
);

const page = document.getElementById('page');
if (page !== null) render(<Page />, page);
keepLists();
