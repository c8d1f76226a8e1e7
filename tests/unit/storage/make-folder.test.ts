import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { downloadFile } from '../../../cli/pull/download-file.ts';
import { makeFolder } from '../../../core/make-folder.ts';
import { silentLogger } from '../../../functions/deps/logger.ts';
import { startLocalServer } from '../../../functions/local-server.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));
const hasProc = existsSync('/proc/self');
if (!hasProc) console.warn('Skipped: this system has no /proc, which takes no folders.');

it('makes a folder with those around it, also at the same time and again', async () => {
  const deep = path.join(folder, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(path.join(folder, 'a/b/d'))]);
  await makeFolder(deep);
  expect(statSync(deep).isDirectory()).toBe(true);
});

it('makes a folder that others remove meanwhile', async () => {
  const contested = path.join(folder, 'contested');
  const over = new AbortController();
  const remove = async () => {
    while (!over.signal.aborted) await rmdir(contested).catch(() => undefined);
  };
  const make = async () => {
    for (let round = 0; round < 300; round++) await makeFolder(contested);
  };
  const removals = [remove(), remove()];
  const [first, second] = await Promise.allSettled([make(), make()]);
  over.abort();
  await Promise.all(removals);
  expect([first?.status, second?.status]).toEqual(['fulfilled', 'fulfilled']);
});

it('throws where a file, or a link to nothing, is in the way', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  const link = path.join(folder, 'link');
  symlinkSync(path.join(folder, 'nothing'), link);
  await expect(makeFolder(link)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(path.join(file, 'a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.skipIf(!hasProc)('throws where the system makes no folders', async () => {
  await expect(makeFolder('/proc/fovea/a')).rejects.toMatchObject({ code: 'ENOENT' });
});

const start = (dataDir: string) =>
  startLocalServer({ dataDir, host: '127.0.0.1', port: 0, version: '0.0.0', logger: silentLogger });

it.skipIf(!hasProc)('a server does not start over a folder that takes no writes', async () => {
  await expect(start('/proc/fovea')).rejects.toThrow(
    /^The data folder "\/proc\/fovea" cannot be written \(ENOENT\)\. .*or choose another folder: /,
  );
  const file = path.join(folder, 'data');
  writeFileSync(file, '');
  await expect(start(file)).rejects.toThrow(/cannot be written \(ENOTDIR\)/);
});

it.skipIf(!hasProc)('a download says where it cannot be written', async () => {
  const options = { folder: '/proc/fovea/pulled', maxBytes: 1, rules: { allowHttp: [] } };
  await expect(downloadFile(new URL('https://example.com/a'), options)).rejects.toMatchObject({
    code: 'storage-denied',
    message: expect.stringContaining('Set XDG_CACHE_HOME to a folder that you may write.'),
  });
});
