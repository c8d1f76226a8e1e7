// Kills each container while pictures come in, a job trains, a model is exported and pictures are predicted. What was acknowledged
// must still be there, and the work go on by itself.

import { setTimeout as sleep } from 'node:timers/promises';
import { uniformAt } from '../../core/random.ts';
import type { AnyJson } from '../support/test-app.ts';
import type { Client } from './client.ts';
import { type Installation, SERVICES } from './installation.ts';

/** What the kills go through. */
export interface KillsOptions {
  readonly installation: Installation;
  readonly client: Client;
  readonly picture: Uint8Array<ArrayBuffer>;
  readonly fineTune: (suffix: string, epochs: number) => Promise<AnyJson>;
  /** What model `first` says of the picture. */
  readonly answer: AnyJson;
  readonly check: (what: string, isRight: boolean, found?: unknown) => void;
  /** Objects of a dataset in the bucket. */
  readonly countPictures: (dataset: string) => Promise<number>;
  /** Of each container. */
  readonly kills: number;
  readonly seed: number;
}

const STAGES = ['training', 'upload', 'prediction', 'export'] as const;
const UPLOADS = 30;
const EPOCHS = 12;

export async function runKills(options: KillsOptions): Promise<void> {
  const { installation, client, picture, answer, check } = options;
  let moments = 0;
  const models: string[] = [];
  let uploaded = 0;
  let id = 0;

  const killSoon = async (service: (typeof SERVICES)[number], withinMs: number) => {
    await sleep(uniformAt(options.seed, moments++) * withinMs);
    await installation.kill(service);
  };
  const during = {
    async upload(service: (typeof SERVICES)[number]) {
      const put = async () => {
        for (let i = 0; i < UPLOADS; i++) {
          await client.request('PUT', `/v1/datasets/kept/all/${uploaded}.png`, picture, 'image/png');
          uploaded++;
        }
      };
      await Promise.all([put(), killSoon(service, 1000)]);
    },
    async training(service: (typeof SERVICES)[number]) {
      const model = `killed-${++id}`;
      const job = await options.fineTune(model, EPOCHS);
      await client.until('an epoch', async () =>
        (await client.events(job.id)).some(({ type }) => type === 'metrics') ? true : undefined,
      );
      await killSoon(service, 500);
      await finish(job.id, model);
    },
    async export(service: (typeof SERVICES)[number]) {
      const model = `killed-${++id}`;
      const job = await options.fineTune(model, 2);
      // The last epoch's metrics come just before the export.
      await client.until('the last epoch', async () => {
        const metrics = (await client.events(job.id)).filter(({ type }) => type === 'metrics');
        return metrics.length >= 2 || (await client.job(job.id)).finished_at !== null ? true : undefined;
      });
      await killSoon(service, 2000);
      await finish(job.id, model);
    },
    async prediction(service: (typeof SERVICES)[number]) {
      const predict = async () => {
        for (let i = 0; i < UPLOADS; i++) await isSame('first');
      };
      await Promise.all([predict(), killSoon(service, 1000)]);
    },
  };
  async function finish(jobId: string, model: string) {
    const job = await client.ended(jobId);
    if (job.status !== 'succeeded') throw new Error(`${jobId}: ${JSON.stringify(job.error)}`);
    models.push(model);
  }
  async function isSame(model: string) {
    const { label, score } = await client.predict(model, picture);
    if (label !== answer.label || score !== answer.score)
      throw new Error(`"${model}" says ${label} ${score}, not ${answer.label} ${answer.score}.`);
  }

  for (let kill = 0; kill < options.kills; kill++)
    for (const service of SERVICES)
      for (const stage of options.kills === 1 && service !== 'worker'
        ? STAGES.slice(1, 3)
        : [STAGES[kill % STAGES.length] ?? 'upload']) {
        await during[stage](service);
        await installation.untilReady();
        await isSame('first');
        for (const model of models) await client.predict(model, picture);
        if (uploaded > 0) {
          const found = await options.countPictures('kept');
          if (found !== uploaded)
            throw new Error(`${uploaded} pictures were acknowledged, and ${found} are there.`);
        }
        check(`${service} is killed during ${stage}, and nothing is lost`, true);
      }
}
