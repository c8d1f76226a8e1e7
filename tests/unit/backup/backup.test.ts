import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runBackup, runRestore } from '../../../cli/commands/copy-store.ts';
import { backUp } from '../../../core/backup/back-up.ts';
import type { CopyProgress } from '../../../core/backup/copy-objects.ts';
import { restore } from '../../../core/backup/restore.ts';
import { createJobStore } from '../../../core/job/job-store.ts';
import { readAlias } from '../../../core/model/aliases.ts';
import { findManifest } from '../../../core/model/read-manifest.ts';
import { resolveVersion } from '../../../core/model/versions.ts';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';

let stores = 0;
/** Each at a place of its own. */
const openMemory = (): ObjectStore => ({ ...createMemoryStore(), url: `memory:${++stores}` });
const now = () => 1_800_000_000_000;
const FIXTURE = path.resolve(import.meta.dirname, '../../fixtures/stored-1/data');

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-backup-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function contentsOf(store: ObjectStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { key } of store.list(''))
    found.set(key, Buffer.from((await store.get(key))?.body ?? '').toString('base64'));
  return found;
}

const isCopied = (key: string) => !/^(cache|uploads|open-jobs|backup\.json)/.test(key);

/** A store that fails once it has taken so many writes, and tells which. */
function breakingAfter(store: ObjectStore, most: number) {
  const written: string[] = [];
  const put: ObjectStore['put'] = (key, ...rest) => {
    if (written.length >= most) throw new Error('The cable was pulled.');
    written.push(key);
    return store.put(key, ...rest);
  };
  return { store: { ...store, put }, written };
}

describe('backUp and restore', () => {
  it('give everything back that cannot be made again, byte for byte', async () => {
    const from = createFilesystemStore({ root: FIXTURE });
    const [backup, restored] = [openMemory(), openMemory()];
    const progress: CopyProgress[] = [];
    const copied = await backUp({ from, to: backup, now, onProgress: (step) => progress.push(step) });
    expect(await restore({ from: backup, to: restored })).toBe(copied);
    const expected = new Map([...(await contentsOf(from))].filter(([key]) => isCopied(key)));
    expect(await contentsOf(restored)).toEqual(expected);
    expect(copied).toBe(expected.size);
    const last = progress.at(-1);
    expect(progress).toHaveLength(expected.size);
    expect([last?.objects, last?.bytes]).toEqual([last?.objectsInAll, last?.bytesInAll]);
  });

  it('show no half of anything, wherever a copy breaks off, and go on with it', async () => {
    const from = openMemory();
    await commitColorModel(from);
    await commitColorModel(from, { version: '2', jobId: 'ftjob-2' });
    const to = openMemory();
    let copied = 0;
    for (let most = 1; ; most += 1) {
      const target = breakingAfter(to, most);
      const end = await backUp({ from, to: target.store, now }).catch(() => undefined);
      for (const version of ['1', '2']) {
        const manifest = (await findManifest(to, 'color', version))?.manifest;
        if (manifest === undefined) continue;
        for (const file of [manifest.onnx, manifest.heatmap])
          expect(await to.head(keys.modelFile('color', version, file?.file as string))).toBeDefined();
      }
      const alias = await readAlias(to, 'color', 'latest');
      if (alias !== undefined) expect(await findManifest(to, 'color', alias)).toBeDefined();
      if (end === undefined) {
        await expect(restore({ from: to, to: openMemory() })).rejects.toMatchObject({
          code: 'backup-unfinished',
        });
        continue;
      }
      copied = end;
      break;
    }
    expect(copied).toBe([...(await contentsOf(from)).keys()].filter(isCopied).length);

    const restored = openMemory();
    const target = breakingAfter(restored, 4);
    await expect(restore({ from: to, to: target.store })).rejects.toThrow('cable');
    const again = breakingAfter(restored, 1000);
    await restore({ from: to, to: again.store });
    expect(target.written.filter((key) => again.written.includes(key))).toEqual([]);
    expect(await resolveVersion(restored, 'color')).toBe('2');
    expect(await restored.head(keys.restore())).toBeUndefined();
  });

  it('hold what fits together of a store that changes meanwhile', async () => {
    const store = openMemory();
    const jobs = createJobStore({ store, now });
    const { id } = await jobs.create(newJob({ model: 'color' }));
    await commitColorModel(store);
    let listings = 0;
    const busy: ObjectStore = {
      ...store,
      async *list(...args) {
        listings += 1;
        if (listings === 2) {
          // The job makes the next version, and the last thing that it does is to say so.
          await commitColorModel(store, { version: '2', jobId: id });
          await jobs.update(id, (job) => ({ ...job, status: 'running' }));
          await jobs.update(id, (job) => ({ ...job, status: 'succeeded', modelVersion: '2' }));
          await jobs.create(newJob());
        }
        yield* store.list(...args);
      },
    };
    const backup = openMemory();
    await backUp({ from: busy, to: backup, now });
    const copied = createJobStore({ store: backup, now });
    expect((await copied.list({ limit: 10 })).jobs).toMatchObject([{ id, status: 'validating_files' }]);
    expect(await readAlias(backup, 'color', 'latest')).toBe('1');
    expect(await findManifest(backup, 'color', '2')).toBeUndefined();
  });

  it('refuse to overwrite, to copy into itself, and to restore what is not whole', async () => {
    const from = createFilesystemStore({ root: FIXTURE });
    const to = openMemory();
    await expect(backUp({ from: openMemory(), to, now })).rejects.toMatchObject({ code: 'backup-empty' });
    await to.put('datasets/mine/a/1.png', 'mine');
    const taken = { code: 'copy-target-taken', message: expect.stringContaining('datasets/mine/a/1.png') };
    await expect(backUp({ from, to, now })).rejects.toMatchObject(taken);
    const inside = createFilesystemStore({ root: path.join(FIXTURE, 'backup') });
    await expect(backUp({ from, to: inside, now })).rejects.toMatchObject({ code: 'copy-target-taken' });
    await expect(backUp({ from, to: from, now })).rejects.toMatchObject({ code: 'copy-target-taken' });

    const backup = openMemory();
    await expect(
      restore({ from: backup, to: createFilesystemStore({ root: folder }) }),
    ).rejects.toMatchObject({
      code: 'backup-not-found',
    });
    await backUp({ from, to: backup, now });
    await expect(backUp({ from, to: backup, now })).rejects.toMatchObject({
      code: 'copy-target-taken',
      message: expect.stringContaining('2027-01-15'),
    });
    await expect(restore({ from: backup, to })).rejects.toMatchObject(taken);
    await backup.delete(keys.modelFile('color', '1', 'model.onnx'));
    const empty = createFilesystemStore({ root: path.join(folder, 'empty') });
    await expect(restore({ from: backup, to: empty })).rejects.toMatchObject({ code: 'backup-damaged' });
  });
});

describe('fovea backup and fovea restore', () => {
  it('copy folders, show how far they are, and name what they leave out', async () => {
    const data = path.join(folder, 'data');
    const store = createFilesystemStore({ root: data });
    await commitColorModel(store);
    await writeFile(path.join(folder, 'secret'), 'secret');
    await symlink(path.join(folder, 'secret'), path.join(data, 'models/color/secret'));
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    try {
      const backup = path.join(folder, 'backup');
      await runBackup(backup, { data });
      await runRestore(backup, { data: path.join(folder, 'again') });
      const said = log.mock.calls.flat().join('\n');
      expect(said).toMatch(/copied \d of \d objects, 0\.0 of 0\.0 MB\n/);
      expect(said).toContain('Restored 6 objects');
      expect(warn.mock.calls.flat().join('\n')).toContain('models/color/secret');
    } finally {
      log.mockRestore();
      warn.mockRestore();
    }
    expect((await readdir(path.join(folder, 'again/models/color/1'))).sort()).toEqual(
      (await readdir(path.join(data, 'models/color/1'))).sort(),
    );
  });
});
