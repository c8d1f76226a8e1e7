// The path parameter that names a job.

import { z } from 'zod';

const JOB_ID_MAX_LENGTH = 64;

/** The path parameters of the routes of one job. The id has at most {@link JOB_ID_MAX_LENGTH} characters. */
export const JobIdSchema = z.object({
  fine_tuning_job_id: z
    .string()
    .max(JOB_ID_MAX_LENGTH)
    .regex(/^(?!batch_)[A-Za-z0-9_-]+$/, 'must be the id of a job, such as "ftjob-…"')
    .meta({ description: 'The id of a job.', example: 'ftjob-7vr6bcd0s11f0c2a9b4e' }),
});
