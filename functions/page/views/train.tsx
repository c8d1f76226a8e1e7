// Sets up a training by what people want of it, with what it takes beside; lists the trainings.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CreateJobBody } from '../../../api/create-job.ts';
import type { WireDatasetEntry, WireDryRun } from '../../../api/dataset.ts';
import { suggestModelName } from '../../../api/model-name.ts';
import { dollars } from '../../../core/words/quantities.ts';
import { useAsked, useServerBack } from '../parts/asked.ts';
import { JobRow } from '../parts/job-row.tsx';
import { NameField, problemOfModelName } from '../parts/name-field.tsx';
import { Failure } from '../parts/notice.tsx';
import { makeChange } from '../state/changes.ts';
import { jobs, listDatasets } from '../state/lists.ts';
import { goTo, keepInAddress, readQuery, route, toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.train;
const SHORT_EPOCHS = 5;
const ESTIMATE_AFTER_MS = 400;

const GOALS = {
  quick: 'mobilenet_v2_0.35',
  accurate: 'mobilenet_v2_1.0',
  thorough: 'resnet50',
  simple: 'small_cnn',
  other: null,
} as const;
type Goal = keyof typeof GOALS;
const GOAL_NAMES = Object.keys(GOALS) as Goal[];

type Effort = keyof typeof WORDS.efforts;
const EFFORTS: Readonly<Record<Effort, Partial<CreateJobBody>>> = {
  auto: {},
  short: { hyperparameters: { n_epochs: SHORT_EPOCHS } },
  full: { recipe: { stages: 'full' } },
};
const EFFORT_NAMES = Object.keys(EFFORTS) as Effort[];

/** Of the networks that are chosen by name, the one that stands there at first. */
const FIRST_NETWORK = 'efficientnet_b0';

/** What an address says, where it is one of some words. */
const oneOf = <T extends string>(words: readonly T[], said: string | null, otherwise: T): T =>
  words.find((word) => word === said) ?? otherwise;

/** The view. */
export function Train() {
  const asked = route.value.query.get('dataset');
  const { value: datasets, error, again } = useAsked(listDatasets, []);
  return (
    <>
      <section class="card wide" aria-labelledby="train-title">
        <div class="card-head">
          <h1 id="train-title">{WORDS.title}</h1>
          <a class="button" href={toHash(['plan'])}>
            {WORDS.plan}
          </a>
        </div>
        <Failure error={error} retry={again} />
        {datasets === undefined && error === undefined ? <p class="empty">{TEXTS.loading}</p> : null}
        {datasets?.length === 0 ? (
          <p>
            {WORDS.noDataset} <a href="#/datasets">{WORDS.addOne}</a>
          </p>
        ) : null}
        {datasets === undefined || datasets.length === 0 ? null : (
          <TrainForm key={asked} datasets={datasets} asked={asked} />
        )}
      </section>
      <section class="card wide" aria-labelledby="jobs-title">
        <div class="card-head">
          <h2 id="jobs-title">{WORDS.jobs}</h2>
        </div>
        {jobs.value?.length === 0 ? <p class="empty">{WORDS.noJobs}</p> : null}
        <ul id="jobs" class="rows">
          {jobs.value?.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      </section>
    </>
  );
}

interface TrainFormProps {
  readonly datasets: readonly WireDatasetEntry[];
  readonly asked: string | null;
}

function TrainForm({ datasets, asked }: TrainFormProps) {
  const [dataset, setDataset] = useState(() => {
    const first =
      asked === null
        ? (datasets.find(({ inspection }) => inspection?.can_train === true) ?? datasets[0])
        : datasets.find((entry) => entry.dataset === asked);
    return first?.dataset ?? '';
  });
  const [kept] = useState(readQuery);
  const [first] = useState(dataset);
  const [canTrain, setCanTrain] = useState(true);
  const [name, setName] = useState(kept.get('name') ?? undefined);
  const [goal, setGoal] = useState(() => oneOf(GOAL_NAMES, kept.get('goal'), 'quick'));
  const [network, setNetwork] = useState(kept.get('network') ?? FIRST_NETWORK);
  const [effort, setEffort] = useState(() => oneOf(EFFORT_NAMES, kept.get('effort'), 'auto'));
  const [failure, setFailure] = useState<unknown>();
  const [isStarting, setStarting] = useState(false);
  const model = name ?? suggestModelName(dataset);
  const problem = problemOfModelName(model);
  const body = useMemo(
    (): CreateJobBody => ({
      model: GOALS[goal] ?? network,
      training_file: dataset,
      suffix: model,
      ...EFFORTS[effort],
    }),
    [goal, network, dataset, model, effort],
  );
  // Another click on the view's link empties the address.
  useEffect(
    () =>
      keepInAddress({
        ...(asked === null && dataset === first ? {} : { dataset }),
        ...(goal === 'quick' ? {} : { goal }),
        ...(goal === 'other' ? { network } : {}),
        ...(effort === 'auto' ? {} : { effort }),
        ...(name === undefined ? {} : { name }),
      }),
    [dataset, goal, network, effort, name, route.value],
  );
  const start = () =>
    makeChange('start', {
      send: () => {
        setStarting(true);
        setFailure(undefined);
        return client.value.jobs.create(body);
      },
      done: ({ id }) => goTo(['jobs', id]),
      fail: (error) => {
        setFailure(error);
        setStarting(false);
      },
    });
  return (
    <form
      class="train"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div>
        <label class="field">
          <span>{WORDS.dataset}</span>
          <select
            id="train-dataset"
            value={dataset}
            onChange={({ currentTarget }) => setDataset(currentTarget.value)}
          >
            {dataset === '' ? <option value="">{TEXTS.choose}</option> : null}
            {datasets.map((one) => (
              <option key={one.dataset}>{one.dataset}</option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>{WORDS.goal}</legend>
          {GOAL_NAMES.map((one) => (
            <Choice
              key={one}
              group="goal"
              value={one}
              isChosen={goal === one}
              words={WORDS.goals[one]}
              choose={() => setGoal(one)}
            />
          ))}
          {goal === 'other' ? <Networks network={network} choose={setNetwork} /> : null}
        </fieldset>
        <fieldset>
          <legend>{WORDS.effort}</legend>
          {EFFORT_NAMES.map((one) => (
            <Choice
              key={one}
              group="effort"
              value={one}
              isChosen={effort === one}
              words={WORDS.efforts[one]}
              choose={() => setEffort(one)}
            />
          ))}
        </fieldset>
        <NameField
          id="model-name"
          label={WORDS.name}
          help={WORDS.nameHelp}
          value={model}
          problem={problem}
          onChange={setName}
        />
      </div>
      <div class="estimate">
        {dataset === '' ? (
          <p id="dataset-gone" class="error" role="alert">
            {TEXTS.errors['dataset-not-found']}
          </p>
        ) : (
          <Estimate body={body} effort={effort} problem={problem} dataset={dataset} onAnswer={setCanTrain} />
        )}
        <Failure error={failure} retry={() => void start()} />
        <button
          id="start"
          class="primary"
          type="submit"
          disabled={isStarting || !canTrain || problem !== '' || dataset === ''}
        >
          {isStarting ? WORDS.starting : WORDS.start}
        </button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  readonly group: string;
  readonly value: string;
  readonly isChosen: boolean;
  readonly words: { readonly title: string; readonly text: string };
  readonly choose: () => void;
}

const Choice = ({ group, value, isChosen, words, choose }: ChoiceProps) => (
  <label class="choice">
    <input type="radio" name={group} value={value} checked={isChosen} onChange={choose} />
    <span>
      <strong>{words.title}</strong> {words.text}
    </span>
  </label>
);

function Networks({
  network,
  choose,
}: {
  readonly network: string;
  readonly choose: (name: string) => void;
}) {
  const { value } = useAsked((signal) => client.value.architectures({ signal }), [], {
    isLasting: true,
  });
  return (
    <label class="field">
      <span>{WORDS.network}</span>
      <select value={network} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {(value ?? []).map(({ id, title }) => (
          <option key={id} value={id}>
            {title} ({id})
          </option>
        ))}
      </select>
    </label>
  );
}

interface EstimateProps {
  readonly body: CreateJobBody;
  readonly effort: Effort;
  /** Why such a job cannot be made; '' where nothing speaks against it. */
  readonly problem: string;
  readonly dataset: string;
  /** Is called with whether such a training is possible. */
  readonly onAnswer: (canTrain: boolean) => void;
}

/** A dry run of what is chosen, a moment after the last choice. */
function Estimate({ body, effort, problem, dataset, onAnswer }: EstimateProps) {
  const [found, setFound] = useState<WireDryRun>();
  const [failure, setFailure] = useState<unknown>();
  const [isAsking, setAsking] = useState(true);
  const [round, setRound] = useState(0);
  const again = () => setRound(round + 1);
  useServerBack(failure, again);
  useEffect(() => {
    if (problem !== '') return undefined;
    const controller = new AbortController();
    setAsking(true);
    const timer = setTimeout(() => {
      client.value.jobs.dryRun(body, { signal: controller.signal }).then(
        (answer) => {
          setFound(answer);
          onAnswer(answer.can_train);
          setFailure(undefined);
          setAsking(false);
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          setFound(undefined);
          setFailure(error);
          setAsking(false);
        },
      );
    }, ESTIMATE_AFTER_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [body, round]);
  const estimate = found?.estimate;
  if (problem !== '')
    return (
      <div id="estimate" aria-live="polite">
        <h2>{WORDS.estimate}</h2>
        <p class="error">{problem}</p>
      </div>
    );
  return (
    <div id="estimate" aria-live="polite" aria-busy={isAsking}>
      <h2>{WORDS.estimate}</h2>
      <Failure error={failure} retry={again} />
      {found === undefined && failure === undefined ? <p class="empty">{WORDS.estimating}</p> : null}
      {found === undefined || found.can_train ? null : (
        <p class="error">
          {WORDS.problems} <a href={toHash(['datasets', dataset])}>{WORDS.mend}</a>
        </p>
      )}
      {estimate == null ? null : (
        <>
          <p class="lead">{WORDS.time(estimate.seconds)}</p>
          <p>
            {WORDS.on(estimate.machine, estimate.gpu)} {WORDS.price(estimate.usd)}
          </p>
        </>
      )}
      {found === undefined ? null : (
        <>
          {estimate === null ? <p>{WORDS.noEstimate}</p> : null}
          <p>
            {TEXTS.dataset.split(found.split)} {WORDS.validation[effort]}
          </p>
          {found.about_model_bytes === null ? null : (
            <p id="model-size">{WORDS.modelSize(found.about_model_bytes)}</p>
          )}
          <p>{found.promotion}</p>
          {found.weights?.at_hand === false ? (
            <p id="no-weights" class="warning">
              {WORDS.noWeights(found.weights.architecture, found.weights.file, found.weights.about_bytes)}{' '}
              <a href={found.weights.url} rel="noreferrer">
                {found.weights.url}
              </a>
            </p>
          ) : null}
        </>
      )}
      {estimate == null ? null : (
        <details>
          <summary>{WORDS.rests}</summary>
          <ul>
            {estimate.basis.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
            {estimate.usd_per_hour > 0 ? <li>{dollars(estimate.usd_per_hour)} / h</li> : null}
          </ul>
        </details>
      )}
    </div>
  );
}
