// A process that writes to a filesystem store as its parent tells it; for races between processes and for kills.

import { setTimeout as sleep } from 'node:timers/promises';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** What the parent sends: a race to take part in at a moment that all writers share, or endless overwriting. */
export type WriterTask =
  | {
      readonly kind: 'create' | 'swap' | 'increment';
      readonly key: string;
      readonly etag: string;
      readonly startAtMs: number;
    }
  | { readonly kind: 'overwrite'; readonly key: string; readonly sizeBytes: number };

const INCREMENTS = 10;
const body = `writer ${process.pid}`;

/** Compare and swap without pauses: the hardest case for the driver. */
async function increment(store: ObjectStore, key: string): Promise<void> {
  for (;;) {
    const object = await store.get(key);
    if (object === undefined) throw new Error(`${key} is gone`);
    const next = String(Number(new TextDecoder().decode(object.body)) + 1);
    if (await wins(store.put(key, next, { ifMatch: object.etag }))) return;
  }
}

async function wins(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'precondition-failed') return false;
    throw error;
  }
}

async function perform(store: ObjectStore, task: WriterTask): Promise<boolean> {
  if (task.kind === 'overwrite') {
    process.send?.('writing');
    for (let etag = (await store.head(task.key))?.etag ?? '', i = 1; ; i++) {
      const content = new Uint8Array(task.sizeBytes).fill(i % 251);
      ({ etag } = await store.put(task.key, content, i % 2 === 0 ? {} : { ifMatch: etag }));
    }
  }
  await sleep(task.startAtMs - Date.now());
  if (task.kind === 'create') return wins(store.put(task.key, body, { ifNoneMatch: '*' }));
  if (task.kind === 'swap') return wins(store.put(task.key, body, { ifMatch: task.etag }));
  for (let i = 0; i < INCREMENTS; i++) await increment(store, task.key);
  return true;
}

const store = createFilesystemStore({ root: process.argv[2] ?? '' });
process.on('message', (task: WriterTask) => {
  perform(store, task).then(
    (won) => process.send?.({ won }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
