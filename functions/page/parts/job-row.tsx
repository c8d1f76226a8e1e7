// A training in a list, and its bar and buttons, which its own view has, too.

import { useState } from 'preact/hooks';
import type { WireJob } from '../../../api/job.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { rightOf } from '../../../core/words/accuracy.ts';
import { size } from '../../../core/words/quantities.ts';
import { makeChange } from '../state/changes.ts';
import { models, refresh } from '../state/lists.ts';
import { toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { moment } from '../words/format.ts';
import { TEXTS } from '../words/texts.ts';
import { Failure } from './notice.tsx';

const WORDS = TEXTS.job;

/** What the trainer does, in words; '' where nothing is known. */
export function progressWords({ progress, cost }: WireJob): readonly string[] {
  if (progress === null) return [];
  const { stage, trial, trials, epoch, epochs, images_per_second: speed, rss_bytes: rss } = progress;
  return [
    WORDS.stage[stage],
    trial !== null && trials !== null ? WORDS.trial(trial, trials) : '',
    epoch !== null && epochs !== null ? WORDS.epoch(epoch, epochs) : '',
    progress.seconds_left === null ? '' : WORDS.left(progress.seconds_left),
    speed === null ? '' : WORDS.speed(speed),
    rss === null ? '' : WORDS.memory(size(rss)),
    cost.usd > 0 ? WORDS.cost(cost.usd) : '',
  ].filter((fact) => fact !== '');
}

/** How good its model is, on how many pictures where its version is still the one in use. */
function resultWords(
  { model_name: name, model_version: version }: WireJob,
  accuracy: number,
  trained: number,
): string {
  const made = models.value?.find((model) => model.id === name && model.version === version);
  const count = made?.test_count ?? 0;
  const share = rightOf(accuracy, count);
  return share === undefined ? WORDS.result(accuracy, trained) : WORDS.resultOf(share, trained);
}

/** What a training that is over took. */
export const tookWords = ({ started_at: started, finished_at: finished, cost }: WireJob): string =>
  [
    started === null || finished === null ? '' : WORDS.took(finished - started),
    cost.usd > 0 ? WORDS.costInAll(cost.usd) : '',
  ]
    .filter((fact) => fact !== '')
    .join(' · ');

/** How a training stands, in a sentence. */
export function jobWords(job: WireJob): string {
  if (job.error !== null) return job.error.message;
  const { result } = job;
  if (result !== null && result.test_accuracy !== null)
    return resultWords(job, result.test_accuracy, result.trained_images);
  if (job.status === 'queued' || job.status === 'validating_files') return job.queued_reason ?? WORDS.waiting;
  return isJobOver(job) ? '' : progressWords(job).join(' · ');
}

/** 0 to 1, or undefined where nothing is known. */
function progressShare({ progress }: WireJob): number | undefined {
  if (progress === null) return undefined;
  const { epoch, epochs, step, steps } = progress;
  const ofSteps = steps ? (step ?? 0) / steps : undefined;
  return epochs ? Math.min(1, Math.max(0, (epoch ?? 0) - 1 + (ofSteps ?? 1)) / epochs) : ofSteps;
}

/** The bar of a training that runs. */
export function JobBar({ job }: { readonly job: WireJob }) {
  if (job.status !== 'running' && job.status !== 'pausing') return null;
  const share = progressShare(job);
  return <progress max={1} aria-label={WORDS.progress} {...(share === undefined ? {} : { value: share })} />;
}

/** The state of a training as a word. */
export const JobStatus = ({ job }: { readonly job: WireJob }) => (
  <span class={`status ${job.status}`}>
    {job.cancel_requested && !isJobOver(job) ? WORDS.cancelling : WORDS.status[job.status]}
  </span>
);

interface JobButtonsProps {
  readonly job: WireJob;
  /** Is called with the training as a button left it. */
  readonly onDone?: (job: WireJob) => void;
}

/** What can be done with a training now. */
export function JobButtons({ job, onDone }: JobButtonsProps) {
  const [failure, setFailure] = useState<unknown>();
  if (isJobOver(job) || job.cancel_requested) return <Failure error={failure} />;
  const act = (action: 'cancel' | 'pause' | 'resume') =>
    makeChange(`${action} ${job.id}`, {
      send: () => client.value.jobs[action](job.id),
      done: (changed) => {
        setFailure(undefined);
        onDone?.(changed);
        return refresh();
      },
      fail: setFailure,
    });
  const button = (action: 'cancel' | 'pause' | 'resume') => (
    <button
      type="button"
      class={action === 'cancel' ? 'danger' : ''}
      aria-label={`${WORDS[action]} ${job.model_name}`}
      onClick={() => void act(action)}
    >
      {WORDS[action]}
    </button>
  );
  return (
    <>
      {job.status === 'paused' ? button('resume') : null}
      {job.status === 'running' || job.status === 'queued' ? button('pause') : null}
      {button('cancel')}
      <Failure error={failure} />
    </>
  );
}

/** A training in a list. */
export function JobRow({ job }: { readonly job: WireJob }) {
  const words = jobWords(job);
  return (
    <li>
      <a class="name" href={toHash(['jobs', job.id])}>
        {job.fine_tuned_model ?? job.model_name}
      </a>
      <span class="actions">
        <JobButtons job={job} />
        <JobStatus job={job} />
      </span>
      <span class="facts">
        {WORDS.facts(job.model, job.dataset)} · {moment(job.created_at)}
      </span>
      {words === '' ? null : <span class={job.error === null ? 'facts' : 'facts problem'}>{words}</span>}
      <JobBar job={job} />
    </li>
  );
}
