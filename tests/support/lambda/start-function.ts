// The API's function as Lambda runs it, without a deployment: its bundle under AWS's runtime interface client, behind a Function URL,
// over a bucket and a secret of moto.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { environment } from '../../../core/environment.ts';
import { createS3Store } from '../../../core/storage/drivers/s3.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { runCommand } from '../cloud/run-command.ts';
import { FLEET_VARIABLE } from '../fleet.ts';
import { MOTO_CREDENTIALS } from '../start-moto.ts';
import { startS3 } from '../start-s3.ts';
import { serveFunctionUrl } from './function-url.ts';
import { installLambdaRuntime } from './install-runtime.ts';
import { startLambdaInstance } from './lambda-instance.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const BUCKET = 'function';
const SECRET = 'keys';
const MEMORY_MIB = 3538;

/** A function that answers, or why there is none. */
export type TestFunction =
  | {
      readonly url: string;
      readonly store: ObjectStore;
      readonly storeUrl: string;
      /** What another process needs to reach the bucket. */
      readonly storeEnvironment: Readonly<Record<string, string>>;
      output(): string;
      stop(): Promise<void>;
    }
  | { readonly url: undefined; readonly reason: string };

/** Builds and starts the function. @param keys API keys by their names. @param settings more of its environment. */
export async function startFunction(
  keys: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestFunction> {
  const runtime = await installLambdaRuntime();
  if (runtime.node === undefined) return { url: undefined, reason: runtime.reason };
  if (process.env['FOVEA_TEST_S3'] !== undefined)
    return {
      url: undefined,
      reason: 'FOVEA_TEST_S3 names a server of S3 alone, and the function needs a secret',
    };
  const s3 = await startS3();
  if (s3.options === undefined) return { url: undefined, reason: s3.reason };
  const stops: (() => Promise<unknown>)[] = [s3.stop];
  const stop = async () => {
    for (const end of stops.toReversed()) await end();
  };
  try {
    await s3.createBucket(BUCKET);
    const { endpoint } = s3.options;
    const secrets = new SecretsManagerClient(s3.options);
    await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: JSON.stringify(keys) }));
    secrets.destroy();
    await runCommand('npm', ['run', '--silent', 'build:function', '--', '--architecture', 'x86_64'], {
      cwd: REPOSITORY,
    });
    // As in Lambda, no package of the repository is above the function.
    const folder = await mkdtemp(path.join(tmpdir(), 'fovea-function-'));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const api = path.join(REPOSITORY, 'dist/functions-x86_64/api');
    await runCommand('cp', ['-R', `${api}/.`, folder]);
    const instance = await startLambdaInstance({
      runtime,
      folder,
      handler: 'app/main.handler',
      memoryMib: MEMORY_MIB,
      environment: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
        [environment.storeUrl]: `s3://${BUCKET}`,
        [environment.trainerFleet]: FLEET_VARIABLE,
        [environment.apiKeysSecret]: SECRET,
        ...settings,
      },
    });
    stops.push(() => instance.stop());
    const front = await serveFunctionUrl(instance);
    stops.push(() => front.stop());
    const store = createS3Store({ ...s3.options, bucket: BUCKET, prefix: '' });
    return {
      url: front.url,
      store,
      storeUrl: `s3://${BUCKET}`,
      storeEnvironment: s3.environment,
      output: () => instance.output(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
