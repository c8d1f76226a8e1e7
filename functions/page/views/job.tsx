// One training, live: what it does, how long it takes, how it learns, what happened, and its end.

import { useEffect, useState } from 'preact/hooks';
import type { WireJob, WireJobEvent } from '../../../api/job.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { percent } from '../../../core/words/quantities.ts';
import { Chart } from '../parts/chart.tsx';
import { EraseButton } from '../parts/erase-button.tsx';
import { JobBar, JobButtons, JobStatus, jobWords, progressWords, tookWords } from '../parts/job-row.tsx';
import { NotUsed } from '../parts/not-used.tsx';
import { Failure, ShowOutcome, useOutcome } from '../parts/notice.tsx';
import { usePicture } from '../parts/picture.tsx';
import { usePresentName } from '../parts/present-name.ts';
import { models, refresh } from '../state/lists.ts';
import { poll } from '../state/poll.ts';
import { toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { moment } from '../words/format.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.job;
const POLL_MS = 1000;
const SLOW_POLL_MS = 5000;
const MOST_EVENTS = 30;
const MOST_WARNINGS = 10;
/** Stages before the network learns. */
const BEFORE_LEARNING: ReadonlySet<string | undefined> = new Set(['validating', 'weights', 'features']);

/** The view of a training. */
export function Job({ id }: { readonly id: string }) {
  const [job, setJob] = useState<WireJob>();
  const [error, setError] = useState<unknown>();
  const [round, setRound] = useState(0);
  const again = () => setRound(round + 1);
  const events = useEvents(id, job === undefined ? '' : job.status === 'paused' ? 'paused' : 'open');
  // `round` asks again after a button.
  useEffect(
    () =>
      poll(async (signal) => {
        try {
          const found = await client.value.jobs.get(id, { signal });
          setJob(found);
          setError(undefined);
          if (!isJobOver(found)) return found.status === 'paused' ? SLOW_POLL_MS : POLL_MS;
          // The model that it made is in the lists at once.
          await refresh(signal).catch(() => undefined);
          return undefined;
        } catch (thrown) {
          if (signal.aborted) return undefined;
          setError(thrown);
          throw thrown;
        }
      }),
    [id, round],
  );
  if (job === undefined)
    return (
      <section class="card wide">
        <h1>{WORDS.title('')}</h1>
        {error === undefined ? <p class="empty">{TEXTS.loading}</p> : <Failure error={error} retry={again} />}
      </section>
    );
  const [stage, ...facts] = progressWords(job);
  const isOver = isJobOver(job);
  const hasLearned = job.progress !== null && !BEFORE_LEARNING.has(job.progress.stage);
  return (
    <>
      <section class="card wide" aria-labelledby="job-title">
        <div class="card-head">
          <h1 id="job-title">{WORDS.title(job.model_name)}</h1>
          <span class="actions">
            <JobButtons
              job={job}
              onDone={(changed) => {
                setJob(changed);
                again();
              }}
            />
            {isOver ? (
              <EraseButton
                label={WORDS.delete}
                sure={WORDS.deleteSure}
                erase={() => client.value.jobs.delete(id)}
                then={['train']}
              />
            ) : null}
            <JobStatus job={job} />
          </span>
        </div>
        <Failure error={error} retry={again} />
        <p class="facts">
          {WORDS.facts(job.model, job.dataset)} · {moment(job.created_at)}
        </p>
        {isOver ? (
          <End job={job} events={events} />
        ) : (
          <div id="live">
            <p class="lead" role="status">
              {job.status === 'running' || job.status === 'pausing' ? (stage ?? WORDS.begins) : jobWords(job)}
            </p>
            <p class="facts">{job.status === 'running' ? facts.join(' · ') : ''}</p>
            <JobBar job={job} />
          </div>
        )}
        <GivenUp job={job} events={events} />
      </section>
      <section class="card wide" aria-labelledby="curves-title">
        <div class="card-head">
          <h2 id="curves-title">{WORDS.curves}</h2>
        </div>
        <Curves job={job} events={events} />
      </section>
      <section class="card wide" aria-labelledby="sheet-title">
        <div class="card-head">
          <h2 id="sheet-title">{WORDS.sheet}</h2>
        </div>
        {isOver && job.status !== 'succeeded' && !hasLearned ? (
          <p class="empty">{WORDS.noSheetEver}</p>
        ) : isOver || hasLearned ? (
          // Asked for again when the first round is over, and at the end.
          <Sheet key={`${isOver} ${events.some(({ type }) => type === 'metrics')}`} id={id} isOver={isOver} />
        ) : (
          <p class="empty">{WORDS.noSheet}</p>
        )}
      </section>
      <section class="card wide" aria-labelledby="events-title">
        <div class="card-head">
          <h2 id="events-title">{WORDS.events}</h2>
        </div>
        <ol id="events" class="events">
          {events
            .slice(-MOST_EVENTS)
            .reverse()
            .map((event) => (
              <li key={event.id} class={event.level}>
                <time>{moment(event.created_at)}</time> {event.message}
              </li>
            ))}
        </ol>
      </section>
    </>
  );
}

interface JobPartProps {
  readonly job: WireJob;
  readonly events: readonly WireJobEvent[];
}

/** What the training did without because memory was short, and other warnings. */
function GivenUp({ job, events }: JobPartProps) {
  const warned = events.filter(({ level, data }) => level === 'warn' && data?.['remedy'] === undefined);
  // An attempt after a pause warns again.
  const warnings = [...new Map(warned.map((event) => [event.message, event])).values()];
  return (
    <>
      {job.remedies.length === 0 ? null : (
        <>
          <p class="hint">{WORDS.remedies(job.remedies.length)}</p>
          <ul id="remedies">
            {job.remedies.map(({ remedy, stage, gave_up: gaveUp }) => (
              <li key={`${remedy} ${stage} ${gaveUp}`}>{WORDS.remedy(stage, gaveUp)}</li>
            ))}
          </ul>
        </>
      )}
      {warnings.length === 0 ? null : (
        <ul id="warnings">
          {warnings.slice(-MOST_WARNINGS).map(({ id, message }) => (
            <li key={id}>{message}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Augmented pictures of a batch. */
function Sheet({ id, isOver }: { readonly id: string; readonly isOver: boolean }) {
  const { source, isBroken, fail } = usePicture(
    `/v1/fine_tuning/jobs/${encodeURIComponent(id)}/contact-sheet`,
  );
  if (isBroken) return <p class="empty">{isOver ? WORDS.noSheetEver : WORDS.noSheet}</p>;
  return (
    <>
      <p class="hint">{WORDS.sheetHelp}</p>
      {source === undefined ? null : (
        <img id="sheet" class="sheet" src={source} alt={WORDS.sheetAlt} loading="lazy" onError={fail} />
      )}
    </>
  );
}

function End({ job, events }: JobPartProps) {
  const { outcome, say, fail } = useOutcome();
  const words = jobWords(job);
  const dataset = usePresentName(job.dataset) ?? job.dataset;
  const lacksWeights = job.error?.code === 'weights-unavailable';
  const fastest = Math.max(0, ...events.map((event) => numberOf(event, 'images_per_second') ?? 0));
  if (job.status !== 'succeeded')
    return (
      <div id="job-end">
        <p class="error" role="alert">
          {job.status === 'failed' ? WORDS.failedHint : WORDS.status[job.status]}{' '}
          {lacksWeights ? WORDS.noWeights : ''} {words}
        </p>
        {lacksWeights ? (
          <a class="button primary" href={toHash(['train'], { dataset, goal: 'simple' })}>
            {WORDS.trainWithout}
          </a>
        ) : null}{' '}
        <a class="button" href={toHash(['train'], { dataset })}>
          {WORDS.tryAgain}
        </a>
      </div>
    );
  const version = job.fine_tuned_model ?? job.model_name;
  return (
    <div id="job-end">
      <p class="lead" role="status">
        {WORDS.done} {words}
      </p>
      <p id="job-took" class="facts">
        {tookWords(job)}
      </p>
      {fastest === 0 ? null : <p class="facts">{WORDS.fastest(fastest)}</p>}
      <NotUsed
        model={job.model_name}
        live={models.value?.find(({ id }) => id === job.model_name)?.version}
        events={events}
        say={say}
        fail={fail}
      />
      <ShowOutcome outcome={outcome} />
      <p class="actions">
        <a class="button primary" href={toHash(['try'], { model: version })}>
          {WORDS.tryModel}
        </a>
        <a class="button" href={toHash(['models', job.model_name], { version: job.model_version ?? '' })}>
          {WORDS.seeModel}
        </a>
      </p>
    </div>
  );
}

/** The events so far; followed while the tab is visible. */
function useEvents(id: string, state: '' | 'open' | 'paused'): readonly WireJobEvent[] {
  const [events, setEvents] = useState<readonly WireJobEvent[]>([]);
  useEffect(() => {
    if (state === '') return undefined;
    let seen: string | undefined;
    const pollMs = state === 'paused' ? SLOW_POLL_MS : undefined;
    setEvents([]);
    // A stream that breaks off is followed anew, from where it was.
    return poll(async (signal) => {
      for await (const event of client.value.jobs.events(id, { after: seen, signal, pollMs })) {
        seen = event.id;
        setEvents((before) => [...before, event]);
      }
      return undefined;
    });
  }, [id, state]);
  return events;
}

const numberOf = (event: WireJobEvent, name: string): number | null => {
  const value = event.data?.[name];
  return typeof value === 'number' ? value : null;
};

function Curves({ job, events }: JobPartProps) {
  const epochs = events.filter(({ type }) => type === 'metrics');
  if (epochs.length === 0) {
    const over = job.status === 'succeeded' ? WORDS.solvedAtOnce : WORDS.noRound;
    return <p class="empty">{isJobOver(job) ? over : WORDS.noCurves}</p>;
  }
  const curves = (training: string, validation: string) => [
    {
      name: WORDS.training,
      kind: 'training' as const,
      values: epochs.map((event) => numberOf(event, training)),
    },
    {
      name: WORDS.validation,
      kind: 'validation' as const,
      values: epochs.map((event) => numberOf(event, validation)),
    },
  ];
  return (
    <div id="curves" class="charts">
      <Chart
        title={WORDS.loss}
        curves={curves('train_loss', 'valid_loss')}
        format={(value) => value.toFixed(2)}
      />
      <Chart
        title={WORDS.accuracy}
        curves={curves('train_accuracy', 'valid_accuracy')}
        range={[0, 1]}
        format={percent}
      />
    </div>
  );
}
