// A program of a user: creates a job and reads it, by types that openapi-typescript makes. Checked and run by ../main.ts,
// which puts those types beside it.

import createClient from 'openapi-fetch';
import type { paths } from './generated.ts';

const [baseUrl = '', dataset = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

const { data: created, error } = await client.POST('/v1/fine_tuning/jobs', {
  body: {
    model: 'small_cnn',
    training_file: dataset,
    hyperparameters: { n_epochs: 1, batch_size: 'auto' },
    recipe: { augmentation: { flip: 0.5 }, first_layer_rate: 'auto' },
    sweep: { learning_rate_multiplier: ['auto', 0.3] },
  },
});
if (created?.object !== 'fine_tuning.job') throw new Error(`No job was made: ${error?.error?.message}`);
const seconds: number | undefined = created.estimate?.seconds;

const path = '/v1/fine_tuning/jobs/{fine_tuning_job_id}';
const read = await client.GET(path, { params: { path: { fine_tuning_job_id: created.id } } });
if (read.data?.id !== created.id) throw new Error('The job was not found again.');
const loss: number | null | undefined = read.data.progress?.loss;

const missing = await client.GET(path, { params: { path: { fine_tuning_job_id: 'ftjob-none' } } });
const code: string | undefined = missing.response.status === 404 ? missing.error?.error?.code : undefined;
if (code !== 'job-not-found') throw new Error(`A job that is not there gave ${code}.`);

console.log(`${read.data.status}, estimate ${seconds} s, loss ${loss ?? 'not known'}`);
