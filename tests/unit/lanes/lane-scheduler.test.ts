import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isFoveaError } from '../../../core/errors/errors.ts';
import { createLaneScheduler, type LaneScheduler } from '../../../core/lanes/lane-scheduler.ts';

/** Work that ends when the test says so, by the names of its requests. */
function makeWork(scheduler: LaneScheduler) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const lanes = new Map<string, number>();
  const piece = (name: string) => (lane: number) => {
    started.push(name);
    lanes.set(name, lane);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return {
    started,
    lanes,
    piece,
    /** A request of one piece; resolves with its name, or with the code or message of its error. */
    ask: (name: string, { client = 'a', model = 'm', signal }: Asked = {}) =>
      scheduler
        .admit({ client, model }, signal, (turns) => turns.run(piece(name)))
        .catch((error: Error & { code?: string }) => error.code ?? error.message),
    async end(name: string) {
      ends.get(name)?.();
      await setImmediate();
    },
  };
}

interface Asked {
  readonly client?: string;
  readonly model?: string;
  readonly signal?: AbortSignal;
}

describe('a lane scheduler', () => {
  it('runs as many pieces at once as it has lanes, each in a lane of its own, and the next when one ends', async () => {
    const scheduler = createLaneScheduler({ lanes: 2, maxWaiting: 4 });
    const work = makeWork(scheduler);
    const answers = ['1', '2', '3'].map((name) => work.ask(name));
    await setImmediate();
    expect(work.started).toEqual(['1', '2']);
    expect(scheduler.load).toEqual({ arriving: 0, waiting: 1, running: 2, refused: 0 });
    await work.end('2');
    expect(work.started).toEqual(['1', '2', '3']);
    expect(work.lanes.get('1')).not.toBe(work.lanes.get('2'));
    expect(work.lanes.get('3')).toBe(work.lanes.get('2'));
    await work.end('1');
    await work.end('3');
    expect(await Promise.all(answers)).toEqual(['1', '2', '3']);
    expect(scheduler.load).toEqual({ arriving: 0, waiting: 0, running: 0, refused: 0 });
  });

  it('runs several pieces in a lane where it may, each in the lane with the fewest', async () => {
    const scheduler = createLaneScheduler({ lanes: 2, piecesPerLane: 2, maxWaiting: 4 });
    const work = makeWork(scheduler);
    const answers = ['1', '2', '3', '4', '5'].map((name) => work.ask(name));
    await setImmediate();
    expect(work.started).toEqual(['1', '2', '3', '4']);
    expect(['1', '2', '3', '4'].map((name) => work.lanes.get(name))).toEqual([0, 1, 0, 1]);
    expect(scheduler.load).toEqual({ arriving: 0, waiting: 1, running: 4, refused: 0 });
    await work.end('1');
    expect(work.lanes.get('5')).toBe(0);
    await work.end('3');
    await work.end('5');
    const late = work.ask('6');
    await setImmediate();
    expect(work.lanes.get('6')).toBe(0);
    for (const name of ['2', '4', '6']) await work.end(name);
    await Promise.all([...answers, late]);
    expect(scheduler.load).toEqual({ arriving: 0, waiting: 0, running: 0, refused: 0 });
  });

  it('refuses a request before its work begins where too many wait', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 2, clock: () => 0 });
    const work = makeWork(scheduler);
    const answers = ['1', '2', '3'].map((name) => work.ask(name));
    let hasBegun = false;
    const refused = scheduler.admit({ client: 'a', model: 'm' }, undefined, async () => {
      hasBegun = true;
    });
    await expect(refused).rejects.toMatchObject({ code: 'server-busy' });
    expect(hasBegun).toBe(false);
    await work.end('1');
    await work.end('2');
    // The refusal began an overload, in which one may wait: the youngest was refused, too.
    expect(await Promise.all(answers)).toEqual(['1', '2', 'server-busy']);
  });

  it('takes a burst again when the overload is over', async () => {
    let nowMs = 0;
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 3, clock: () => nowMs });
    const work = makeWork(scheduler);
    for (const name of ['1', '2', '3', '4', '5']) void work.ask(name);
    expect(scheduler.load.waiting).toBe(1);
    nowMs = 2000;
    expect(scheduler.load.waiting).toBe(1);
    void work.ask('6');
    nowMs = 3000;
    for (const name of ['7']) void work.ask(name);
    expect(scheduler.load.waiting).toBe(3);
  });

  it('gives a client with less in hand the place of one with more, and never the other way round', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1, clock: () => 0 });
    const work = makeWork(scheduler);
    const running = work.ask('greedy 1', { client: 'greedy' });
    const replaced = work.ask('greedy 2', { client: 'greedy' });
    const modest = work.ask('modest', { client: 'modest' });
    expect(await replaced).toBe('server-busy');
    expect(await work.ask('greedy 3', { client: 'greedy' })).toBe('server-busy');
    await work.end('greedy 1');
    await work.end('modest');
    expect(await Promise.all([running, modest])).toEqual(['greedy 1', 'modest']);
  });

  it('gives a model with less in hand the place of another of the same client', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1, clock: () => 0 });
    const work = makeWork(scheduler);
    void work.ask('1', { model: 'busy' });
    const replaced = work.ask('2', { model: 'busy' });
    void work.ask('3', { model: 'rare' });
    expect(await replaced).toBe('server-busy');
    await work.end('1');
    expect(work.started).toEqual(['1', '3']);
  });

  it('lets one wait under overload whose client or model has less in hand than another, and nobody else', async () => {
    const scheduler = createLaneScheduler({ lanes: 2, maxWaiting: 1, clock: () => 0 });
    const work = makeWork(scheduler);
    for (const name of ['1', '2', '3']) void work.ask(name, { client: 'greedy' });
    expect(await work.ask('4', { client: 'greedy' })).toBe('server-busy');
    await work.end('1');
    // The overload goes on, and two run: whoever asks most often would get every lane that becomes free.
    expect(scheduler.load).toMatchObject({ waiting: 0, running: 2 });
    expect(await work.ask('5', { client: 'greedy' })).toBe('server-busy');
    void work.ask('modest', { client: 'modest' });
    expect(scheduler.load.waiting).toBe(1);
    expect(await work.ask('6', { client: 'greedy' })).toBe('server-busy');
    await work.end('2');
    expect(work.started).toEqual(['1', '2', '3', 'modest']);
    // Nor by another model of the client, which has nothing in hand.
    void work.ask('7', { client: 'greedy', model: 'rare' });
    expect(scheduler.load.waiting).toBe(1);
    expect(await work.ask('8', { client: 'greedy' })).toBe('server-busy');
  });

  it('lets two clients take turns on one lane under overload, however often one asks', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1, clock: () => 0 });
    const work = makeWork(scheduler);
    for (const name of ['1', '2']) void work.ask(name, { client: 'greedy' });
    expect(await work.ask('3', { client: 'greedy' })).toBe('server-busy');
    await work.end('1');
    expect(await work.ask('4', { client: 'greedy' })).toBe('server-busy');
    void work.ask('modest', { client: 'modest' });
    expect(await work.ask('5', { client: 'greedy' })).toBe('server-busy');
    await work.end('2');
    void work.ask('6', { client: 'greedy' });
    await work.end('modest');
    expect(work.started).toEqual(['1', '2', 'modest', '6']);
  });

  it('lets one wait under overload while the lanes are those of one large request', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1, clock: () => 0 });
    const work = makeWork(scheduler);
    void work.ask('first', { client: 'a' });
    const large = ['L1', 'L2', 'L3'];
    void scheduler.admit({ client: 'a', model: 'm' }, undefined, ({ run }) =>
      Promise.all(large.map((name) => run(work.piece(name)))),
    );
    expect(await work.ask('refused')).toBe('server-busy');
    await work.end('first');
    void work.ask('small');
    for (const name of ['L1', 'L2', 'small']) await work.end(name);
    expect(work.started.indexOf('small')).toBeLessThan(work.started.indexOf('L3'));
  });

  it('serves clients in turn, and the models of one client', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 9 });
    const work = makeWork(scheduler);
    void work.ask('first', { client: 'x' });
    for (const name of ['a1', 'a2', 'a3']) void work.ask(name, { client: 'a' });
    void work.ask('a of another model', { client: 'a', model: 'n' });
    void work.ask('b1', { client: 'b' });
    await work.end('first');
    for (const name of ['a1', 'b1', 'a of another model', 'a2']) await work.end(name);
    expect(work.started).toEqual(['first', 'a1', 'b1', 'a of another model', 'a2', 'a3']);
  });

  it('lets a request of one piece pass between the pieces of a large one, which counts as one that waits', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 2 });
    const work = makeWork(scheduler);
    void work.ask('first');
    const large = scheduler.admit({ client: 'a', model: 'm' }, undefined, ({ run }) =>
      Promise.all(['L1', 'L2', 'L3'].map((name) => run(work.piece(name)))),
    );
    void work.ask('small');
    expect(scheduler.load.waiting).toBe(2);
    await work.end('first');
    for (const name of ['L1', 'small', 'L2', 'L3']) await work.end(name);
    expect(work.started).toEqual(['first', 'L1', 'small', 'L2', 'L3']);
    expect(await large).toEqual(['L1', 'L2', 'L3']);
  });

  it('drops waiting work of a client that goes away, and starts none of it', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 60 });
    const work = makeWork(scheduler);
    void work.ask('first');
    const dropped = Array.from({ length: 60 }, (_, index) => {
      const client = new AbortController();
      return { client, answer: work.ask(`gone ${index}`, { signal: client.signal }) };
    });
    for (const { client } of dropped) client.abort(new Error('The client went away.'));
    const answers = await Promise.all(dropped.map(({ answer }) => answer));
    expect(new Set(answers)).toEqual(new Set(['The client went away.']));
    expect(scheduler.load.waiting).toBe(0);
    void work.ask('next');
    await work.end('first');
    expect(work.started).toEqual(['first', 'next']);
  });

  it('starts nothing of a client that went away while it sent its request', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1 });
    const work = makeWork(scheduler);
    expect(await work.ask('1', { signal: AbortSignal.abort(new Error('It is gone.')) })).toBe('It is gone.');
    expect([work.started, scheduler.load]).toEqual([[], { arriving: 0, waiting: 0, running: 0, refused: 0 }]);
  });

  it('drops the waiting pieces of a request of which one has failed', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1 });
    const work = makeWork(scheduler);
    const failed = scheduler.admit({ client: 'a', model: 'm' }, undefined, ({ run }) =>
      Promise.all([
        run(() => {
          throw new TypeError('It broke.');
        }),
        run(work.piece('second')),
        run(work.piece('never')),
      ]),
    );
    void work.ask('next');
    await expect(failed).rejects.toThrow('It broke.');
    await work.end('second');
    await work.end('next');
    expect(work.started).toEqual(['second', 'next']);
    expect(scheduler.load).toEqual({ arriving: 0, waiting: 0, running: 0, refused: 0 });
  });

  it('admits requests that are still arriving although all lanes are taken, up to a number', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxWaiting: 1, maxArriving: 2 });
    const work = makeWork(scheduler);
    void work.ask('running');
    const never = new Promise<never>(() => undefined);
    for (const _ of [1, 2]) void scheduler.admit({ client: 'a', model: 'm' }, undefined, () => never);
    expect(scheduler.load).toEqual({ arriving: 2, waiting: 0, running: 1, refused: 0 });
    expect(await work.ask('third')).toBe('server-busy');
  });

  it('lets the oldest of the client that sends most make room for another client', async () => {
    const scheduler = createLaneScheduler({ lanes: 1, maxArriving: 3, clock: () => 0 });
    const slow = ['1', '2', '3'].map((name) => arrive(scheduler, 'many', name));
    const other = arrive(scheduler, 'few', 'other');
    expect(await slow[0]?.ended).toBe('server-busy');
    expect(scheduler.load).toMatchObject({ arriving: 3, refused: 1 });
    expect(await arrive(scheduler, 'many', '4').ended).toBe('server-busy');
    other.send();
    expect(await other.ended).toBe('other');
    for (const { send } of slow) send();
    expect(await Promise.all(slow.map(({ ended }) => ended))).toEqual(['server-busy', '2', '3']);
    expect(scheduler.load).toMatchObject({ arriving: 0, waiting: 0, running: 0 });
  });

  it('lets a request that takes long to arrive make room for the next one of its client', async () => {
    let nowMs = 0;
    const scheduler = createLaneScheduler({ lanes: 1, maxArriving: 2, clock: () => nowMs });
    const first = arrive(scheduler, 'a', 'first');
    nowMs = 3000;
    const second = arrive(scheduler, 'a', 'second');
    expect(await arrive(scheduler, 'a', 'too early').ended).toBe('server-busy');
    nowMs = 5000;
    const third = arrive(scheduler, 'a', 'third');
    expect(await first.ended).toBe('server-busy');
    for (const { send } of [second, third]) send();
    expect(await Promise.all([second.ended, third.ended])).toEqual(['second', 'third']);
  });
});

/** A request that arrives until it is sent; its end is its name, or the code of its error. */
function arrive(scheduler: LaneScheduler, client: string, name: string) {
  let send = (): void => undefined;
  const sent = new Promise<void>((resolve) => {
    send = resolve;
  });
  const ended = scheduler
    .admit({ client, model: 'm' }, undefined, async ({ run }, signal) => {
      const left = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      await Promise.race([sent, left]);
      return run(async () => name);
    })
    .catch((error: unknown) => (isFoveaError(error) ? error.code : String(error)));
  return { send, ended };
}
