import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import type { WriterTask } from '../support/store-writer.ts';

const WRITERS = 16;
const ROUNDS = 12;
const KILLS = 15;
/** Time for a task to reach all processes before they start. */
const LEAD_MS = 40;
const SCRIPT = join(import.meta.dirname, '../support/store-writer.ts');

const root = await mkdtemp(join(tmpdir(), 'fovea-processes-'));
const store = createFilesystemStore({ root });
const children = new Set<ChildProcess>();
const text = async (key: string) => new TextDecoder().decode((await store.get(key))?.body);

async function startWriter(): Promise<ChildProcess> {
  const child = fork(SCRIPT, [root], { execArgv: ['--import', 'tsx'], stdio: 'inherit' });
  children.add(child);
  expect((await once(child, 'message'))[0]).toBe('ready');
  return child;
}

async function ask(child: ChildProcess, task: WriterTask): Promise<boolean> {
  const answered = once(child, 'message');
  child.send(task);
  const [answer] = await answered;
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.won;
}

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

/** What is left of the store's own work, save the folders themselves. */
const leftovers = async () => [
  ...(await readdir(join(root, '.fovea-store/staging'))),
  ...(await readdir(join(root, '.fovea-store/claims'))),
];

describe(`filesystem store: ${WRITERS} processes`, () => {
  let writers: readonly ChildProcess[] = [];
  beforeAll(async () => {
    writers = await Promise.all(Array.from({ length: WRITERS }, startWriter));
  });
  afterAll(() => {
    for (const writer of writers) writer.kill('SIGKILL');
  });

  const race = async (kind: 'create' | 'swap' | 'increment', key: string, etag = '') => {
    const startAtMs = Date.now() + LEAD_MS;
    const won = await Promise.all(writers.map((writer) => ask(writer, { kind, key, etag, startAtMs })));
    return writers.filter((_, i) => won[i]);
  };

  test('leave one winner when they create one key', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const winners = await race('create', `create/${round}`);
      expect(winners).toHaveLength(1);
      expect(await text(`create/${round}`)).toBe(`writer ${winners[0]?.pid}`);
    }
  });

  test('leave one winner when they swap from one etag', async () => {
    await store.put('swap', 'start');
    for (let round = 0; round < ROUNDS; round++) {
      const winners = await race('swap', 'swap', (await store.head('swap'))?.etag);
      expect(winners).toHaveLength(1);
      expect(await text('swap')).toBe(`writer ${winners[0]?.pid}`);
    }
  });

  test(`lose no increment, and leave nothing behind`, async () => {
    await store.put('count', '0');
    await race('increment', 'count');
    expect(await text('count')).toBe(String(WRITERS * 10));
    expect(await leftovers()).toEqual([]);
  });
});

test(`filesystem store: ${KILLS} kills during overwrites leave whole objects and hold up nobody`, async () => {
  const sizeBytes = 300_000;
  await store.put('killed', new Uint8Array(sizeBytes));
  let next = startWriter();
  for (let kill = 0; kill < KILLS; kill++) {
    const writer = await next;
    const before = (await store.head('killed'))?.etag;
    const writing = once(writer, 'message');
    writer.send({ kind: 'overwrite', key: 'killed', sizeBytes } satisfies WriterTask);
    expect((await writing)[0]).toBe('writing');
    next = startWriter();
    // Else the writer is killed before it has written, and nothing is tried.
    while ((await store.head('killed'))?.etag === before) await sleep(1);
    await sleep(Math.random() * 25);
    writer.kill('SIGKILL');
    await once(writer, 'exit');

    const object = await store.get('killed');
    expect(object?.sizeBytes).toBe(sizeBytes);
    expect(object?.body.every((byte) => byte === object.body[0])).toBe(true);

    // A claim of the dead may cost the next writer one attempt, never a wait.
    let attempts = 0;
    for (let done = false; !done; attempts++) {
      const etag = (await store.head('killed'))?.etag ?? '';
      done = await store.put('killed', new Uint8Array(sizeBytes), { ifMatch: etag }).then(
        () => true,
        () => false,
      );
      expect(attempts).toBeLessThan(3);
    }
  }
  (await next).kill('SIGKILL');
});
