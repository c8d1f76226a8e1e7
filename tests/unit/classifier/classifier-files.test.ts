// Archives of exports are untrusted: their paths, sizes and numbers of files.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesBeside, filesOfBytes } from '../../../core/classifier/classifier-files.ts';
import { readExportHints } from '../../../core/classifier/export-hints.ts';
import { checkLabels, parseLabelLines, parsePrintedLabels } from '../../../core/classifier/read-labels.ts';

const text = (value: string) => new TextEncoder().encode(value);

describe('filesOfBytes', () => {
  it.each(['../evil.onnx', '/etc/model.onnx', 'a/../../b.onnx', 'C:model.onnx', 'a\\b.onnx'])(
    'refuses the path %s of an archive',
    (name) => {
      expect(() => filesOfBytes('x.zip', zipSync({ [name]: text('x') }))).toThrow(
        expect.objectContaining({
          code: 'model-files-invalid',
          message: expect.stringContaining('leads out'),
        }),
      );
    },
  );

  it('refuses an archive that would unpack to far more than its size', () => {
    const bomb = zipSync({ 'model.onnx': new Uint8Array(20_000_000) });
    expect(bomb.byteLength).toBeLessThan(100_000);
    expect(() => filesOfBytes('x.zip', bomb)).toThrow(
      expect.objectContaining({ code: 'model-files-invalid', message: expect.stringContaining('unpack') }),
    );
  });

  it('refuses too many entries, and damaged archives', () => {
    const many = zipSync(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}.txt`, text('')])));
    expect(() => filesOfBytes('x.zip', many)).toThrow(/more than 1000 entries/);
    const whole = zipSync({ 'model.onnx': text('x'.repeat(1000)) });
    expect(() => filesOfBytes('x.zip', whole.subarray(0, whole.length - 40))).toThrow(/damaged/);
  });

  it('refuses an entry with a changed byte, and no other', async () => {
    const labels = 'cat\ndog\n'.repeat(20);
    const archive = zipSync({ 'export/a.txt': text('a'), 'export/labels.txt': text(labels) }, { level: 0 });
    expect(await filesOfBytes('x.zip', archive).read('labels.txt', 1000)).toEqual(text(labels));
    const at = Buffer.from(archive).indexOf('cat\n');
    const changed = archive.with(at, 'b'.charCodeAt(0));
    const files = filesOfBytes('x.zip', changed);
    await expect(files.read('labels.txt', 1000)).rejects.toMatchObject({
      code: 'model-files-invalid',
      message: expect.stringContaining('labels.txt'),
    });
    expect(await files.read('a.txt', 1000)).toEqual(text('a'));
  });

  it('reads no more than is allowed', async () => {
    const files = filesOfBytes('x.zip', zipSync({ 'labels.txt': text('a\nb') }));
    expect(await files.read('labels.txt', 3)).toEqual(text('a\nb'));
    await expect(files.read('labels.txt', 2)).rejects.toMatchObject({ code: 'model-files-invalid' });
    await expect(files.weightFiles.sizeOf('../labels.txt')).rejects.toMatchObject({
      code: 'backbone-external-data',
    });
  });
});

describe('filesBeside', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-beside-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('leaves out other models and folders, and weights outside of the folder', async () => {
    await mkdir(path.join(folder, 'export/sub'), { recursive: true });
    for (const name of ['export/a.onnx', 'export/b.onnx', 'export/labels.txt', 'secret'])
      await writeFile(path.join(folder, name), 'x');
    await symlink(path.join(folder, 'secret'), path.join(folder, 'export/link.bin'));
    const files = await filesBeside(path.join(folder, 'export/a.onnx'));
    expect(files.names).toEqual(['a.onnx', 'labels.txt', 'link.bin']);
    for (const location of ['link.bin', '../secret'])
      await expect(files.weightFiles.sizeOf(location)).rejects.toMatchObject({
        code: 'backbone-external-data',
      });
  });
});

describe('labels', () => {
  it('leaves out numbers where every line begins with its own', () => {
    expect(parseLabelLines('0 Cat\r\n1 Big dog\r\n')).toEqual(['Cat', 'Big dog']);
    expect(parseLabelLines('\uFEFF0 Cat\n2 Dog')).toEqual(['0 Cat', '2 Dog']);
    expect(parseLabelLines('Cat\n7 up')).toEqual(['Cat', '7 up']);
    expect(parseLabelLines('2 cat\n0 dog\n1 bird')).toEqual(['dog', 'bird', 'cat']);
    expect(parseLabelLines('0 cat\n0 dog\n1 bird')).toEqual(['0 cat', '0 dog', '1 bird']);
  });

  it('reads a dict as Python prints it', () => {
    expect(parsePrintedLabels(`{0: 'cat', 1: "dog's", 10: 'x'}`)).toBeUndefined();
    expect(parsePrintedLabels(`{0: 'cat', 1: "dog's", 2: 'it\\'s'}`)).toEqual(['cat', "dog's", "it's"]);
    expect(parsePrintedLabels('cat, dog')).toBeUndefined();
  });

  it('refuses a label that is there twice, and text that is not UTF-8', async () => {
    expect(() => checkLabels(['cat', 'dog', 'cat'], 'labels.txt')).toThrow(/labels 0 and 2 .*"cat"/);
    const latin1 = new Uint8Array(Buffer.from('Äpfel\nBirne', 'latin1'));
    const files = filesOfBytes('x.zip', zipSync({ 'labels.txt': latin1, 'model.onnx': text('x') }));
    await expect(readExportHints(files)).rejects.toMatchObject({
      code: 'labels-invalid',
      message: expect.stringContaining('UTF-8'),
    });
    const utf8 = filesOfBytes('x.zip', zipSync({ 'labels.txt': text('\uFEFFÄpfel\nBirne') }));
    expect(await readExportHints(utf8)).toEqual({ labels: ['Äpfel', 'Birne'] });
  });

  it('refuses empty labels', () => {
    expect(() => checkLabels(['a', ' '], 'labels.txt')).toThrow(/Label 1 of 2.*labels\.txt/);
    expect(() => checkLabels([], 'asked for')).toThrow(/There are 0 labels/);
  });
});
