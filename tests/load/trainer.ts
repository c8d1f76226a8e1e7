// Predictions while a trainer works on the same machine.

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { summarizeLoad } from '../../bench/load/generate-load.ts';
import { publishNetwork } from '../../bench/serve/publish-network.ts';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { createClient } from '../../client/create-client.ts';
import { freePort } from '../support/free-port.ts';
import {
  drawPhoto,
  type LoadLine,
  type LoadTest,
  ms,
  openDataFolder,
  predictUrl,
  send,
  startTestServer,
} from './server.ts';

const MODEL = 'photos';
const ALLOWED = 1.3;

export async function runTrainer({ folder, seconds }: LoadTest): Promise<LoadLine[]> {
  const { dataDir, store } = await openDataFolder(folder, 'trainer');
  await publishNetwork(store, { model: MODEL, architecture: 'mobilenet_v2_1.0' });
  await writeSampleDataset(path.join(dataDir, 'datasets', 'shapes'));
  const photo = await drawPhoto(500, 375, 1);
  const server = await startTestServer(dataDir, await freePort());
  try {
    const measure = async () => {
      const shortly = Math.max(5, seconds / 4);
      return summarizeLoad(await send(predictUrl(server, MODEL), [photo], shortly, { clients: 1 }), shortly)
        .p50;
    };
    await measure();
    const before = await measure();
    const api = createClient({ url: server.url });
    const { id } = await api.jobs.create({
      model: 'small_cnn',
      training_file: 'shapes',
      suffix: 'busy',
      seed: 1,
      backend: 'portable',
      hyperparameters: { n_epochs: 1000 },
    });
    for (;;) {
      const { status, progress, error } = await api.jobs.get(id);
      if (status === 'running' && progress?.stage === 'training') break;
      if (error !== null) throw new Error(`The job ended as ${status}: ${error.message}`);
      await sleep(100);
    }
    const during = await measure();
    const isTraining = (await api.jobs.get(id)).status === 'running';
    await api.jobs.cancel(id);
    while ((await api.jobs.get(id)).status === 'running') await sleep(100);
    const after = await measure();
    const alone = (before + after) / 2;
    return [
      {
        what: 'p50 beside a trainer',
        found: `${ms(during)}, ${(during / alone).toFixed(2)} × ${ms(alone)} without; ${isTraining ? 'it trained' : 'it had ended'}`,
        allowed: `at most ${ALLOWED} ×`,
        isRight: during <= ALLOWED * alone && isTraining,
      },
    ];
  } finally {
    await server.stop();
  }
}
