// What an event says of a job that is paused.

import { CHECKPOINT_DAYS } from '../../storage/keys.ts';
import type { JobRecord } from './job.ts';

/** Says that a job is paused, and, where it has progress that could be lost, until when it keeps that. */
export const pausedMessage = ({ furthest }: Pick<JobRecord, 'furthest'>): string =>
  furthest === null
    ? 'The job is paused.'
    : `The job is paused. Its last checkpoint is kept for ${CHECKPOINT_DAYS} days after it was written; resumed later, the job begins anew.`;
