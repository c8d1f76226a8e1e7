// `fovea train`: says what a job would take, asks, creates it, and follows it. Ctrl-C leaves the job running.

import type { CreateJobBody } from '../../api/create-job.ts';
import type { WireDryRun } from '../../api/dataset.ts';
import type { WireJob } from '../../api/job.ts';
import { environment } from '../../core/environment.ts';
import { formatBytes, formatSeconds, formatUsd } from '../../core/network/plan/format-quantities.ts';
import { shownCommand } from '../../core/shown-command.ts';

import { describeFailure, followJob, isAway } from '../client/follow-job.ts';
import { type SaidOfModel, saidOfModel } from '../client/said-of-model.ts';
import type { Session } from '../context/session.ts';
import { confirm } from '../terminal/ask.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';
import { InterruptedError, listenForInterruption } from '../terminal/until-interrupted.ts';
import { timeInWords } from '../terminal/words.ts';
import { describeFindings, inspect } from './datasets.ts';

/** How much is done for a good model. */
export const EFFORTS = ['quick', 'usual', 'thorough'] as const;

/** The options of `fovea train`. */
export interface TrainOptions {
  readonly base: string;
  /** Name of the model; default: that of the dataset. */
  readonly name?: string;
  readonly effort?: (typeof EFFORTS)[number];
  readonly epochs?: number;
  readonly seed?: number;
  readonly backend?: NonNullable<CreateJobBody['backend']>;
  readonly maxCost?: number;
  readonly promote?: NonNullable<CreateJobBody['promote']>;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Whether the job is followed until its end. */
  readonly follow: boolean;
}

/** What each effort means in the recipe of a job. */
const RECIPES: Readonly<Record<(typeof EFFORTS)[number], NonNullable<CreateJobBody['recipe']>>> = {
  quick: { stages: 'head', variants: [] },
  usual: {},
  thorough: { stages: 'full' },
};

/**
 * Trains a model on a dataset.
 * @throws {FailedError} where the dataset cannot be trained on, where nobody says yes, and where the job does not succeed.
 */
export async function runTrain(session: Session, dataset: string, options: TrainOptions): Promise<void> {
  const { client, output } = session;
  const body = toBody(dataset, options);
  // Reads the pictures in as many requests as it takes; then the dry run is quick.
  await inspect(client, output, dataset, 'full');
  const plan = await client.jobs.dryRun(body);
  if (options.dryRun === true) {
    output.answer({
      json: plan,
      text: () =>
        [
          describePlan(plan),
          ...(plan.weights?.at_hand === false ? [adviceOnWeights(plan.weights, dataset)] : []),
        ].join('\n'),
      short: () => String(plan.estimate?.seconds ?? ''),
    });
    return;
  }
  output.note(describePlan(plan));
  if (plan.weights?.at_hand === false) output.note(adviceOnWeights(plan.weights, dataset));
  if (!plan.can_train)
    throw new FailedError(
      `No job can train on "${dataset}". Mend the errors above, or see: ${shownCommand('datasets', 'check', dataset)}`,
    );
  if (options.yes !== true && !(await confirm(`Train "${plan.model_name}"?`, { usual: true })))
    throw new FailedError('No job was made.');
  const job = await client.jobs.create(body);
  if (!options.follow) {
    output.answer({
      json: job,
      text: () => `${job.id}\nFollow it: ${shownCommand('jobs', 'follow', job.id)}`,
      short: () => job.id,
    });
    return;
  }
  output.note(`Job ${job.id}`);
  await followToEnd(session, job.id);
}

function toBody(
  dataset: string,
  { base, name = dataset, effort = 'usual', epochs, seed, backend, maxCost, promote }: TrainOptions,
): CreateJobBody {
  return {
    model: base,
    training_file: dataset,
    suffix: name,
    recipe: RECIPES[effort],
    ...(epochs === undefined ? {} : { hyperparameters: { n_epochs: epochs } }),
    ...(seed === undefined ? {} : { seed }),
    ...(backend === undefined ? {} : { backend }),
    ...(maxCost === undefined ? {} : { max_cost_usd: maxCost }),
    ...(promote === undefined ? {} : { promote }),
  };
}

/**
 * Follows a job until it is over, and says what it made. After Ctrl-C, and where the server stays away, the job goes on.
 * @throws {FailedError} where the job does not succeed; {InterruptedError} after a signal.
 */
export async function followToEnd({ client, output }: Session, id: string): Promise<void> {
  const { signal, stopListening } = listenForInterruption();
  let job: WireJob;
  try {
    job = await followJob(client, id, { signal, output });
  } catch (error) {
    if (error instanceof InterruptedError || isAway(error))
      output.note(
        `\nThe job ${id} goes on. Come back: ${shownCommand('jobs', 'follow', id)}. Cancel it: ${shownCommand('jobs', 'cancel', id)}`,
      );
    throw error;
  } finally {
    stopListening();
  }
  const { fine_tuned_model: model } = job;
  const said = model === null ? null : await saidOfModel(client, model);
  output.answer({
    json: job,
    text: () => describeEnd(job, said),
    short: () => job.fine_tuned_model ?? job.id,
  });
  if (job.status === 'failed' || job.status === 'cancelled') throw new FailedError(describeFailure(job));
}

function describeEnd(job: WireJob, said: SaidOfModel | null): string {
  const { fine_tuned_model: model, cost, started_at, finished_at } = job;
  if (job.status === 'paused')
    return `The job ${job.id} is paused. Go on: ${shownCommand('jobs', 'resume', job.id)}`;
  if (model === null) return '';
  const took =
    started_at === null || finished_at === null ? '' : ` in ${timeInWords(finished_at - started_at)}`;
  const price = cost.usd > 0 ? `, for ${formatUsd(cost.usd)}` : '';
  const lines = [
    `Model ${model} is made${took}${price}.`,
    ...(said === null ? [] : [said.accuracy, ...said.remarks]),
    `Next: ${shownCommand('predict', model, 'FILE')}`,
  ];
  return lines.join('\n');
}

/** What to do where the server does not have the weights that a job starts from. */
export const adviceOnWeights = (
  { architecture, file, url }: NonNullable<WireDryRun['weights']>,
  dataset: string,
): string =>
  [
    `The pretrained weights of ${architecture} are not on the server. The trainer will try to download them, and the job fails where it cannot.`,
    `Bring them first, on the machine of the server: ${shownCommand('weights', 'pull', architecture)}. Or fetch ${url} elsewhere, and put ` +
      `${file} into a folder that the server is started with: ${shownCommand('start', '--weights', 'FOLDER')}. Or start the server with ` +
      `${environment.weightsMirror}, the address of a mirror.`,
    `The network small_cnn needs none: ${shownCommand('train', dataset, '--base', 'small_cnn')}`,
  ].join('\n');

/** What a job would train on and take, in a few lines. */
export function describePlan({
  model,
  model_name,
  estimate,
  live_version,
  promotion,
  about_model_bytes: modelBytes,
  ...found
}: WireDryRun): string {
  const { split, classes } = found;
  const table = newTable(['', ''], 2);
  table.push(
    ['model', model_name],
    ['base', model],
    [
      'pictures',
      `${split.train} to train, ${split.validation} to validate, ${split.test} to test; ${classes.length} classes`,
    ],
  );
  if (estimate !== null) {
    const price = estimate.usd > 0 ? `, ${formatUsd(estimate.usd)}` : '';
    table.push(
      ['time', `${formatSeconds(estimate.seconds)}${price}, an estimate`],
      ['machine', `${estimate.machine}${estimate.gpu === null ? '' : ` with ${estimate.gpu}`}`],
    );
  }
  if (modelBytes !== null) table.push(['size', `about ${formatBytes(modelBytes)}, the model`]);
  if (live_version !== null) table.push(['live', `version ${live_version}. ${promotion}`]);
  const serious = found.finding_groups.filter(({ severity }) => severity !== 'info');
  const [, ...rows] = table.toString().split('\n');
  return [...rows, ...(serious.length === 0 ? [] : [describeFindings({ finding_groups: serious })])].join(
    '\n',
  );
}
