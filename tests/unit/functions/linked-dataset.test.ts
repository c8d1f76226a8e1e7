// A dataset that its owner has linked into the data folder, over HTTP: it is there like any other, and nobody writes into it.

import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';
import { colorPicture } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const PICTURES = path.resolve(import.meta.dirname, '../../fixtures/stored-1/data/datasets/colors');

let folder: string;
let test: TestApp;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-linked-'));
  const root = path.join(folder, 'data');
  await mkdir(path.join(root, 'datasets'), { recursive: true });
  await cp(PICTURES, path.join(folder, 'mine'), { recursive: true });
  await symlink(path.join(folder, 'mine'), path.join(root, 'datasets/colors'));
  test = createTestApp({ store: createFilesystemStore({ root }) });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('is listed, inspected, and a job may name it', async () => {
  expect((await test.send('GET', '/v1/datasets')).body.data).toMatchObject([{ dataset: 'colors' }]);
  const { status, body } = await test.send('GET', '/v1/datasets/colors');
  expect(status).toBe(200);
  expect(body.classes.map(({ label }: { label: string }) => label)).toEqual(['blue', 'green', 'red']);
  expect(JSON.stringify(body)).not.toContain('storage-link-refused');
  const job = await test.send('POST', '/v1/fine_tuning/jobs', {
    model: 'small_cnn',
    training_file: 'colors',
  });
  expect(job.status).toBe(200);
});

it.each(['blue/0.png', 'blue/new.png', 'pink/0.png', 'train/pink/0.png'])('takes no %s', async (file) => {
  const response = await test.app.request(`/v1/datasets/colors/${file}`, {
    method: 'PUT',
    body: await colorPicture('red'),
  });
  const { status, body } = await readAnswer(response);
  expect([status, body.error.code]).toEqual([409, 'storage-link-refused']);
  expect(body.error.message).toContain('does not write');
  expect((await readdir(path.join(folder, 'mine'))).sort()).toEqual(['blue', 'green', 'red']);
  expect(await readdir(path.join(folder, 'mine/blue'))).toHaveLength(8);
});
