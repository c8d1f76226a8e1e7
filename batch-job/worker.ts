// Entry point of `fovea worker`, also in a container of the trainer's image: takes jobs of a store until a signal ends it.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { environment as names } from '../core/environment.ts';
import { isFoveaError } from '../core/errors/errors.ts';
import { numberText } from '../core/number-text.ts';
import { BACKEND_OF_IMAGE, IMAGE_VARIANTS } from './image-variants.ts';
import { runWorker } from './run-worker.ts';

const EnvironmentSchema = z.object({
  [names.storeUrl]: z.string(),
  [names.workerName]: z.string().min(1).max(100).optional(),
  [names.workerPollSeconds]: numberText(z.number().positive()).optional(),
  [names.workerGraceSeconds]: numberText(z.number().nonnegative()).default(30),
  [names.usdPerHour]: numberText(z.number().nonnegative()).optional(),
  [names.weightsDir]: z.string().optional(),
  [names.memoryLimitBytes]: numberText(z.number().int().positive()).optional(),
  FOVEA_IMAGE_VARIANT: z.enum(IMAGE_VARIANTS).optional(),
});

const SECOND_MS = 1000;

const parsed = EnvironmentSchema.safeParse(process.env);
if (!parsed.success) {
  console.error(
    `Environment variables of the worker are missing or wrong.\n${z.prettifyError(parsed.error)}`,
  );
  process.exit(2);
}
const env = parsed.data;
const stopping = new AbortController();
const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
// The command that started it was killed.
process.once('disconnect', () => stopping.abort());

try {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
  const pollSeconds = env[names.workerPollSeconds];
  const variant = env.FOVEA_IMAGE_VARIANT;
  const stop = await runWorker(
    {
      storeUrl: env[names.storeUrl],
      name: env[names.workerName],
      usdPerHour: env[names.usdPerHour],
      weightsDir: env[names.weightsDir],
      memoryLimitBytes: env[names.memoryLimitBytes],
      imageBackend: variant && BACKEND_OF_IMAGE[variant],
      pollMs: pollSeconds && pollSeconds * SECOND_MS,
      graceMs: env[names.workerGraceSeconds] * SECOND_MS,
      version,
    },
    stopping.signal,
  );
  await stopped;
  console.log('Stopping: the trainer saves a checkpoint, and its job goes back into the queue …');
  await stop();
  process.exit(0);
} catch (error) {
  if (stopping.signal.aborted) process.exit(0);
  console.error(isFoveaError(error) ? `fovea worker: ${error.message}` : error);
  process.exit(1);
}
