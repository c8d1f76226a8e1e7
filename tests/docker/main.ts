// `docker compose up` for real: a dataset, a fine-tune, a prediction, containers killed at every stage, down and up.
//
//   npm run test:docker -- [--kills 10] [--seed 1] [--no-build] [--keep]

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { createS3Store } from '../../core/storage/drivers/s3.ts';
import { keys } from '../../core/storage/keys.ts';
import { canRun, runCommand } from '../support/cloud/run-command.ts';
import { createClient } from './client.ts';
import { findEngine } from './engine.ts';
import { openInstallation } from './installation.ts';
import { runKills } from './kills.ts';

const options = new Command('test:docker')
  .option('--kills <n>', 'of each container, spread over upload, training, export and prediction', Number, 1)
  .option('--seed <n>', 'of the moments', Number, 1)
  .option('--no-build', 'take the images that are there')
  .option('--keep', 'leave the containers and their data')
  .parse()
  .opts<{
    readonly kills: number;
    readonly seed: number;
    readonly build: boolean;
    readonly keep?: boolean;
  }>();

const startedMs = performance.now();
const seconds = (sinceMs: number) => `${((performance.now() - sinceMs) / 1000).toFixed(0)} s`;
const say = (what: string) => console.log(`${seconds(startedMs).padStart(6)}  ${what}`);
function check(what: string, isRight: boolean, found: unknown = ''): void {
  if (!isRight) throw new Error(`WRONG: ${what}: ${JSON.stringify(found)}`);
  say(`right: ${what}`);
}

const engine = await findEngine();
if (typeof engine === 'string') {
  console.log(`Docker is not tried: ${engine}.`);
  process.exit(0);
}
const pictures = await mkdtemp(path.join(tmpdir(), 'fovea-pictures-'));
const installation = await openInstallation(engine.compose);
let isRight = false;
try {
  await writeSampleDataset(pictures, { seed: 7 });
  if (options.build) {
    await installation.build();
    say('the images are built');
  }

  const upMs = performance.now();
  await installation.up();
  say(`up after ${seconds(upMs)}`);
  const access = await installation.access();
  const { FOVEA_API_KEY: key = '', AWS_ENDPOINT_URL_S3: endpoint = '' } = access;
  check('the first start says its key', (await installation.logs('api')).split(key).length === 2);
  const client = createClient(access);
  const hasAws = await canRun('aws', '--version');
  if (!hasAws) console.log('The AWS CLI is not there: the pictures are put by the API instead.');
  const sync = async (dataset: string) => {
    if (hasAws) {
      const target = `s3://fovea/datasets/${dataset}`;
      await runCommand('aws', ['s3', 'sync', '--quiet', pictures, target, '--endpoint-url', endpoint], {
        env: access,
      });
      return;
    }
    for (const label of await readdir(pictures))
      for (const file of await readdir(path.join(pictures, label)))
        await client.request(
          'PUT',
          `/v1/datasets/${dataset}/${label}/${file}`,
          await bytesOf(label, file),
          'image/png',
        );
  };
  const bytesOf = async (label: string, file: string) =>
    new Uint8Array(await readFile(path.join(pictures, label, file)));
  await sync('shapes');
  const dataset = await client.request('GET', '/v1/datasets/shapes');
  check('the API sees the pictures', dataset.can_train === true, dataset);

  const fineTune = (suffix: string, epochs: number) =>
    client.request(
      'POST',
      '/v1/fine_tuning/jobs',
      JSON.stringify({
        model: 'small_cnn',
        training_file: 'shapes',
        suffix,
        seed: 3,
        hyperparameters: { n_epochs: epochs },
      }),
    );
  const first = await client.ended((await fineTune('first', 3)).id);
  check('a job succeeds', first.status === 'succeeded', first.error);
  const [label = ''] = await readdir(pictures);
  const [file = ''] = await readdir(path.join(pictures, label));
  const picture = await bytesOf(label, file);
  const answer = await client.predict('first', picture);
  say(`from up to the first prediction: ${seconds(upMs)}`);

  const grant = await client.request(
    'POST',
    '/v1/uploads',
    JSON.stringify({ bytes: picture.byteLength, mime_type: 'image/png' }),
  );
  check('an upload link is for clients outside', new URL(grant.url).origin === endpoint, grant.url);
  const put = { method: grant.method, headers: grant.headers, body: picture };
  check('a presigned upload is taken', (await fetch(grant.url, put)).status === 200);
  check('and no second one', (await fetch(grant.url, put)).status === 412);
  const byKey = await client.request(
    'POST',
    '/v1/models/first/predict',
    JSON.stringify({ image_key: grant.key }),
  );
  check('the upload is predicted', byKey.label === answer.label, byKey);

  const store = createS3Store({
    bucket: 'fovea',
    endpoint,
    region: access['AWS_DEFAULT_REGION'] ?? '',
    credentials: {
      accessKeyId: access['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: access['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  });
  const countPictures = async (dataset: string) => {
    let count = 0;
    for await (const _ of store.list(keys.dataset(dataset))) count++;
    return count;
  };
  await runKills({
    countPictures,
    installation,
    client,
    picture,
    fineTune,
    answer,
    check,
    kills: options.kills,
    seed: options.seed,
  });

  await installation.down();
  await installation.up();
  const again = await installation.access();
  check('down and up keep the keys', JSON.stringify(again) === JSON.stringify(access));
  const later = await client.predict('first', picture);
  check('and the models', later.label === answer.label && later.score === answer.score, later);
  await installation.down('-v');
  await installation.up();
  check('down -v makes new keys', (await installation.access())['FOVEA_API_KEY'] !== key);
  isRight = true;
} finally {
  if (options.keep !== true) await installation.remove();
  await rm(pictures, { recursive: true, force: true });
  if (options.keep !== true) await engine.stop();
}
say(isRight ? 'all right' : 'WRONG');
process.exit(isRight ? 0 : 1);
