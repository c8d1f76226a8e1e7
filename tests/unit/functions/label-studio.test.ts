// A model as the backend of Label Studio, as its connector asks; tests/protocols asks by the connector itself.

import { beforeAll, describe, expect, it } from 'vitest';
import { FoveaError } from '../../../core/errors/errors.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const KEY = 'a-key-of-a-test-that-is-long-enough';
const BASIC = { authorization: `Basic ${Buffer.from(`anybody:${KEY}`).toString('base64')}` };
const CONFIG = `<View>
  <!-- <Choices name="old" toName="image"><Choice value="red"/></Choices> -->
  <Image name="image" value="$picture" zoom='true'/>
  <Choices name="color" toName="image" choice="single">
    <Choice value="Rot &amp; so" alias="red"/><Choice value="blue"><Choice value="other"/></Choice>
  </Choices>
</View>`;
let test: TestApp;
const pictures: Record<string, string> = {};
let fetched: string[] = [];

beforeAll(async () => {
  test = createTestApp({
    apiKeys: async () => ({ tester: KEY }),
    fetchPicture: async (url) => {
      fetched.push(url);
      throw new FoveaError('image-url-unreachable', 'Nothing there.');
    },
  });
  await commitColorModel(test.store);
  await commitColorModel(test.store, { version: '2' });
  for (const color of ['red', 'green', 'blue'] as const) {
    const bytes = await colorPicture(color);
    await test.store.put(`datasets/my pets/${color}/1.png`, bytes);
    pictures[color] = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
  }
});

const ask = (call: string, body: object, app = test) =>
  app.send('POST', `/label-studio/color/${call}`, body, BASIC);
const predict = (places: readonly unknown[], config = CONFIG, app = test) =>
  ask(
    'predict',
    { tasks: places.map((picture, id) => ({ id, data: { picture } })), label_config: config, project: '1.2' },
    app,
  );

describe('a model as the backend of Label Studio', () => {
  it('is connected: health, setup with the version, versions', async () => {
    expect((await test.send('GET', '/label-studio/color/health', undefined, BASIC)).body.status).toBe('UP');
    const setup = { project: '1.2', schema: CONFIG, hostname: 'http://localhost', access_token: 'secret' };
    expect((await ask('setup', setup)).body).toEqual({ model_version: 'color:2' });
    expect((await test.send('GET', '/label-studio/color/versions', undefined, BASIC)).body.versions).toEqual([
      'color:2',
      'color:1',
    ]);
    expect((await ask('webhook', { action: 'START_TRAINING' })).status).toBe(200);
    expect(test.logLines.join()).not.toContain('secret');
    expect((await test.send('GET', '/label-studio/none/versions', undefined, BASIC)).status).toBe(404);
  });

  it('answers tasks with choices, by their alias, and the score by which they are ordered', async () => {
    const { status, body } = await predict([pictures['red'], pictures['green'], pictures['blue']]);
    expect(status).toBe(200);
    expect(body.model_version).toBe('color:2');
    const [red, green, blue] = body.results;
    expect(red).toEqual({
      result: [
        {
          from_name: 'color',
          to_name: 'image',
          type: 'choices',
          value: { choices: ['red'] },
          score: red.score,
        },
      ],
      score: expect.any(Number),
      model_version: 'color:2',
    });
    expect(red.score).toBeGreaterThan(0.9);
    expect(blue.result[0].value.choices).toEqual(['blue']);
    // Green is no choice of this project, so the model is not sure of any.
    expect(green.score).toBeLessThan(0.1);
  });

  it('reads pictures of datasets, also by an address of its own, and fetches others', async () => {
    fetched = [];
    const own = 'http://localhost/v1/datasets/my%20pets/files/content?path=blue/1.png';
    const places = [
      'datasets/my pets/red/1.png',
      own,
      'https://example.com/a.png',
      '/data/upload/1/a.png',
      7,
      'datasets/my pets/red/9.png',
    ];
    const { results } = (await predict(places)).body;
    const choices = results.map(
      ({ result, error }: { result: { value: object }[]; error?: { code: string } }) =>
        result[0]?.value ?? error?.code,
    );
    expect(choices).toEqual([
      { choices: ['red'] },
      { choices: ['blue'] },
      'image-url-unreachable',
      'image-key-invalid',
      'image-key-invalid',
      'dataset-file-not-found',
    ]);
    expect(fetched).toEqual(['https://example.com/a.png']);
    const closed = createTestApp({ store: test.store, apiKeys: async () => ({ tester: KEY }) });
    const answer = await predict(['https://example.com/a.png', pictures['red']], CONFIG, closed);
    expect(answer.body.results).toMatchObject([{ error: { code: 'image-url-refused' } }, { result: [{}] }]);
  });

  it('gives pictures of datasets to no key that may not see them', async () => {
    const app = test.send;
    const operator = { authorization: `Bearer ${KEY}` };
    const made = await app('POST', '/v1/keys', { name: 'labels', scopes: ['predict'] }, operator);
    const headers = { authorization: `Bearer ${made.body.secret ?? made.body.key}` };
    const body = { tasks: [{ data: { picture: 'datasets/my pets/red/1.png' } }], label_config: CONFIG };
    const refused = await app('POST', '/label-studio/color/predict', body, headers);
    expect([refused.status, refused.body.code]).toEqual([403, 'scope-missing']);
  });

  it.each([
    ['no choices', '<View><Image name="image" value="$picture"/></View>', /<Choices> for an <Image>/],
    [
      'choices over a text',
      '<View><Text name="t" value="$t"/><Choices name="c" toName="t"/></View>',
      /<Choices>/,
    ],
    ['no field', '<View><Image name="i" value="a"/><Choices name="c" toName="i"/></View>', /names no field/],
    [
      'no common label',
      '<View><Image name="i" value="$a"/><Choices name="c" toName="i"><Choice value="cat"/></Choices></View>',
      /"cat"/,
    ],
  ])('refuses a configuration with %s', async (_, schema, message) => {
    const { status, body } = await ask('setup', { schema });
    expect(status).toBe(400);
    expect(body.error).toMatch(message);
  });

  it('takes any label where tasks bring the choices', async () => {
    const config =
      '<View><Image name="i" value="$picture"/><Choices name="c" toName="i" value="$options"/></View>';
    expect((await predict([pictures['green']], config)).body.results[0].result[0].value.choices).toEqual([
      'green',
    ]);
  });
});
