// The function of the API where workers run all jobs: it is told of no machines.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';

const folder = await mkdtemp(path.join(tmpdir(), 'fovea-lambda-'));
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true, force: true });
});

it('starts without machines, and says that the others need some', async () => {
  // What Lambda's runtime provides.
  vi.stubGlobal('awslambda', { streamifyResponse: (handler: unknown) => handler });
  for (const [name, value] of Object.entries({
    FOVEA_STORE_URL: pathToFileURL(folder).href,
    FOVEA_QUEUE: 'workers',
    FOVEA_API_KEYS_SECRET: 'keys',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
    AWS_REGION: 'eu-west-1',
  }))
    vi.stubEnv(name, value);
  const { handler } = await import('../../../functions/lambda.ts');
  expect(handler).toBeTypeOf('function');
  const { queueOfDeployment } = await import('../../../functions/queue-of-deployment.ts');
  const deps = { fleet: undefined, now: Date.now } as never;
  expect(() => queueOfDeployment('workers', deps)).not.toThrow();
  expect(() => queueOfDeployment('batch', deps)).toThrow(/FOVEA_TRAINER_FLEET is not set.*FOVEA_QUEUE=batch/);
});
