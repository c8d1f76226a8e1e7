// The programs below infra/ where AWS is reached through a proxy alone: a stand-in for AWS by https under a name that only the proxy knows.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standInVariables } from '../support/cloud/deploy.ts';
import { runCommand } from '../support/cloud/run-command.ts';
import { CERTIFICATE, type HttpsServer, startHttpsServer } from '../support/https-server.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';
import { type LocalProxy, startProxy } from '../support/start-proxy.ts';

const PROGRAMS = fileURLToPath(new URL('../../infra', import.meta.url));
/** No server of names has it. */
const HOST = 'aws.pictures.test';
/** A role that is taken with the keys of the environment: the credentials themselves are asked for. */
const PROFILE = `[profile through]
role_arn = arn:aws:iam::123456789012:role/someone
credential_source = Environment
region = us-east-1
`;

const moto = await startMoto({ withStack: true });
if (moto.endpoint === undefined) console.warn(`Nobody is asked through a proxy: ${moto.reason}.`);

describe.skipIf(moto.endpoint === undefined)('programs that ask AWS through a proxy', () => {
  const { endpoint, stop } = moto as Extract<typeof moto, { endpoint: string }>;
  const options = { endpoint, region: 'us-east-1', credentials: MOTO_CREDENTIALS };
  let front: HttpsServer;
  let proxy: LocalProxy;
  let home = '';
  beforeAll(async () => {
    front = await startHttpsServer((incoming, answer) => {
      const { method, url = '/' } = incoming;
      // moto takes the first part of another host's name for a bucket.
      const headers = { ...incoming.headers, host: new URL(endpoint).host };
      const passed = request(new URL(url, endpoint), { method, headers }, (from) => {
        answer.writeHead(from.statusCode ?? 500, from.headers);
        from.pipe(answer);
      });
      incoming.pipe(passed);
    });
    proxy = await startProxy(front.port);
    home = await mkdtemp(path.join(tmpdir(), 'fovea-home-'));
    await mkdir(path.join(home, '.aws'));
    await writeFile(path.join(home, '.aws/config'), PROFILE);
    await writeFile(path.join(home, 'certificate.pem'), CERTIFICATE);
  });
  afterAll(async () => {
    await Promise.all([stop(), front.stop(), proxy.stop()]);
    await rm(home, { recursive: true, force: true });
  });

  const run = (program: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>) =>
    runCommand(process.execPath, ['--import', 'tsx', path.join(PROGRAMS, program), ...args], {
      env: {
        ...standInVariables(endpoint),
        AWS_ENDPOINT_URL: `https://${HOST}`,
        AWS_PROFILE: undefined,
        HTTPS_PROXY: proxy.url,
        https_proxy: undefined,
        NO_PROXY: undefined,
        no_proxy: undefined,
        NODE_EXTRA_CA_CERTS: path.join(home, 'certificate.pem'),
        HOME: home,
        CDK_DOCKER: 'no-such-engine',
        ...env,
      },
    });
  const identityOf = async (env: Readonly<Record<string, string | undefined>>) =>
    JSON.parse(await run('doctor.ts', [], env)).checks.find(
      ({ name }: { name: string }) => name === 'credentials',
    );

  it('ask for the account, and for the credentials of a role', async () => {
    expect(await identityOf({})).toMatchObject({ state: 'ok' });
    expect(await identityOf({ AWS_PROFILE: 'through' })).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('assumed-role/someone/'),
    });
    expect(new Set(proxy.hosts)).toEqual(new Set([`${HOST}:443`]));
  });

  it('read the key, and look at the bucket that remains', async () => {
    const { ARN = '' } = await new SecretsManagerClient(options).send(
      new CreateSecretCommand({ Name: 'keys', SecretString: '{"default":"the-key"}' }),
    );
    await new S3Client({ ...options, forcePathStyle: true }).send(
      new CreateBucketCommand({ Bucket: 'remains' }),
    );
    expect(await run('read-key.ts', [ARN], {})).toBe('the-key\n');
    expect(await run('remove-remains.ts', ['remains'], {})).toMatch(/holds 0 versions/);
  });

  it('reach directly what NO_PROXY names, and say which proxies they do not know', async () => {
    const before = proxy.hosts.length;
    const direct = { AWS_ENDPOINT_URL: `https://127.0.0.1:${front.port}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await identityOf({ ...direct, NO_PROXY: '127.0.0.1' })).toMatchObject({ state: 'ok' });
    expect(proxy.hosts).toHaveLength(before);
    expect(await identityOf({ HTTPS_PROXY: 'socks5://me:secret@127.0.0.1:9' })).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(/^(?!.*secret).*HTTPS_PROXY must begin with http/),
    });
  });
});
