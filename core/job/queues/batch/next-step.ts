// Decides what follows from an event of AWS Batch for a job. A pure function; apply-batch-event.ts acts on it.

import { exitCodes, type TrainerFleet, type TrainerPool } from '../../../environment.ts';
import type { ErrorCode } from '../../../errors/error-codes.ts';
import { findGpu } from '../../../pricing/gpus.ts';
import { MACHINES, type Machine } from '../../../pricing/machines.ts';
import { isAtRest, type JobRecord, type Lease, type Placement } from '../../record/job.ts';
import { LEASE_MS } from '../../record/lease-watch.ts';
import { arrayOf, type BatchEvent, type BatchJobDetail, isOver } from './batch-event.ts';
import type { Destination } from './batch-queue.ts';
import { toWaitingReason } from './waiting-reason.ts';

/** What to do about an event. */
export type NextStep =
  /** The event says nothing new. */
  | { readonly kind: 'nothing' }
  /** The job waits for the given reason. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** The attempt is over and AWS Batch starts the next one by itself. */
  | { readonly kind: 'requeue'; readonly reason: string }
  /** The Batch job is over and another is tried elsewhere. */
  | {
      readonly kind: 'move';
      readonly to: Destination;
      readonly reason: string;
      /** Whether the kernel has killed the trainer for memory; the next attempt is told. */
      readonly wasKilled?: boolean;
      /** Whether the trainer could not even begin; after the second time in a row the job fails. */
      readonly couldNotStart?: boolean;
      /** Whether the move is part of a job's usual course, and nothing went wrong. */
      readonly isPlanned?: boolean;
    }
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'pause' };

/** The exit code of a process killed by SIGKILL. Where nobody has ended the container, the kernel has killed it for memory. */
const EXIT_KILLED = 137;

const NOTHING: NextStep = { kind: 'nothing' };

/** Number of Batch jobs after which a job fails. */
const MOST_SUBMISSIONS = 12;

/**
 * Decides what to do about an event.
 * @param job the current record.
 */
export function nextStep(job: JobRecord, event: BatchEvent, fleet: TrainerFleet): NextStep {
  const { detail } = event;
  const { placement } = job;
  if (isAtRest(job.status) || placement === undefined) return NOTHING;
  // The result of a trial is looked at when all trials are over. That a trial cannot start concerns the whole job.
  if (placement.batchJobId !== null && arrayOf(detail) === placement.batchJobId)
    return detail.status === 'RUNNABLE' && job.status === 'queued' ? afterRunnable(job, detail) : NOTHING;
  // The move that follows from the event was decided before, but perhaps not carried out.
  if (detail.jobId === placement.replaces && placement.batchJobId === null && isOver(detail))
    return requested(job) ?? again(placement);
  // The event is about a Batch job that was replaced by another.
  if (detail.jobId !== placement.batchJobId) return NOTHING;

  switch (detail.status) {
    case 'SUBMITTED':
    case 'PENDING':
    case 'STARTING':
    case 'RUNNING':
      return NOTHING;
    case 'RUNNABLE':
      return afterRunnable(job, detail);
    case 'SUCCEEDED':
      if (placement.trials !== undefined) return requested(job) ?? afterTrials(job, placement);
      return (
        requested(job) ?? {
          kind: 'fail',
          code: 'trainer-crashed',
          message: 'The trainer ended without finishing the job.',
        }
      );
    case 'FAILED':
      return (
        requested(job) ??
        endedFromOutside(detail) ??
        (placement.trials !== undefined
          ? afterTrials(job, placement)
          : afterFailure(job, placement, detail, fleet))
      );
  }
}

/** What was asked of the job while its trainer ran, which has not seen it. */
function requested({ cancelRequested, pauseRequested }: JobRecord): NextStep | undefined {
  if (cancelRequested) return { kind: 'cancel' };
  return pauseRequested === true ? { kind: 'pause' } : undefined;
}

/** After the trials, one trainer finishes the job. It repeats trials that failed, but for those whose time was up: they do not fail the job. */
function afterTrials(
  { trials, prediction }: JobRecord,
  { pool, capacity, trials: all }: Placement,
): NextStep {
  const reason =
    prediction === undefined
      ? `${trials.length} of ${all} trials are over. One trainer finishes the job.`
      : `The ${all} shards have ended. One process predicts what they left, and finishes the batch.`;
  return { kind: 'move', to: { pool, capacity }, reason, isPlanned: true };
}

function again({ pool, capacity }: Placement): NextStep {
  const reason = `The job moves to ${capacity} machines of "${pool}".`;
  return { kind: 'move', to: { pool, capacity }, reason };
}

function afterRunnable(job: JobRecord, detail: BatchJobDetail): NextStep {
  const ended = detail.attempts.at(-1);
  if (job.status === 'running' && ended !== undefined) {
    // The event came again; the next attempt is running already.
    if (job.lease !== null && isOfLaterAttempt(job.lease, detail)) return NOTHING;
    return {
      kind: 'requeue',
      reason: `The attempt ended: ${describe(ended)}. AWS Batch starts the next one.`,
    };
  }
  return detail.statusReason === undefined || detail.statusReason === ''
    ? NOTHING
    : { kind: 'wait', reason: toWaitingReason(detail.statusReason) };
}

/** Whether the lease's attempt began after the last attempt that the AWS Batch event lists. */
export function isOfLaterAttempt(
  { batch, expiresAtMs }: Lease,
  { jobId, attempts }: BatchJobDetail,
): boolean {
  if (batch !== undefined) return batch.jobId === jobId && batch.attempt > attempts.length;
  // A trainer of an earlier version tells only when it renewed its lease.
  const stoppedAt = attempts.at(-1)?.stoppedAt;
  return stoppedAt !== undefined && expiresAtMs - LEASE_MS > stoppedAt;
}

/** What AWS Batch says of an end. It tells reasons where it has any; an empty one means nothing. */
function endOf({ statusReason, container, attempts }: BatchJobDetail) {
  const last = attempts.at(-1);
  return {
    reason: statusReason ?? last?.statusReason ?? '',
    containerReason: container?.reason ?? last?.container?.reason ?? '',
    exitCode: container?.exitCode ?? last?.container?.exitCode,
    logStream: container?.logStreamName ?? last?.container?.logStreamName,
  };
}

/** The stream of the last attempt's log, by its name; undefined where none began. */
export const logStreamOf = (detail: BatchJobDetail): string | undefined => endOf(detail).logStream;

/** How the reason begins with which Fovea ends a Batch job that was blocked for too long. */
export const BLOCKED = 'Blocked for too long: ';

/** Beginnings of the reasons that AWS Batch gives by itself. Whoever ends a job in the console writes another. */
const REASONS_OF_BATCH = [
  'Essential container in task exited',
  'Host EC2',
  'Task failed to start',
  'CannotPullContainerError',
  'Array Child Job failed',
];

/** What to say of a Batch job whose time was up; undefined of others. */
export function timeoutOf(detail: BatchJobDetail): string | undefined {
  const { reason } = endOf(detail);
  return reason.includes('exceeded timeout')
    ? `${reason}. Raise fovea:jobHours, or train for fewer epochs.`
    : undefined;
}

/**
 * What follows where the time was up, or a person ended the Batch job. Neither is looked for in the exit code: a trainer that is told to
 * stop saves its state and leaves with the code of a release, whoever told it.
 */
function endedFromOutside(detail: BatchJobDetail): NextStep | undefined {
  const { reason } = endOf(detail);
  const timeout = timeoutOf(detail);
  if (timeout !== undefined) return { kind: 'fail', code: 'job-timeout', message: timeout };
  // A time limit of the queue, and Fovea, end jobs in the same way as a person.
  if (reason.startsWith(BLOCKED) || /CAPACITY:|MISCONFIGURATION:/.test(reason)) return undefined;
  const isOfBatch = reason === '' || REASONS_OF_BATCH.some((known) => reason.startsWith(known));
  if (isOfBatch && detail.isTerminated !== true && detail.isCancelled !== true) return undefined;
  return {
    kind: 'fail',
    code: 'job-terminated',
    message: `The Batch job was ended from outside${reason === '' ? '' : `: ${reason}`}. Start the job again.`,
  };
}

/** The ways a Batch job can fail, in the order in which they are recognized: AWS Batch's reasons come before exit codes. */
function afterFailure(
  job: JobRecord,
  placement: Placement,
  detail: BatchJobDetail,
  fleet: TrainerFleet,
): NextStep {
  const { reason, containerReason, exitCode, logStream } = endOf(detail);

  if (reason.startsWith(BLOCKED)) {
    const why = toWaitingReason(reason.slice(BLOCKED.length));
    return moveOrFail(nextCapacity(placement, fleet), {
      reason: `AWS Batch could not start the job on ${placement.capacity} machines. ${why}`,
      code: 'trainer-misconfigured',
      advice: 'Correct that, and start the job again.',
    });
  }
  if (reason.includes('CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY')) {
    return moveOrFail(nextCapacity(placement, fleet), {
      reason: `AWS had no ${placement.capacity} machine in time.`,
      code: 'no-capacity',
      advice: 'Try again later, or deploy with more kinds of machines (fovea:trainerFamilies) or zones.',
    });
  }
  if (reason.includes('MISCONFIGURATION:')) {
    return {
      kind: 'fail',
      code: 'trainer-misconfigured',
      message: toWaitingReason(reason.slice(reason.indexOf('MISCONFIGURATION:'))),
    };
  }
  if (reason.startsWith('Host EC2')) return afterLoss(placement, detail, fleet);
  if (exitCode === exitCodes.outOfMemory)
    return moveOrFail(
      // The trainer watches both. On machines with several GPUs its processors have more, too.
      largerPool(placement, fleet, 'gpu') ?? largerPool(placement, fleet, 'machine'),
      outOfMemory(placement),
    );
  if (containerReason.startsWith('OutOfMemory')) return afterKill(job, placement, fleet);
  if (`${reason} ${containerReason}`.includes('CannotPullContainerError')) {
    return {
      kind: 'fail',
      code: 'trainer-image',
      message: `The trainer's image could not be loaded: ${containerReason || reason}`,
    };
  }
  if (exitCode === exitCodes.released) return afterLoss(placement, detail, fleet);
  const cause = causeOfNoStart(exitCode, containerReason);
  if (cause !== undefined) return afterNoStart(placement, `${cause}${whereLogIs(fleet, logStream)}`);
  if (exitCode === EXIT_KILLED) return afterKill(job, placement, fleet);
  const ended = describe({ statusReason: reason, container: { exitCode, reason: containerReason } });
  const message = `The trainer crashed: ${ended}.${whereLogIs(fleet, logStream)}`;
  return { kind: 'fail', code: 'trainer-crashed', message };
}

/** What follows where machines were taken away, or trainers left, as often as AWS Batch repeats a job. */
const afterLoss = (placement: Placement, { attempts }: BatchJobDetail, fleet: TrainerFleet): NextStep =>
  moveOrFail(nextCapacity(placement, fleet), {
    reason: `The ${placement.capacity} machine was taken away ${attempts.length} times.`,
    code: 'machine-lost',
    advice: 'Start the job again.',
  });

/** Errors of the container agent: the container never ran. */
const NO_CONTAINER = /^(Cannot(Start|Create)Container|DockerTimeout|ResourceInitialization)/;

/** Why a trainer could not begin, in a sentence; undefined where it could. */
function causeOfNoStart(exitCode: number | undefined, containerReason: string): string | undefined {
  if (exitCode === exitCodes.storageDenied)
    return 'It may not use the bucket: see the policies of the bucket, of the role of the trainers, and of the account.';
  if (exitCode === exitCodes.notStarted) return 'It could not read its settings or the record of the job.';
  return NO_CONTAINER.test(containerReason)
    ? `Its container could not be started: ${containerReason}`
    : undefined;
}

/** One more try on a machine of the same kind, because a single machine may be at fault. */
function afterNoStart({ pool, capacity, couldNotStart = false }: Placement, cause: string): NextStep {
  const reason = `The trainer could not start. ${cause}`;
  if (couldNotStart)
    return { kind: 'fail', code: 'trainer-not-started', message: `${reason} It was tried twice.` };
  return {
    kind: 'move',
    to: { pool, capacity },
    reason: `${reason} It is tried once more.`,
    couldNotStart: true,
  };
}

function whereLogIs({ logGroup }: TrainerFleet, stream: string | undefined): string {
  if (logGroup === undefined || stream === undefined) return '';
  return ` Its log: aws logs tail ${logGroup} --log-stream-names ${stream} --since 1d`;
}

/**
 * What follows where the kernel has killed a trainer, which could not take a remedy itself. First comes a larger machine. On the
 * largest, the next attempt is told and takes the next remedy, until none is left (exit code `outOfMemory`).
 */
function afterKill({ recipe }: JobRecord, placement: Placement, fleet: TrainerFleet): NextStep {
  const { pool, capacity, submission } = placement;
  const isAllowed = (remedy: (typeof recipe.out_of_memory)[number]) => recipe.out_of_memory.includes(remedy);
  const larger = isAllowed('larger_machine') ? largerPool(placement, fleet, 'machine') : undefined;
  const canSave = recipe.out_of_memory.some((remedy) => remedy !== 'larger_machine');
  if (larger !== undefined || !canSave || submission >= MOST_SUBMISSIONS)
    return moveOrFail(larger, outOfMemory(placement));
  const reason = 'The trainer was killed because memory ran out. The next attempt takes the next remedy.';
  return { kind: 'move', to: { pool, capacity }, reason, wasKilled: true };
}

const outOfMemory = ({ pool }: Placement): Explanation => ({
  reason: `The job needs more memory than a machine of "${pool}" has.`,
  code: 'out-of-memory',
  advice:
    'Use a smaller batch_size or a smaller network, or deploy with larger machines (fovea:trainerFamilies).',
});

interface Explanation {
  readonly reason: string;
  readonly code: ErrorCode;
  readonly advice: string;
}

const moveOrFail = (to: Destination | undefined, { reason, code, advice }: Explanation): NextStep =>
  to === undefined
    ? { kind: 'fail', code, message: `${reason} ${advice}` }
    : { kind: 'move', to, reason: `${reason} The job moves to ${to.capacity} machines of "${to.pool}".` };

/** The next queue for machines of the same size. */
function nextCapacity({ pool: name, capacity }: Placement, { pools }: TrainerFleet): Destination | undefined {
  const pool = pools.find((candidate) => candidate.name === name);
  const index = pool?.queues.findIndex((queue) => queue.capacity === capacity) ?? -1;
  const next = index < 0 ? undefined : pool?.queues[index + 1];
  return next === undefined ? undefined : { pool: name, capacity: next.capacity };
}

/** Memory of a pool's machines in GB: of one GPU, and of the machine, which its processors use. */
type Memory = 'gpu' | 'machine';

/**
 * The first queue of the cheapest pool with more of the memory that ran out, and no less of a GPU's. A machine with a GPU is no larger than
 * one without: it is of another kind. More GPUs of the same memory have no more for a job: they share a batch, which remedies have made one
 * picture before.
 */
function largerPool(
  { pool: name }: Placement,
  { pools }: TrainerFleet,
  memory: Memory,
): Destination | undefined {
  const current = pools.find((candidate) => candidate.name === name);
  if (current === undefined) return undefined;
  const has = memoryOf(current);
  const [next] = pools
    .filter((pool) => {
      const other = memoryOf(pool);
      const isSameKind = other.gpu > 0 === has.gpu > 0;
      return isSameKind && other[memory] > has[memory] && other.gpu >= has.gpu;
    })
    .toSorted((a, b) => a.usdPerHour - b.usdPerHour);
  const queue = next?.queues[0];
  return next === undefined || queue === undefined
    ? undefined
    : { pool: next.name, capacity: queue.capacity };
}

function memoryOf({ machine: { name, gpu } }: TrainerPool): Readonly<Record<Memory, number>> {
  const machines: readonly Machine[] = Object.values(MACHINES);
  return {
    gpu: gpu === undefined ? 0 : findGpu(gpu).memoryGb,
    machine: machines.find(({ instanceType }) => instanceType === name)?.memoryGib ?? 0,
  };
}

type Ended = Pick<BatchJobDetail['attempts'][number], 'statusReason' | 'container'>;

function describe({ statusReason, container }: Ended): string {
  const code = container?.exitCode === undefined ? '' : `exit code ${container.exitCode}`;
  const parts = [statusReason, container?.reason, code].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? 'for a reason that AWS Batch does not tell' : parts.join(', ');
}
