// A mislabelled picture through the API alone: found, moved to its class, trained on anew, and deleted without a trace. The store
// keeps every version of every object until it is erased, and all of them are searched.

import { expect, it } from 'vitest';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';
import { makePattern } from '../../support/make-dataset.ts';
import { runAttempt } from '../../support/run-attempt.ts';
import { createTestApp } from '../../support/test-app.ts';
import { createVersionedStore } from '../../support/versioned-store.ts';

const NAME = 'qx7wrong.jpg';
const [RIGHT, WRONG] = ['apple', 'pear'] as const;

it('a mislabelled picture is found, moved, trained on anew, and deleted without a trace', async () => {
  const store = createVersionedStore();
  const test = createTestApp({ store });
  const send = async (method: string, path: string, body?: object) => {
    const answer = await test.send(method, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  };
  const put = async (path: string, bytes: Uint8Array) => {
    const init = { method: 'PUT', body: Uint8Array.from(bytes) };
    expect((await test.app.request(`/v1/datasets/shapes/${path}`, init)).status).toBe(200);
  };
  for (let index = 0; index < 12; index++) {
    await put(`${RIGHT}/${index}.png`, await makePattern(index));
    await put(`${WRONG}/${index}.png`, await makePattern(100 + index));
  }
  // A picture that somebody saved again and put into the wrong class.
  const picture = await makePattern(3, 'jpeg');
  await put(`${WRONG}/${NAME}`, picture);

  await importBackbone(
    { store, now: Date.now },
    {
      name: 'small',
      onnx: foreignModel({ output: 'vector' }),
      layout: 'nchw',
      preprocessing: 'tf',
      output: 'vector',
      outputLayout: 'nchw',
    },
  );
  const train = async () => {
    const { id } = await send('POST', '/v1/fine_tuning/jobs', {
      training_file: 'shapes',
      model: 'onnx:small',
      suffix: 'shapes',
      seed: 3,
      hyperparameters: { n_epochs: 1 },
      backend: 'portable',
    });
    expect(await runAttempt({ store, jobs: test.jobs }, id)).toBe('succeeded');
  };
  await train();

  const files = '/v1/datasets/shapes/files';
  const suspects = (await send('GET', `${files}?finding=near-duplicate-across-classes`)).data;
  expect(suspects.map(({ path }: { path: string }) => path)).toContain(`${WRONG}/${NAME}`);
  const moved = await send('POST', `${files}/move`, { paths: [`${WRONG}/${NAME}`], class: RIGHT });
  expect(moved.data).toEqual([{ path: `${WRONG}/${NAME}`, moved_to: `${RIGHT}/${NAME}`, error: null }]);
  expect((await send('GET', `${files}?finding=near-duplicate-across-classes`)).data).toEqual([]);
  await train();

  const hash = contentHashOf(picture);
  const traces = [NAME, hash, Buffer.from(hash, 'hex').subarray(0, 16), Buffer.from(picture)];
  const found = () =>
    [...store.versions].flatMap(([key, bodies]) =>
      key.includes(NAME) || bodies.some((body) => traces.some((trace) => body.includes(trace))) ? [key] : [],
    );
  expect(found().some((key) => key.startsWith('cache/features/'))).toBe(true);
  const paths2 = [`${WRONG}/${NAME}`, `${RIGHT}/${NAME}`];
  const { also_held_by: holders } = await send('POST', `${files}/delete`, { paths: paths2 });
  // What is left is where the answer says.
  const named = holders.map(({ object, model, version, id }: Record<string, string>) =>
    object === 'model.version' ? `models/${model}/${version}/` : `jobs/${id}/`,
  );
  expect(named).toEqual(expect.arrayContaining(['models/shapes/1/', 'models/shapes/2/']));
  const left = found();
  expect(left.filter((key) => !named.some((prefix: string) => key.startsWith(prefix)))).toEqual([]);
  // The first job's event names the finding.
  expect(left.some((key) => key.startsWith('jobs/'))).toBe(true);

  await send('DELETE', '/v1/models/shapes');
  for (const { object, id } of holders)
    if (object === 'fine_tuning.job') await send('DELETE', `/v1/fine_tuning/jobs/${id}`);
  expect(found()).toEqual([]);
  await send('GET', '/v1/datasets/shapes');
  expect(found()).toEqual([]);
});
