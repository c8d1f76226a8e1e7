import { expect, it } from 'vitest';
import { findFolderCycles } from '../../../scripts/folder-cycles/find-folder-cycles.ts';

const cyclesOf = (imports: Readonly<Record<string, readonly string[]>>) =>
  findFolderCycles(new Map(Object.entries(imports)));

it('finds no cycle where folders have an order', () => {
  expect(
    cyclesOf({
      'app/main.ts': ['app/store/open.ts', 'app/web/serve.ts'],
      'app/web/serve.ts': ['app/store/open.ts'],
      'app/store/open.ts': ['app/store/drivers/disk.ts', 'zod'],
      'app/store/drivers/disk.ts': [],
    }),
  ).toEqual([]);
});

it('reports two folders that import each other, by different files', () => {
  expect(cyclesOf({ 'app/web/a.ts': ['app/store/b.ts'], 'app/store/c.ts': ['app/web/d.ts'] })).toEqual([
    {
      folder: 'app',
      rooms: ['web', 'store'],
      imports: ['app/web/a.ts → app/store/b.ts', 'app/store/c.ts → app/web/d.ts'],
    },
  ]);
});

it('reports folders in a ring of three', () => {
  const [cycle] = cyclesOf({ 'a/1.ts': ['b/1.ts'], 'b/2.ts': ['c/1.ts'], 'c/2.ts': ['a/2.ts'] });
  expect(cycle?.rooms).toEqual(['a', 'b', 'c']);
});

it('reports a folder whose own files import a subfolder that imports them', () => {
  const [cycle] = cyclesOf({
    'app/store/open.ts': ['app/store/drivers/disk.ts'],
    'app/store/drivers/disk.ts': ['app/store/port.ts'],
  });
  expect(cycle).toMatchObject({ folder: 'app/store', rooms: ['.', 'drivers'] });
});

it('sees a cycle of two folders through their subfolders', () => {
  const [cycle] = cyclesOf({ 'a/deep/1.ts': ['b/1.ts'], 'b/deeper/still/2.ts': ['a/2.ts'] });
  expect(cycle).toMatchObject({ folder: '', rooms: ['a', 'b'] });
});
