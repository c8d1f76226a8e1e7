import { beforeEach, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const FEEDBACK = '/v1/predictions/pred-abc/feedback';
const OPERATOR = 'the-key-of-the-operator';

let test: TestApp;
let body: { model: string; label: string; image: string; consent: boolean };
beforeEach(async () => {
  test = createTestApp({ keepsFeedback: true });
  await commitColorModel(test.store);
  const image = Buffer.from(await colorPicture('red')).toString('base64');
  body = { model: 'color', label: 'green', image, consent: true };
});

async function kept(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of test.store.list('datasets/')) found.push(key);
  return found;
}

describe('feedback', () => {
  it('keeps the picture in a dataset of the model, once for each label', async () => {
    const first = await test.send('POST', FEEDBACK, body);
    expect(first).toMatchObject({
      status: 200,
      body: {
        object: 'prediction.feedback',
        prediction: 'pred-abc',
        model: 'color',
        label: 'green',
        dataset: 'color-feedback',
        path: expect.stringMatching(/^green\/[0-9a-f]{32}\.png$/),
        kept_days: null,
        created: true,
      },
    });
    const again = await test.send('POST', FEEDBACK, { ...body, model: 'color:1' });
    expect(again.body).toEqual({ ...first.body, created: false });
    expect(await kept()).toEqual([`datasets/color-feedback/${first.body.path}`]);
  });

  it('says after how many days the picture is deleted, where the operator has set them', async () => {
    const limited = createTestApp({ store: test.store, keepsFeedback: true, keepDays: { feedback: 180 } });
    expect((await limited.send('POST', FEEDBACK, body)).body.kept_days).toBe(180);
  });

  it('is a dataset like any other: inspected, corrected, and deleted for good', async () => {
    const { path } = (await test.send('POST', FEEDBACK, body)).body;
    const files = '/v1/datasets/color-feedback/files';
    expect((await test.send('GET', files)).body.data).toMatchObject([{ path, class: 'green' }]);
    const moved = await test.send('POST', `${files}/move`, { paths: [path], class: 'red' });
    expect(moved.body.data[0].error).toBeNull();
    await test.send('POST', `${files}/delete`, { paths: [moved.body.data[0].moved_to] });
    expect(await kept()).toEqual([]);
  });

  it('takes the key of an upload', async () => {
    const key = 'uploads/upload-2f1c1f7e-3c39-4b9c-9f6e-0a3b5d6c7e8f';
    const { image, ...rest } = body;
    expect((await test.send('POST', FEEDBACK, { ...rest, image_key: key })).status).toBe(404);
    await test.store.put(key, Buffer.from(image, 'base64'));
    expect((await test.send('POST', FEEDBACK, { ...rest, image_key: key })).body.created).toBe(true);
  });

  it('is kept nowhere unless the operator allows it and the owner agrees', async () => {
    const off = createTestApp({ store: test.store });
    const refused = await off.send('POST', FEEDBACK, body);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'feedback-off']);
    expect(refused.body.error.message).toMatch(/--feedback.*fovea:feedback/);
    for (const consent of [false, undefined, 'true']) {
      const { status, body: answer } = await test.send('POST', FEEDBACK, { ...body, consent });
      expect([status, answer.error.code, answer.error.param]).toEqual([400, 'request-invalid', 'consent']);
    }
    expect(await kept()).toEqual([]);
  });

  it.each([
    ['a label that the model has not', { label: 'gren' }, 400, 'label-unknown'],
    ['a label that leads elsewhere', { label: '../x' }, 400, 'label-unknown'],
    ['a model that there is not', { model: 'other' }, 404, 'model-not-found'],
    ['what is no picture', { image: 'aaaa' }, 415, 'image-unsupported'],
    ['what is no base64', { image: 'https://pictures.test/1.png' }, 400, 'base64-invalid'],
    ['two pictures', { image_key: 'uploads/x' }, 400, 'request-invalid'],
    ['no picture', { image: undefined }, 400, 'request-invalid'],
  ])('refuses %s', async (_, change, status, code) => {
    const answer = await test.send('POST', FEEDBACK, { ...body, ...change });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(await kept()).toEqual([]);
  });

  it('fills no dataset that the key may not use', async () => {
    const guarded = createTestApp({
      store: test.store,
      keepsFeedback: true,
      apiKeys: async () => ({ operator: OPERATOR }),
    });
    const send = async (name: string, datasets?: string[]) => {
      const key = { name, scopes: ['predict'], datasets };
      const operator = { authorization: `Bearer ${OPERATOR}` };
      const { secret } = (await guarded.send('POST', '/v1/keys', key, operator)).body;
      return guarded.send('POST', FEEDBACK, body, { authorization: `Bearer ${secret}` });
    };
    const refused = await send('elsewhere', ['other']);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'key-limited']);
    expect(refused.body.error.message).toContain('"color-feedback"');
    expect(await kept()).toEqual([]);
    expect((await send('here', ['color-*'])).status).toBe(200);
    expect((await send('anywhere')).status).toBe(200);
  });

  it('needs a key that may use the model, and is in the audit log without the picture', async () => {
    const guarded = createTestApp({
      store: test.store,
      keepsFeedback: true,
      apiKeys: async () => ({ operator: OPERATOR }),
    });
    const operator = { authorization: `Bearer ${OPERATOR}` };
    const send = async (model: string) => {
      const key = { name: `for-${model}`, scopes: ['predict'], models: [model] };
      const { secret } = (await guarded.send('POST', '/v1/keys', key, operator)).body;
      return guarded.send('POST', FEEDBACK, body, { authorization: `Bearer ${secret}` });
    };
    expect((await send('other')).body.error.code).toBe('key-limited');
    const { path } = (await send('color')).body;
    const { data } = (await guarded.send('GET', '/v1/audit', undefined, operator)).body;
    const entry = data.find(
      ({ key, operation }: { key: string; operation: string }) =>
        key === 'for-color' && operation === 'createPredictionFeedback',
    );
    expect(entry.target).toEqual({ prediction_id: 'pred-abc', model: 'color', dataset: 'color-feedback' });
    expect(JSON.stringify(data)).not.toContain(path.split('/')[1]);
  });
});
