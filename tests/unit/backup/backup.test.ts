import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type RunJobDeps, runAttempt } from '../../../batch-job/attempt/run-attempt.ts';
import { runBackup, runRestore } from '../../../cli/commands/copy-store.ts';
import { BACKUP, backUp } from '../../../core/backup/back-up.ts';
import type { CopyProgress } from '../../../core/backup/copy-objects.ts';
import { restore } from '../../../core/backup/restore.ts';
import { assertRestored } from '../../../core/backup/restore-note.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { readAlias } from '../../../core/model/aliases.ts';
import { findManifest } from '../../../core/model/read-manifest.ts';
import { resolveVersion } from '../../../core/model/versions.ts';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { readJson, updateJson } from '../../../core/storage/json.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { silentLogger } from '../../../functions/deps/logger.ts';
import { startLocalServer } from '../../../functions/local-server.ts';
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
    const outside = path.join(folder, 'linked');
    await symlink(FIXTURE, outside);
    for (const root of [outside, path.join(outside, 'datasets/new/backup')])
      await expect(backUp({ from, to: createFilesystemStore({ root }), now })).rejects.toMatchObject({
        code: 'copy-target-taken',
        message: expect.stringContaining('one lies in the other'),
      });
    const [linking, photos] = [path.join(folder, 'linking'), path.join(folder, 'photos')];
    for (const made of [path.join(linking, 'datasets'), photos]) await mkdir(made, { recursive: true });
    await symlink(photos, path.join(linking, 'datasets/photos'));
    await expect(
      backUp({
        from: createFilesystemStore({ root: linking }),
        to: createFilesystemStore({ root: path.join(photos, 'backup') }),
        now,
      }),
    ).rejects.toMatchObject({ code: 'copy-target-taken' });
  });

  it('notice every object that is gone or is not what was copied, and name it', async () => {
    const from = openMemory();
    await commitColorModel(from);
    const backup = openMemory();
    await backUp({ from, to: backup, now });
    const { lists } = (await readJson(backup, keys.backup(), BACKUP))?.value ?? {};
    const whole = await contentsOf(backup);
    for (const key of whole.keys()) {
      if (key === keys.backup()) continue;
      const body = Buffer.from(whole.get(key) as string, 'base64');
      const flipped = Buffer.from(body);
      flipped[0] = (flipped[0] as number) ^ 1;
      for (const damage of [
        () => backup.delete(key),
        () => backup.put(key, body.subarray(1)),
        () => backup.put(key, flipped),
      ]) {
        await damage();
        const to = openMemory();
        await expect(restore({ from: backup, to })).rejects.toMatchObject({
          code: 'backup-damaged',
          param: key,
        });
        await backup.put(key, body);
        await restore({ from: backup, to });
        expect(await resolveVersion(to, 'color')).toBe('1');
      }
    }
    expect(lists).toHaveLength(1);
  });

  it('restore a backup that has no list', async () => {
    const from = openMemory();
    await commitColorModel(from);
    const backup = openMemory();
    const copied = await backUp({ from, to: backup, now });
    for await (const { key } of backup.list(keys.backupLists())) await backup.delete(key);
    await updateJson(backup, keys.backup(), BACKUP, (note) => ({ ...note, lists: undefined }));
    const half = openMemory();
    await expect(restore({ from: backup, to: breakingAfter(half, 3).store })).rejects.toThrow('cable');
    for (const to of [half, openMemory()]) {
      expect(await restore({ from: backup, to })).toBe(copied);
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
    }
    await backup.delete(keys.modelFile('color', '1', 'model.onnx'));
    await expect(restore({ from: backup, to: openMemory() })).rejects.toMatchObject({
      code: 'backup-damaged',
    });
  });

  it('leave out of a backup what was deleted before it was gone on with', async () => {
    const from = openMemory();
    await commitColorModel(from);
    await from.put('datasets/mine/a/1.png', 'mine');
    const backup = openMemory();
    await expect(backUp({ from, to: breakingAfter(backup, 5).store, now })).rejects.toThrow('cable');
    expect(await backup.head('datasets/mine/a/1.png')).toBeDefined();
    await from.delete('datasets/mine/a/1.png');
    await backUp({ from, to: backup, now });
    const isOfBackup = (key: string) => key !== keys.backup() && !key.startsWith(keys.backupLists());
    expect([...(await contentsOf(backup)).keys()].filter(isOfBackup)).toEqual([
      ...(await contentsOf(from)).keys(),
    ]);
    // What comes there later is not of the backup either.
    await backup.put('datasets/mine/a/2.png', 'later');
    const restored = openMemory();
    await restore({ from: backup, to: restored });
    expect(await contentsOf(restored)).toEqual(await contentsOf(from));
  });

  it('keep servers and trainers off a half-restored folder, and overwrite nothing in it', async () => {
    const from = openMemory();
    await commitColorModel(from);
    const backup = openMemory();
    await backUp({ from, to: backup, now });
    const dataDir = path.join(folder, 'half');
    const half = createFilesystemStore({ root: dataDir });
    await expect(restore({ from: backup, to: breakingAfter(half, 3).store })).rejects.toThrow('cable');
    const before = await readdir(dataDir);
    await expect(
      startLocalServer({ dataDir, host: '127.0.0.1', port: 0, version: '0.0.0', logger: silentLogger }),
    ).rejects.toMatchObject({
      code: 'restore-unfinished',
      message: expect.stringContaining(`fovea restore "${backup.url}" --data "${half.url}"`),
    });
    expect(await readdir(dataDir)).toEqual(before);
    const open = vi.fn();
    const errors: unknown[] = [];
    const deps = {
      store: half,
      onUnexpectedError: (error: unknown) => errors.push(error),
    } as unknown as RunJobDeps;
    expect(await runAttempt(deps, 'ftjob-1', open)).toBe('released');
    expect(open).not.toHaveBeenCalled();
    expect(errors).toMatchObject([{ code: 'restore-unfinished' }]);

    const alias = keys.modelAlias('color', 'latest');
    await half.put(alias, 'mine');
    await expect(restore({ from: backup, to: half })).rejects.toMatchObject({
      code: 'copy-target-taken',
      param: alias,
    });
    expect(Buffer.from((await half.get(alias))?.body ?? '').toString()).toBe('mine');
    await half.delete(alias);
    await restore({ from: backup, to: half });
    await assertRestored(half);
    expect(await contentsOf(half)).toEqual(await contentsOf(from));
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
