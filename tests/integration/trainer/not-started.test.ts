// A trainer that does not get as far as its job's record: its exit code alone can say why.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exitCodes } from '../../../core/environment.ts';
import { ended, startTrainer } from '../../support/trainer-process.ts';

/** Refuses whatever it is asked, as S3 does where a policy denies it. */
const server = createServer((_, response) => {
  response.writeHead(403, { 'content-type': 'application/xml' });
  response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
});
let endpoint = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const end = (storeUrl: string, ...variables: readonly string[]) =>
  ended(
    startTrainer({
      storeUrl,
      jobId: 'ftjob-1',
      prefix: ['env', '-u', 'AWS_REGION', '-u', 'AWS_DEFAULT_REGION', ...variables],
      env: {
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
        AWS_ENDPOINT_URL: endpoint,
        AWS_CONFIG_FILE: '/dev/null',
      },
    }),
  );

it('says that the bucket is denied', async () => {
  expect(await end('s3://bucket', 'AWS_REGION=eu-west-1')).toBe(exitCodes.storageDenied);
});

it('says so where no region is known, without the pauses of a storage that is away', async () => {
  expect(await end('s3://bucket')).toBe(exitCodes.storageDenied);
});

it('says that its settings are wrong', async () => {
  expect(await end('ftp://bucket')).toBe(exitCodes.notStarted);
  expect(await end('s3://bucket', 'FOVEA_IMAGE_VARIANT=quantum')).toBe(exitCodes.notStarted);
});
