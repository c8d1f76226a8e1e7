import { beforeAll, describe, expect, it } from 'vitest';
import { commitColorModel } from '../../support/color-model.ts';
import { createTestApp, type TestApp } from '../../support/test-app.ts';

const JOBS = '/v1/fine_tuning/jobs';
const PREDICT = '/v1/models/color/predict';

describe('a refusal says', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = createTestApp();
    await commitColorModel(test.store);
  });
  const refuse = async (path: string, body: unknown, headers = {}) => {
    const answer = await test.send('POST', path, body, headers);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    return answer.body.error;
  };

  it('which allowed keys are nearest to an unknown one, at any depth', async () => {
    const { message } = await refuse(JOBS, { modle: 'x', recipe: { unfreezeFrom: 'top' } });
    expect(message).toMatch(
      /Unrecognized key: "modle"; of the \d+ keys that are allowed, the nearest are "model"/,
    );
    expect(message).toMatch(/recipe: Unrecognized key: "unfreezeFrom"; of .* "unfreeze_from"/);
  });

  it('what was received instead of a number', async () => {
    const { message } = await refuse(`${PREDICT}?top_k=abc`, {});
    expect(message).toContain('received "abc"');
    expect(message).not.toContain('NaN');
  });

  it('that URLs are not fetched, and what to send', async () => {
    const { code, message } = await refuse(PREDICT, { image: 'http://example.com/a.png' });
    expect(code).toBe('base64-invalid');
    expect(message).toMatch(/URLs are not fetched.*base64.*"image_key".*"image_url"/);
  });

  it('how many bytes an upload link is for', async () => {
    const { body } = await test.send('POST', '/v1/uploads', { bytes: 3, mime_type: 'image/png' });
    const answer = await test.app.request(body.url, { ...body, body: new Uint8Array(4) });
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(answer.status).toBe(413);
    expect(error.message).toMatch(/exactly 3 bytes/);
    expect(error.message).not.toMatch(/several requests/);
  });

  it.each(['"__proto__"', String.raw`"\u005f_proto__"`])('that %s is no key', async (key) => {
    const answer = await test.app.request(JOBS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"metadata":{${key}:"p"}}`,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'request-invalid', param: '__proto__' } });
  });
});

describe('the log', () => {
  it('tells of a busy server without a stack, and not as an error', async () => {
    const test = createTestApp({ limits: { bytesInFlight: 1 } });
    expect(await test.send('POST', JOBS, { model: 'x' })).toMatchObject({ status: 503 });
    const lines = test.logLines.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { level: 'warn', message: 'request refused', code: 'server-busy' },
      { level: 'warn', message: 'request', status: 503 },
    ]);
    expect(test.logLines.join('')).not.toContain('stack');
  });
});
