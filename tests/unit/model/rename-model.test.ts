// A rename that dies at any moment: one of both names stands for the model, in every listing and look-up, and the same rename finishes it.

import { beforeEach, describe, expect, it } from 'vitest';
import { listAliases, promote, setAlias } from '../../../core/model/change-aliases.ts';
import { deleteModel, deleteVersion } from '../../../core/model/delete-model.ts';
import { changeLiveRecord, readLiveRecord } from '../../../core/model/live-record.ts';
import { renameModel } from '../../../core/model/rename-model.ts';
import { listModels, resolveVersion } from '../../../core/model/versions.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { dyingStore } from '../../support/dying-store.ts';

const now = () => 0;
let store: ObjectStore;

beforeEach(async () => {
  store = createMemoryStore();
  await commitColorModel(store);
  await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
  await commitColorModel(store, { model: 'other', jobId: 'ftjob-3' });
  await promote({ store, now }, 'color', { version: '1' });
  await setAlias({ store, now }, 'color', 'mine', { version: '2' });
});

/** What a name stands for: `nothing`, `all`, or what differs between the ways to ask. */
async function seenAs(model: string): Promise<string> {
  const listed = (await listModels(store)).models.find((found) => found.model === model)?.versions;
  const found = await Promise.all(
    [undefined, 'latest', 'mine', '1', '2'].map((wanted) =>
      resolveVersion(store, model, wanted).catch(({ code }) => code as string),
    ),
  );
  const aliases = await listAliases(store, model).then(
    (all) => all.length,
    ({ code }) => code as string,
  );
  const seen = JSON.stringify([listed, found, aliases]);
  if (seen === JSON.stringify([['1', '2'], ['1', '2', '2', '1', '2'], 3])) return 'all';
  const missing = 'model-not-found';
  return seen === JSON.stringify([undefined, Array(5).fill(missing), missing]) ? 'nothing' : seen;
}

describe('a rename that dies', () => {
  it('leaves one name for the model after every write, and goes on when it is asked for again', async () => {
    let dead = 0;
    let shownAs = 'color';
    let reserved = 0;
    for (; ; dead += 1) {
      const { dies, died } = dyingStore(store, dead);
      await renameModel(dies, 'color', 'paint').catch(() => undefined);
      if (!died()) break;
      const seen = { color: await seenAs('color'), paint: await seenAs('paint') };
      const now = seen.paint === 'nothing' ? 'color' : 'paint';
      expect(seen, `after ${dead} writes`).toEqual({
        color: now === 'color' ? 'all' : 'nothing',
        paint: now === 'paint' ? 'all' : 'nothing',
      });
      // What was shown by the new name never goes back.
      if (shownAs === 'paint') expect(now).toBe('paint');
      shownAs = now;
      if (now === 'paint') await expect(deleteModel(store, 'paint')).rejects.toThrow(/being renamed/);
      if ((await readLiveRecord(store, 'paint'))?.renamingFrom === undefined) continue;
      reserved += 1;
      const missing = { code: 'model-not-found' };
      await expect(deleteModel(store, 'paint'), `after ${dead} writes`).rejects.toMatchObject(missing);
      await expect(deleteVersion(store, 'paint', '1')).rejects.toMatchObject(missing);
      await expect(renameModel(store, 'other', 'paint')).rejects.toMatchObject({
        code: 'model-in-use',
        message: expect.stringContaining('POST /v1/models/color/rename'),
      });
    }
    expect(dead).toBeGreaterThan(8);
    expect(reserved).toBeGreaterThan(3);
    expect([await seenAs('color'), await seenAs('paint')]).toEqual(['nothing', 'all']);
    for await (const { key } of store.list(keys.model('color'))) expect(key).toBe('nothing is left');
  });

  it('keeps what is made by the old name after it was erased', async () => {
    await renameModel(store, 'color', 'paint');
    // As where the last step was lost.
    await changeLiveRecord(store, 'paint', (record) => ({ ...record, renamedFrom: 'color' }));
    await commitColorModel(store, { jobId: 'ftjob-9' });
    await promote({ store, now }, 'color', { version: '1' });
    await expect(renameModel(store, 'color', 'paint')).rejects.toMatchObject({ code: 'model-exists' });
    expect(await resolveVersion(store, 'color')).toBe('1');
  });
});

describe('a rename that is refused when nobody can begin anything more', () => {
  it('leaves everything as it was', async () => {
    const before: string[] = [];
    for await (const { key } of store.list(keys.models())) before.push(key);
    const refuse = () => Promise.reject(new Error('A job is at it.'));
    await expect(renameModel(store, 'color', 'paint', refuse)).rejects.toThrow('A job is at it.');
    const after: string[] = [];
    for await (const { key } of store.list(keys.models())) after.push(key);
    expect(after).toEqual(before);
    expect([await seenAs('color'), await seenAs('paint')]).toEqual(['all', 'nothing']);
    await renameModel(store, 'color', 'hue');
    expect(await seenAs('hue')).toBe('all');
  });
});

describe('a deletion of the new name', () => {
  it('is refused at every moment of the rename, and destroys nothing', async () => {
    const answers = new Set<string>();
    const ask = () =>
      deleteModel(store, 'paint').then(
        () => 'deleted',
        ({ code }) => code as string,
      );
    const asking: ObjectStore = {
      ...store,
      put: async (...given) => {
        const info = await store.put(...given);
        const { renamedFrom } = (await readLiveRecord(store, 'paint')) ?? {};
        const isOver = renamedFrom === undefined && answers.has('model-in-use');
        if (!isOver) answers.add(await ask());
        return info;
      },
    };
    await renameModel(asking, 'color', 'paint');
    expect([...answers].sort()).toEqual(['model-in-use', 'model-not-found']);
    expect([await seenAs('color'), await seenAs('paint')]).toEqual(['nothing', 'all']);
  });

  it('is refused in the write of the record, where the rename began after it was looked up', async () => {
    await commitColorModel(store, { model: 'paint', jobId: 'ftjob-4' });
    let isFirst = true;
    const late: ObjectStore = {
      ...store,
      async *listFolders(...given) {
        yield* store.listFolders(...given);
        if (!isFirst) return;
        isFirst = false;
        await deleteModel(store, 'paint');
        await changeLiveRecord(store, 'paint', (record) => ({ ...record, renamingFrom: 'color' }));
      },
    };
    await expect(deleteModel(late, 'paint')).rejects.toMatchObject({ code: 'model-in-use' });
    expect((await readLiveRecord(store, 'paint'))?.renamingFrom).toBe('color');
  });

  it('that has begun keeps the name until it is over', async () => {
    await commitColorModel(store, { model: 'paint', jobId: 'ftjob-4' });
    for (let dead = 0; ; dead += 1) {
      const { dies, died } = dyingStore(store, dead);
      await deleteModel(dies, 'paint').catch(() => undefined);
      if (!died()) break;
      const refused = await renameModel(store, 'color', 'paint').catch((error: unknown) => error);
      expect(refused).toMatchObject(
        dead === 0
          ? { code: 'model-exists' }
          : { message: expect.stringContaining('DELETE /v1/models/paint') },
      );
      expect(await seenAs('color')).toBe('all');
    }
    await renameModel(store, 'color', 'paint');
    expect(await seenAs('paint')).toBe('all');
  });
});

it('a rename that lost the new name erases nothing by the old one', async () => {
  const losing: ObjectStore = {
    ...store,
    put: async (...given) => {
      if (given[0] === keys.modelFile('paint', '2', 'manifest.json'))
        await store.eraseAll(keys.modelAliases('paint'));
      return store.put(...given);
    },
  };
  await expect(renameModel(losing, 'color', 'paint')).rejects.toMatchObject({ code: 'model-in-use' });
  expect(await seenAs('color')).toBe('all');
});
