// How long things are kept: the setting, what a server deletes by it, and what the API says of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eraseOldFeedback } from '../../../core/erasure/erase-old-feedback.ts';
import type { FoveaError } from '../../../core/errors/errors.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { EXPIRIES } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import {
  batchDays,
  expiriesOf,
  KEPT_KINDS,
  KeepDaysSchema,
  RuleKeepDaysSchema,
} from '../../../core/storage/retention.ts';
import { colorPicture } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

const KEPT = `${'0123456789abcdef'.repeat(2)}.png`;

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key.slice(prefix.length));
  return found;
}

it('is set by kind, and by default as it is without a setting', () => {
  expect(expiriesOf()).toEqual(EXPIRIES);
  const days = KeepDaysSchema.parse('audit=90, batches=7');
  expect(days).toEqual({ audit: 90, batches: 7 });
  expect(batchDays(days)).toBe(7);
  expect(batchDays()).toBe(30);
  const changed = expiriesOf(days).filter((expiry, at) => EXPIRIES[at]?.days !== expiry.days);
  expect(changed.map(({ id, days }) => [id, days])).toEqual([
    ['batches', 7],
    ['audit', 90],
  ]);
  expect(KeepDaysSchema.parse('')).toEqual({});
  // Every kind but feedback is one that expires.
  const ids: readonly string[] = EXPIRIES.map(({ id }) => id);
  expect(KEPT_KINDS.filter((kind) => !ids.includes(kind))).toEqual(['feedback']);
});

it('has no days for feedback where lifecycle rules delete', () => {
  expect(RuleKeepDaysSchema.parse('audit=90')).toEqual({ audit: 90 });
  expect(RuleKeepDaysSchema.parse(undefined)).toEqual({});
  expect(() => RuleKeepDaysSchema.parse('feedback=9')).toThrow(/delete feedback by/);
});

it.each(['audit', 'audit=0', 'audit=1.5', 'models=3', 'audit=9999', 'audit=-1'])('rejects %s', (text) => {
  expect(KeepDaysSchema.safeParse(text).success).toBe(false);
});

it('erases old pictures of feedback with what was made of them, and no others', async () => {
  const test = createTestApp();
  const { store, jobs } = test;
  const picture = await colorPicture('red');
  for (const path of [`color-feedback/red/${KEPT}`, 'color-feedback/red/mine.png', `color/red/${KEPT}`])
    await store.put(`datasets/${path}`, picture);
  await store.put('uploads/upload-1', picture);
  await sleep(5);
  const beforeMs = Date.now();
  await sleep(5);
  await store.put(
    'datasets/color-feedback/blue/00112233445566778899aabbccddeeff.png',
    await colorPicture('blue'),
  );

  const told: (readonly [string, FoveaError])[] = [];
  const erase = () => eraseOldFeedback({ store, jobs }, beforeMs, (...kept) => told.push(kept));
  const { id } = await jobs.create(newJob({ dataset: 'color-feedback' }));
  await erase();
  expect(told.map(([dataset, { code }]) => [dataset, code])).toEqual([['color-feedback', 'dataset-in-use']]);
  expect(await keysOf(store, 'datasets/color-feedback/')).toHaveLength(3);
  await jobs.requestCancel(id);
  await erase();
  expect(await keysOf(store, 'datasets/color-feedback/')).toEqual([
    'blue/00112233445566778899aabbccddeeff.png',
    'red/mine.png',
  ]);
  expect(await keysOf(store, 'datasets/color/')).toEqual([`red/${KEPT}`]);
  expect(await keysOf(store, 'uploads/')).toEqual([]);
});

it('is what a batch says of its end', async () => {
  const { toWireBatch } = await import('../../../api/batch.ts');
  const { aBatch } = await import('../../support/a-batch.ts');
  const { createJobStore } = await import('../../../core/job/record/job-store.ts');
  const jobs = createJobStore({ store: createMemoryStore(), now: () => 0 });
  const job = {
    ...(await jobs.create(newJob({ prediction: aBatch() }))),
    status: 'succeeded' as const,
    finishedAt: 0,
  };
  expect(toWireBatch(job, aBatch()).results_expire_at).toBe(30 * 86_400);
  expect(toWireBatch(job, aBatch(), undefined, { keptDays: 7 }).results_expire_at).toBe(7 * 86_400);
});
