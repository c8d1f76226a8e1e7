// What versions of Fovea promise each other: a reader takes its own format and the one before, keeps what it does not know,
// and refuses by name what is newer.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { acquireLease, updateLeased } from '../../../core/job/record/lease.ts';
import { moveAlias, readAlias } from '../../../core/model/aliases.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { createJson, readJson, updateJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { newJob } from '../../support/new-job.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const NOW = 1_800_000_000_000;
const now = () => NOW;

const read = async (store: ObjectStore, key: string): Promise<AnyJson> =>
  JSON.parse(new TextDecoder().decode((await store.get(key))?.body));
const write = (store: ObjectStore, key: string, value: unknown) => store.put(key, JSON.stringify(value));

describe('a format', () => {
  const first = { kind: 'note', version: 1, schema: z.object({ text: z.string() }) };
  const second = {
    kind: 'note',
    version: 2,
    schema: z.object({ words: z.array(z.string()) }),
    upgrade: (note: Readonly<Record<string, unknown>>) => ({
      ...note,
      words: String(note['text']).split(' '),
    }),
  };
  const third = { ...second, version: 3, upgrade: undefined };

  it('is written into every record, and a record without one is of the first', async () => {
    const store = createMemoryStore();
    await createJson(store, 'note.json', second, { words: [] });
    expect(await read(store, 'note.json')).toEqual({ words: [], formatVersion: 2 });
    await write(store, 'old.json', { text: 'a b' });
    expect((await readJson(store, 'old.json', first))?.value).toEqual({ text: 'a b' });
  });

  it('is upgraded from the one before, and no further', async () => {
    const store = createMemoryStore();
    await write(store, 'note.json', { text: 'a b' });
    expect((await readJson(store, 'note.json', second))?.value.words).toEqual(['a', 'b']);
    await updateJson(store, 'note.json', second, ({ words }) => ({ words: [...words, 'c'] }));
    expect(await read(store, 'note.json')).toEqual({ words: ['a', 'b', 'c'], formatVersion: 2 });
    await write(store, 'note.json', { text: 'a b' });
    await expect(readJson(store, 'note.json', { ...third, upgrade: second.upgrade })).rejects.toMatchObject({
      code: 'record-invalid',
      message: expect.stringContaining('format 1 is too old'),
    });
  });

  it('is refused by name where it is newer, and nothing is written', async () => {
    const store = createMemoryStore();
    await write(store, 'note.json', { formatVersion: 2, words: [] });
    const refused = {
      code: 'format-newer',
      param: 'note.json',
      message: expect.stringMatching(/The note "note\.json" has format 2; .* up to format 1\..*upgrade/),
      details: { kind: 'note', key: 'note.json', formatVersion: 2, supported: 1 },
    };
    const before = await store.head('note.json');
    await expect(readJson(store, 'note.json', first)).rejects.toMatchObject(refused);
    await expect(updateJson(store, 'note.json', first, (note) => note)).rejects.toMatchObject(refused);
    expect(await store.head('note.json')).toEqual(before);
  });
});

describe('a record with fields of a newer version', () => {
  it('keeps them through an attempt of this one, at every depth', async () => {
    const store = createMemoryStore();
    const jobs = createJobStore({ store, now });
    const { id } = await jobs.create(
      newJob({ sweep: { learning_rate_multiplier: [1, 2], augmentation: ['none'] } }),
    );
    const key = keys.job(id);
    const stored = await read(store, key);
    const newer = { since: 'later' };
    const trial = { trial: 1, settings: {}, validationLoss: 1, validationAccuracy: 0, newer };
    await write(store, key, {
      ...stored,
      newer,
      // Strict towards requests.
      recipe: { ...stored.recipe, newer, augmentation: { crop: 0.5, newer } },
      hyperparameters: { ...stored.hyperparameters, newer },
      sweep: { ...stored.sweep, newer },
      memory: { ...stored.memory, savings: { ...stored.memory.savings, newer } },
      trials: [trial],
    });

    const deps = { jobs, now };
    await acquireLease(deps, id, 'me');
    await updateLeased(deps, id, 'me', (job) => {
      expect(JSON.stringify(job)).not.toContain('newer');
      return { ...job, status: 'succeeded' };
    });

    const left = await read(store, key);
    expect(left).toMatchObject({
      status: 'succeeded',
      attempts: 1,
      newer,
      recipe: { newer, augmentation: { crop: 0.5, flip: 0, newer } },
      hyperparameters: { newer },
      sweep: { newer },
      memory: { savings: { newer } },
      trials: [{ trial: 1, newer }],
    });
  });

  it('keeps them with the items of a list that has changed its order', async () => {
    const store = createMemoryStore();
    const list = {
      kind: 'list',
      version: 1,
      schema: z.object({ items: z.array(z.object({ id: z.number() })) }),
    };
    await write(store, 'list.json', { items: [{ id: 1, a: 1 }, { id: 2 }, { id: 3, c: 3 }] });
    await updateJson(store, 'list.json', list, ({ items }) => ({
      items: [{ id: 4 }, ...items.filter(({ id }) => id !== 2).reverse()],
    }));
    expect((await read(store, 'list.json')).items).toEqual([{ id: 4 }, { id: 3, c: 3 }, { id: 1, a: 1 }]);
  });

  it('is still refused for what is wrong with it', async () => {
    const store = createMemoryStore();
    const strict = { kind: 'note', version: 1, schema: z.strictObject({ text: z.string() }) };
    await write(store, 'note.json', { text: 1, newer: true });
    await expect(readJson(store, 'note.json', strict)).rejects.toMatchObject({ code: 'record-invalid' });
  });

  it('is an alias that moves on', async () => {
    const store = createMemoryStore();
    const key = keys.modelAlias('m', 'latest');
    await write(store, key, { formatVersion: 1, version: '1', movedBy: 'somebody' });
    await moveAlias(store, 'm', 'latest', '2');
    expect(await read(store, key)).toEqual({ formatVersion: 1, version: '2', movedBy: 'somebody' });
    expect(await readAlias(store, 'm', 'latest')).toBe('2');
  });
});

describe('a job record of a newer format', () => {
  it('is left out of lists and refused by name, and holds up no other job', async () => {
    const test = createTestApp();
    const [newer, other] = [await test.jobs.create(newJob()), await test.jobs.create(newJob())];
    await write(test.store, keys.job(newer.id), {
      ...(await read(test.store, keys.job(newer.id))),
      formatVersion: 2,
    });
    const { jobs } = await test.jobs.list({ limit: 10 });
    expect(jobs.map(({ id }) => id)).toEqual([other.id]);
    const { status, body } = await test.send('GET', `/v1/fine_tuning/jobs/${newer.id}`);
    expect([status, body.error.code]).toEqual([500, 'format-newer']);
    expect(body.error.message).toContain('upgrade');
  });
});
