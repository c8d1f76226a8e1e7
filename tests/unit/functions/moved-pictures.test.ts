// Pictures that are moved and then deleted: what names them by a former path is named, and nothing else is left of them.

import { describe, expect, it } from 'vitest';
import { runBatch } from '../../../batch-job/run-batch.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { knownHashes } from '../../../core/dataset/known-files.ts';
import { SplitFractionsSchema } from '../../../core/job/record/job.ts';
import { keys } from '../../../core/storage/keys.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { COLORS, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { newJob } from '../../support/new-job.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';
import { createVersionedStore } from '../../support/versioned-store.ts';

const NAME = 'qx7secret.png';
const OLD = `red/${NAME}`;

/** A dataset with a picture in a wrong class, and a model that was trained on it. */
async function openApp() {
  const store = createVersionedStore();
  const test = createTestApp({ store });
  for (const color of COLORS) await store.put(`datasets/pets/${color}/1.png`, await colorPicture(color));
  const picture = await makePattern(1);
  await store.put(`datasets/pets/${OLD}`, picture);
  await commitColorModel(store, { dataset: 'pets' });
  const send = async (method: string, path: string, body?: object): Promise<AnyJson> => {
    const answer = await test.send(method, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const runOf = async (path: string, body: object): Promise<string> => {
    test.clock.nowMs += 1000;
    const { id } = await send('POST', path, body);
    await runBatch(batchDepsOf(test), id);
    return id;
  };
  const move = (path: string, label: string, dataset = 'pets') =>
    send('POST', `/v1/datasets/${dataset}/files/move`, { paths: [path], class: label });
  const remove = (path: string, dataset = 'pets') =>
    send('POST', `/v1/datasets/${dataset}/files/delete`, { paths: [path] });
  const hash = contentHashOf(picture);
  const traces = [NAME, hash, Buffer.from(hash, 'hex').subarray(0, 16), Buffer.from(picture)];
  /** Keys of all objects that have a trace of the picture in any of their versions. */
  const found = () =>
    [...store.versions].flatMap(([key, bodies]) =>
      key.includes(NAME) || bodies.some((body) => traces.some((trace) => body.includes(trace))) ? [key] : [],
    );
  return { ...test, store, picture, send, runOf, move, remove, found };
}
type Opened = Awaited<ReturnType<typeof openApp>>;

const predictAll = (test: Opened) =>
  test.runOf('/v1/batches', { model: 'color', input_prefix: 'datasets/pets/' });
const namedBatch = (id: string) => ({ object: 'batch', id, holds: ['input_list', 'results'] });
const inspect = async ({ store }: Opened) =>
  recordSnapshot(store, await inspectDataset(store, 'pets', { split: SplitFractionsSchema.parse({}) }));

describe('a picture that was moved and is deleted', () => {
  it('is named wherever a former path is, and leaves nothing else', async () => {
    const test = await openApp();
    const batch = await predictAll(test);
    const evaluation = await test.runOf('/v1/models/color/evaluate', { dataset: 'pets' });
    const { id: job } = await test.jobs.create(newJob({ dataset: 'pets' }));
    await test.jobs.requestCancel(job);
    const message = `see datasets/pets/${OLD}`;
    await test.jobs.appendEvent(job, { level: 'info', type: 'message', message, data: null });
    // As earlier versions wrote it, without the picture's hash.
    const report = keys.modelFile('color', '1', 'report.json');
    await test.store.put(report, JSON.stringify({ suspects: [{ key: `datasets/pets/${OLD}` }] }));

    await test.move(OLD, 'green');
    await test.send('GET', '/v1/datasets/pets');
    await test.move(`green/${NAME}`, 'yellow');
    await test.send('POST', '/v1/datasets/pets/classes/yellow/rename', { class: 'gold' });
    const later = await predictAll(test);
    await test.send('POST', '/v1/datasets/pets/rename', { name: 'zoo' });
    await test.move(`gold/${NAME}`, 'blue', 'zoo');
    await test.send('GET', '/v1/datasets/zoo');
    const { also_held_by: holders } = await test.remove(`blue/${NAME}`, 'zoo');
    expect(holders).toEqual([
      expect.objectContaining({ object: 'model.version', holds: ['weights', 'golden_pictures', 'report'] }),
      { object: 'fine_tuning.job', id: job, holds: ['events'] },
      ...[later, evaluation, batch].map(namedBatch),
    ]);
    const named = [`jobs/${job}/`, 'models/color/1/', ...[later, evaluation, batch].map(keys.jobFiles)];
    expect(test.found().filter((key) => !named.some((prefix) => key.startsWith(prefix)))).toEqual([]);
  });

  it('leaves nothing where no inspection was in between, and another picture at its old path stays known', async () => {
    const test = await openApp();
    await test.store.put(`datasets/pets/green/other.png`, await makePattern(2));
    await test.send('GET', '/v1/datasets/pets');
    await test.move(OLD, 'blue');
    const other = await makePattern(3);
    await test.move('green/other.png', 'blue');
    await test.store.put('datasets/pets/green/other.png', other);
    await inspect(test);
    await test.remove(`blue/${NAME}`);
    expect(test.found()).toEqual([]);
    await test.remove('blue/other.png');
    const known = await knownHashes(test.store, 'pets');
    expect([...(known.get('green/other.png')?.values() ?? [])]).toEqual([contentHashOf(other)]);
    expect(known.has('red/1.png')).toBe(true);
  });

  it('is named after a move that left no record: by the class in which a job saw it, or by an inspection', async () => {
    for (const forgets of [true, false]) {
      const test = await openApp();
      const batch = await predictAll(test);
      await inspect(test);
      if (forgets) await test.store.eraseAll(keys.datasetInspections('pets'));
      const path = forgets ? `green/${NAME.replace('.', '-2.')}` : 'green/renamed.png';
      await test.store.put(`datasets/pets/${path}`, test.picture);
      await test.store.erase(`datasets/pets/${OLD}`);
      expect((await test.remove(path)).also_held_by, String(forgets)).toContainEqual(namedBatch(batch));
      expect(test.found().filter((key) => !/^(batches|splits)[/]/.test(key))).toEqual([]);
    }
  });

  it('is not named by the path of a copy that is still there', async () => {
    const test = await openApp();
    const batch = await predictAll(test);
    await test.store.put('datasets/pets/green/copy.png', test.picture);
    await test.send('GET', '/v1/datasets/pets');
    expect((await test.remove('green/copy.png')).also_held_by).not.toContainEqual(namedBatch(batch));
  });

  it('keeps its former paths through a move that is repeated or goes back', async () => {
    const test = await openApp();
    const batch = await predictAll(test);
    const record = keys.formerPaths('pets');
    await test.move(OLD, 'green');
    await test.move(`green/${NAME}`, 'red');
    await test.move(OLD, 'green');
    const found = [...test.store.versions.keys()].filter((key) => key.startsWith(record));
    expect(found).toHaveLength(1);
    expect((await test.remove(`green/${NAME}`)).also_held_by).toContainEqual(namedBatch(batch));
    expect([...test.store.versions.keys()].filter((key) => key.startsWith(record))).toEqual([]);
  });
});
