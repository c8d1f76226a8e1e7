import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLaneScheduler } from '../../../core/lanes/lane-scheduler.ts';
import type { Predictor, PredictResult } from '../../../core/predict/predictor.ts';
import { createTestApp, readAnswer } from '../../support/test-app.ts';

const RESULT: PredictResult = {
  model: 'm',
  modelVersion: '1',
  rejectionThreshold: null,
  outcomes: [{ ok: true, predictions: [{ label: 'cat', score: 1, index: 0 }], isRejected: false }],
  timingMs: { isCold: false, load: 0, decode: 0, preprocess: 0, infer: 0, total: 0 },
};

/** An app whose predictions end when the test says so. */
function makeApp(options: { readonly maxWaiting: number; readonly keys?: Record<string, string> }) {
  const ends: (() => void)[] = [];
  const started: string[] = [];
  const predictor: Predictor = {
    predict({ model, turns }) {
      const piece = () => {
        started.push(model);
        return new Promise<PredictResult>((resolve) => ends.push(() => resolve(RESULT)));
      };
      return turns?.run(piece) ?? piece();
    },
    forget: () => undefined,
    drop: () => undefined,
    close: () => undefined,
  };
  const { keys } = options;
  const lanes = createLaneScheduler({ lanes: 1, maxWaiting: options.maxWaiting, clock: () => 0 });
  const test = createTestApp({
    predictor,
    lanes,
    ...(keys === undefined ? {} : { apiKeys: async () => keys }),
  });
  return {
    ...test,
    lanes,
    started,
    predict: (model: string, init: RequestInit & { duplex?: 'half' } = {}) =>
      Promise.resolve(
        test.app.request(`/v1/models/${model}/predict`, {
          method: 'POST',
          body: new Uint8Array([1]),
          ...init,
        }),
      ),
    /** Ends the oldest prediction that runs. */
    async endNext() {
      ends.shift()?.();
      await setImmediate();
    },
    async untilWaiting(count: number) {
      while (lanes.load.waiting !== count) await setImmediate();
    },
  };
}

/** A body that tells whether somebody has read it. */
function watchedBody() {
  let isRead = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        isRead = true;
        controller.enqueue(new Uint8Array([1]));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, wasRead: () => isRead };
}

describe('predictions beyond what may wait', () => {
  it('are refused with 503 and Retry-After before their bodies are read, and other requests are served', async () => {
    const app = makeApp({ maxWaiting: 1 });
    const answers = [app.predict('m'), app.predict('m')];
    await app.untilWaiting(1);
    const { body, wasRead } = watchedBody();
    const refused = await readAnswer(await app.predict('m', { body, duplex: 'half' }));
    expect(refused).toMatchObject({
      status: 503,
      body: { error: { code: 'server-busy', details: { limit: 1 } } },
    });
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(wasRead()).toBe(false);
    for (const path of ['/healthz', '/readyz', '/v1/models', '/v1/fine_tuning/jobs', '/v1/datasets'])
      expect((await app.app.request(path)).status, path).toBe(200);
    await app.endNext();
    await app.endNext();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('give way to another key, which is served in turn', async () => {
    const keys = { greedy: 'greedy-key', modest: 'modest-key' };
    const app = makeApp({ maxWaiting: 2, keys });
    const as = (name: keyof typeof keys) => ({ headers: { authorization: `Bearer ${keys[name]}` } });
    const greedy = ['g1', 'g2', 'g3'].map((model) => app.predict(model, as('greedy')));
    await app.untilWaiting(2);
    const modest = app.predict('modest', as('modest'));
    expect((await Promise.race(greedy)).status).toBe(503);
    for (const _ of [1, 2, 3]) await app.endNext();
    expect((await modest).status).toBe(200);
    expect(app.started).toEqual(['g1', 'g2', 'modest']);
  });
});

describe('a prediction that nobody waits for', () => {
  it('is not made when its client has gone while it waited', async () => {
    const app = makeApp({ maxWaiting: 60 });
    const first = app.predict('first');
    const client = new AbortController();
    const gone = Array.from({ length: 60 }, () => app.predict('gone', { signal: client.signal }));
    await app.untilWaiting(60);
    client.abort();
    await Promise.all(gone);
    const next = app.predict('next');
    await app.untilWaiting(1);
    await app.endNext();
    await app.endNext();
    expect([(await first).status, (await next).status]).toEqual([200, 200]);
    expect(app.started).toEqual(['first', 'next']);
  });

  it('is not made when the time has passed that the client waits', async () => {
    const app = makeApp({ maxWaiting: 1 });
    const first = app.predict('first');
    const late = await readAnswer(
      await app.predict('late', { headers: { 'x-envoy-expected-rq-timeout-ms': '1' } }),
    );
    expect(late).toMatchObject({
      status: 503,
      body: { error: { code: 'deadline-passed', details: { deadline_ms: 1 } } },
    });
    await app.endNext();
    expect([(await first).status, app.started]).toEqual([200, ['first']]);
  });

  it('are made while another key sends its pictures slowly, and the slowest of those are told so', async () => {
    const keys = { slow: 'slow-key', quick: 'quick-key' };
    // One may wait, so four may arrive.
    const app = makeApp({ maxWaiting: 1, keys });
    const as = (name: keyof typeof keys) => ({ headers: { authorization: `Bearer ${keys[name]}` } });
    const never = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const slow = Array.from({ length: 4 }, () =>
      app.predict('m', { ...as('slow'), body: never(), duplex: 'half' }),
    );
    while (app.lanes.load.arriving !== 4) await setImmediate();
    const quick = app.predict('m', as('quick'));
    const told = await readAnswer(await Promise.race(slow));
    expect(told).toMatchObject({
      status: 503,
      body: { error: { code: 'server-busy', details: { limit: 4 } } },
    });
    expect(told.headers.get('connection')).toBe('close');
    while (app.started.length === 0) await setImmediate();
    await app.endNext();
    expect((await quick).status).toBe(200);
    expect(app.lanes.load).toMatchObject({ arriving: 3, waiting: 0, running: 0 });
  });
});
