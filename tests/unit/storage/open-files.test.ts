// How many files the store in a folder has open at the same time. Linux tells it of this process in /proc.

import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createFilesystemStore } from '../../../core/storage/drivers/filesystem.ts';

const OPEN_FILES = '/proc/self/fd';
const READS = 3000;
const MOST = 160;

const root = await mkdtemp(join(tmpdir(), 'fovea-open-files-'));
afterAll(() => rm(root, { recursive: true, force: true }));

if (!existsSync(OPEN_FILES)) console.warn('Open files are not counted: this system does not tell of them.');

it.skipIf(!existsSync(OPEN_FILES))(
  'stays far below what a process may open, however many ask at once',
  async () => {
    const store = createFilesystemStore({ root });
    await store.put('a', 'content');
    const before = readdirSync(OPEN_FILES).length;
    let most = 0;
    await Promise.all(
      Array.from({ length: READS }, async (_, index) => {
        const found = index % 2 === 0 ? await store.get('a') : await store.head('a');
        expect(found?.sizeBytes).toBe(7);
        most = Math.max(most, readdirSync(OPEN_FILES).length - before);
      }),
    );
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(MOST);
  },
);
