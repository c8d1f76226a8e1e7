// `fovea jobs`: lists, shows and follows jobs, and tells them to stop or to go on.

import type { WireJob } from '../../api/job.ts';
import { take } from '../../client/pages.ts';
import { formatUsd } from '../../core/network/plan/format-quantities.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { percent } from '../../core/words/quantities.ts';
import { factsOf, lineOf } from '../client/follow-job.ts';
import type { Session } from '../context/session.ts';
import { NotFoundError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';
import { listenForInterruption } from '../terminal/until-interrupted.ts';
import { agoInWords, timeInWords } from '../terminal/words.ts';
import { followToEnd } from './train.ts';

/** Which jobs are listed. */
export interface JobListOptions {
  readonly status?: WireJob['status'];
  readonly limit: number;
}

/** Lists jobs, newest first. */
export async function runJobList(
  { client, output }: Session,
  { status, limit }: JobListOptions,
): Promise<void> {
  const jobs = await take(client.jobs.list({ status, pageSize: Math.min(limit, 100) }), limit);
  output.answer({
    json: { object: 'list', data: jobs },
    text: () => (jobs.length === 0 ? 'There are no jobs.' : describeJobs(jobs, Date.now())),
    short: () => jobs.map(({ id }) => id).join('\n'),
  });
}

/** A table with a line for each job. */
export function describeJobs(jobs: readonly WireJob[], nowMs: number): string {
  const table = newTable(['job', 'status', 'model', 'dataset', 'base', 'made', 'accuracy', 'cost'], 6);
  for (const job of jobs) {
    const accuracy = job.result?.test_accuracy;
    table.push([
      job.id,
      job.status,
      job.fine_tuned_model ?? job.model_name,
      job.dataset,
      job.model,
      agoInWords(job.created_at, nowMs),
      accuracy == null ? '–' : percent(accuracy),
      job.cost.usd > 0 ? formatUsd(job.cost.usd) : '–',
    ]);
  }
  return table.toString();
}

/** The newest job, where none is named. */
async function idOf({ client }: Session, id: string | undefined): Promise<string> {
  if (id !== undefined) return id;
  for await (const job of client.jobs.list({ pageSize: 1 })) return job.id;
  throw new NotFoundError(`There are no jobs. Make one: ${shownCommand('train', 'DATASET')}`);
}

/** Shows a job; without an id the newest. */
export async function runJobShow(session: Session, given: string | undefined): Promise<void> {
  const job = await session.client.jobs.get(await idOf(session, given));
  session.output.answer({ json: job, text: () => describeJob(job, Date.now()), short: () => job.status });
}

function describeJob(job: WireJob, nowMs: number): string {
  const { started_at, finished_at, result, error, cost } = job;
  const rows: (readonly [string, string] | false)[] = [
    ['job', job.id],
    ['status', job.status],
    job.queued_reason !== null && ['waits for', job.queued_reason],
    ['model', job.fine_tuned_model ?? job.model_name],
    ['dataset', job.dataset],
    ['base', job.model],
    ['made', agoInWords(job.created_at, nowMs)],
    started_at !== null && finished_at !== null && ['took', timeInWords(finished_at - started_at)],
    job.progress !== null && finished_at === null && ['progress', `${job.progress.stage} · ${factsOf(job)}`],
    result?.test_accuracy != null && ['accuracy', `${percent(result.test_accuracy)} in the test`],
    cost.usd > 0 && ['cost', formatUsd(cost.usd)],
    job.attempts > 1 && ['attempts', String(job.attempts)],
    job.worker !== null && ['worker', job.worker],
    error !== null && ['error', `${error.message} (${error.code})`],
  ];
  return rows
    .filter((row) => row !== false)
    .map(([name, value]) => `${name.padEnd(10)} ${value}`)
    .join('\n');
}

/** Follows a job until it is over; without an id the newest. */
export async function runJobFollow(session: Session, given: string | undefined): Promise<void> {
  await followToEnd(session, await idOf(session, given));
}

/** Prints the events of a job; with `follow` those to come, too. */
export async function runJobLogs(
  session: Session,
  given: string | undefined,
  { follow = false }: { readonly follow?: boolean },
): Promise<void> {
  const { client, output } = session;
  const id = await idOf(session, given);
  const { signal, stopListening } = listenForInterruption();
  try {
    const events = follow ? client.jobs.events(id, { signal }) : await client.jobs.eventsSince(id);
    for await (const event of events) {
      const when = new Date(event.created_at * 1000).toISOString().slice(0, 19).replace('T', ' ');
      output.answer({ json: event, text: () => `${when} ${lineOf(event)}`, short: () => event.message });
    }
  } finally {
    stopListening();
  }
}

/** What a job can be told. */
export const JOB_ACTIONS = ['cancel', 'pause', 'resume', 'finish'] as const;

/** Tells a job something. */
export async function runJobAction(
  { client, output }: Session,
  action: (typeof JOB_ACTIONS)[number],
  id: string,
): Promise<void> {
  const job = await client.jobs[action](id);
  const isEnding = job.cancel_requested && job.finished_at === null;
  output.answer({
    json: job,
    text: () =>
      `The job ${id} is ${isEnding ? 'being cancelled' : job.status.replace('validating_files', 'queued')}.`,
    short: () => job.status,
  });
}

/** Deletes jobs that are over. */
export async function runJobRemove({ client, output }: Session, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await client.jobs.delete(id);
    output.answer({
      json: { object: 'fine_tuning.job', id, deleted: true },
      text: () => `The job ${id} is deleted. The model that it made stays.`,
      short: () => '',
    });
  }
}
