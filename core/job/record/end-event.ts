// The event that webhooks are told when a job is over.

import { eventIdOf, type WebhookEvent, type WebhookEventType } from '../../webhook/webhook-event.ts';
import type { JobRecord } from './job.ts';

/** The event of a job or a batch prediction that is over: the same one, whoever asks and when. Undefined where it is not over. */
export function endEventOf(job: JobRecord): WebhookEvent | undefined {
  const type = job.prediction === undefined ? typeOfJob(job) : typeOfBatch(job);
  if (type === undefined) return undefined;
  const { id, finishedAt, createdAt } = job;
  return { id: eventIdOf(type, id), type, createdAt: finishedAt ?? createdAt, data: { id } };
}

function typeOfJob({ status }: JobRecord): WebhookEventType | undefined {
  switch (status) {
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return `fine_tuning.job.${status}`;
    default:
      return undefined;
  }
}

function typeOfBatch({ status, error }: JobRecord): WebhookEventType | undefined {
  switch (status) {
    case 'succeeded':
      return 'batch.completed';
    case 'failed':
      return error?.code === 'batch-expired' ? 'batch.expired' : 'batch.failed';
    case 'cancelled':
      return 'batch.cancelled';
    default:
      return undefined;
  }
}
