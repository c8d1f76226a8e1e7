// What a push does with files whose class alone has changed.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planPush } from '../../../cli/dataset/push-files.ts';
import { openPushJournal } from '../../../cli/dataset/push-journal.ts';
import { contentHashOf } from '../../../core/content-hash.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-plan-'));
  await writeFile(path.join(folder, '1.jpg'), 'one');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const content_hash = contentHashOf(new TextEncoder().encode('one'));
const sha256 = content_hash;
const plan = async (target: string, there: readonly string[], hash: string | null = content_hash) => {
  const journal = await openPushJournal('http://server', 'pets', path.join(folder, `journal-${target}`));
  if (hash === null) for (const name of there) await journal.add(name, content_hash);
  return planPush(
    { folder, journal },
    [{ path: target, source: '1.jpg', sizeBytes: 3 }],
    there.map((name) => ({ path: name, size_bytes: 3, content_hash: hash })),
  );
};

it.each([content_hash, null])(
  'a picture with a corrected label is moved, and not sent again',
  async (hash) => {
    expect(await plan('dog/1.jpg', ['cat/1.jpg'], hash)).toEqual({
      moves: [{ from: 'cat/1.jpg', to: 'dog/1.jpg', sha256 }],
      clashes: [],
      send: [],
      unchanged: 0,
      extra: [],
    });
  },
);

it('a picture of another name or split in another class is told, and not moved', async () => {
  for (const name of ['cat/2.jpg', 'test/cat/1.jpg'])
    expect(await plan('dog/1.jpg', [name])).toMatchObject({ moves: [], clashes: [name], extra: [name] });
  expect(await plan('dog/1.jpg', ['dog/2.jpg'])).toMatchObject({ moves: [], clashes: [] });
});
