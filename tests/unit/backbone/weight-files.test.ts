// Weights beside a model: what is read and stored, and what of another file of this machine is not.

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadBackboneFile, readBackbone } from '../../../core/backbone/backbone.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { type WeightFiles, weightFilesIn } from '../../../core/backbone/weight-files.ts';
import { hasExternalData } from '../../../core/network/onnx/external-data.ts';
import { decodeModel, encodeNode } from '../../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../../core/network/onnx/packed-model.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import {
  type Entries,
  encodeExternal,
  moveWeightsOut,
  withInitializers,
} from '../../support/external-onnx.ts';
import { FOREIGN_FILTERS, foreignModel, foreignNode } from '../../support/foreign-onnx.ts';

/** Of the convolution's kernel, the first constant of foreignModel. */
const KERNEL = { name: 'fovea_features', dims: [FOREIGN_FILTERS, 3, 3, 3] };
const KERNEL_BYTES = FOREIGN_FILTERS * 27 * 4;
const INSIDE = { location: 'w.data', offset: '0', length: String(KERNEL_BYTES) };

let store: ObjectStore;
let folder: string;
beforeEach(() => {
  store = createMemoryStore();
  const parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'fovea-weights-')));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  folder = path.join(parent, 'model');
  mkdirSync(folder);
});

const importOf = (onnx: Uint8Array, weightFiles: WeightFiles = weightFilesIn(folder), output?: string) =>
  importBackbone(
    { store, now: () => 0 },
    { name: 'mine', onnx, layout: 'nchw', preprocessing: 'unit', weightFiles, output },
  );

/** A model whose kernel is where the entries say. */
const kernelAt = (
  entries: Entries,
  change: { dims?: number[]; dataType?: number } = {},
  locations?: number[],
) => withInitializers(foreignModel(), [encodeExternal({ ...KERNEL, ...change }, entries, locations)]);

/** The files of the folder, with a note of whether anything was read. */
function watched(): WeightFiles & { reads: number } {
  const files = weightFilesIn(folder);
  return {
    reads: 0,
    sizeOf: files.sizeOf,
    read(...args) {
      this.reads++;
      return files.read(...args);
    },
  };
}

describe('weights beside a model', () => {
  it('are stored inside, as if the model had come in one file', async () => {
    const whole = foreignModel();
    const { backbone } = await importOf(whole);
    store = createMemoryStore();
    const { onnx, weights } = moveWeightsOut(whole, 'mine.onnx.data');
    writeFileSync(path.join(folder, 'mine.onnx.data'), weights);
    const imported = await importOf(onnx);
    expect(imported.weightFiles).toEqual(['mine.onnx.data']);
    expect(imported.backbone.sha256).toBe(backbone.sha256);
    expect(hasExternalData(await loadBackboneFile(store, await readBackbone(store, 'mine')))).toBe(false);
  });

  it('go to the end of the file where the model says no length', async () => {
    const whole = foreignModel();
    const { backbone } = await importOf(whole);
    store = createMemoryStore();
    const kernel = decodeModel(whole).graph.initializer[0]?.rawData ?? [];
    writeFileSync(path.join(folder, 'w.data'), Uint8Array.of(...[1, 2, 3, 4, 5, 6, 7, 8], ...kernel));
    const entries: Entries = [
      ['location', 'w.data'],
      ['offset', '8'],
    ];
    expect((await importOf(kernelAt(entries))).backbone.sha256).toBe(backbone.sha256);
  });

  it('may be in subfolders, in several files, behind links inside, and share bytes', async () => {
    const { weights } = moveWeightsOut(foreignModel(), '');
    mkdirSync(path.join(folder, 'blobs'));
    writeFileSync(path.join(folder, 'blobs/1'), weights);
    symlinkSync('blobs/1', path.join(folder, 'w.data'));
    const { backbone } = await importOf(foreignModel());
    for (const location of ['blobs/1', './blobs/1', 'w.data']) {
      const onnx = kernelAt(Object.entries({ ...INSIDE, location }));
      expect((await importOf(onnx)).backbone.sha256).toBe(backbone.sha256);
    }
    const twice = encodeExternal({ name: 'classifier', dims: [FOREIGN_FILTERS, 7] }, [
      ['location', 'blobs/1'],
      ['offset', '8'],
      ['length', '140'],
    ]);
    const onnx = withInitializers(foreignModel({ output: 'scores' }), [
      encodeExternal(KERNEL, Object.entries(INSIDE)),
      twice,
    ]);
    store = createMemoryStore();
    expect((await importOf(onnx)).weightFiles).toEqual(['w.data', 'blobs/1']);
  });

  it('are read for constants of nodes and subgraphs, too', async () => {
    writeFileSync(path.join(folder, 'w.data'), new Uint8Array(Float32Array.of(0, 0, 3).buffer));
    const three = encodeExternal({ name: 'three', dims: [1] }, [
      ['location', 'w.data'],
      ['offset', '8'],
      ['length', '4'],
    ]);
    /** A field of protobuf with a message of fewer than 128 bytes, or of fewer than 16384. */
    const field = (number: number, bytes: Uint8Array) =>
      Buffer.concat([
        Uint8Array.of((number << 3) | 2, ...(bytes.length < 128 ? [] : [(bytes.length & 127) | 128])),
        Uint8Array.of(bytes.length < 128 ? bytes.length : bytes.length >> 7),
        bytes,
      ]);
    const attribute = (name: string, number: number, bytes: Uint8Array, type: number) =>
      Buffer.concat([field(1, Buffer.from(name)), field(number, bytes), Uint8Array.of(0xa0, 1, type)]);
    const constant = Buffer.concat([
      encodeNode(foreignNode('Constant', [], 'three')),
      field(5, attribute('value', 5, three, 4)),
    ]);
    const values = field(1, Buffer.from('three'));
    const branch = Buffer.concat([field(1, constant), field(2, Buffer.from('b')), field(12, values)]);
    const choice = Buffer.concat([
      encodeNode(foreignNode('If', ['yes'], 'factor')),
      field(5, attribute('then_branch', 6, branch, 5)),
      field(5, attribute('else_branch', 6, branch, 5)),
    ]);
    const model = decodePacked(foreignModel({ output: 'tripled' }));
    const node = [
      ...model.graph.node.slice(0, 4),
      encodeNode(foreignNode('Constant', [], 'zero', { value_float: { float: 0 } })),
      encodeNode(foreignNode('Equal', ['zero', 'zero'], 'yes')),
      choice,
      encodeNode(foreignNode('Mul', ['vector', 'factor'], 'tripled')),
    ];
    const onnx = encodePacked({ ...model, graph: { ...model.graph, node } });
    const { backbone } = await importOf(onnx);
    expect(backbone.features).toBe(FOREIGN_FILTERS);
    const stored = await loadBackboneFile(store, backbone);
    expect(hasExternalData(stored)).toBe(false);
    expect(Buffer.from(stored).includes('w.data')).toBe(false);
  });

  it('are not looked for where the features need none of them', async () => {
    const unused = encodeExternal({ name: 'classifier', dims: [FOREIGN_FILTERS, 7] }, [
      ['location', '/etc/passwd'],
    ]);
    const [kernel = new Uint8Array()] = decodePacked(foreignModel()).graph.initializer;
    expect((await importOf(withInitializers(foreignModel(), [kernel, unused]))).weightFiles).toEqual([]);
  });
});

describe('weights beside a model are refused, and nothing is read,', () => {
  const huge = String(2 ** 40);
  it.each<[string, Entries, RegExp, { dims?: number[]; dataType?: number }?, number[]?]>([
    ['above the folder', [['location', '../secret']], /"\.\.\/secret", which is no path within/],
    ['above a subfolder', [['location', 'a/../../secret']], /no path within/],
    ['at an absolute path', [['location', '/etc/passwd']], /no path within/],
    ['at an absolute path of Windows', [['location', 'C:/secret']], /no path within/],
    ['at a path with backslashes', [['location', '..\\secret']], /no path within/],
    ['at a path with a zero byte', [['location', 'w.data\0']], /no path within/],
    ['behind a link that leads outside', [['location', 'link']], /a link that leads out of the folder/],
    [
      'behind a folder that is such a link',
      [['location', 'out/secret']],
      /a link that leads out of the folder/,
    ],
    ['behind a link that leads nowhere', [['location', 'broken']], /not there/],
    [
      'in a file that is missing',
      [['location', 'absent.data']],
      /"absent\.data", which is not there.*one folder/,
    ],
    ['in a folder', [['location', 'folder']], /no regular file/],
    ['in the folder itself', [['location', '.']], /no regular file/],
    ['in a pipe', [['location', 'pipe']], /no regular file/],
    ['without a place', [['location', '']], /does not name it/],
    ['beyond the end', [['offset', '4']], /540 bytes from 4 on in "w\.data", which has 540 bytes/],
    ['far beyond the end', [['offset', huge]], /540 bytes from 1099511627776 on/],
    ['at a negative offset', [['offset', '-4']], /offset is "-4"; it must be a whole number/],
    ['at an offset that is no number', [['offset', '0x10']], /offset is "0x10"/],
    ['at an offset beyond all numbers', [['offset', '9'.repeat(30)]], /offset is "999/],
    [
      'of a length that does not fit the shape',
      [['length', '536']],
      /length is 536 bytes.*\[5, 3, 3, 3\] take 540/,
    ],
    ['of a type that does not fit the length', [], /values of type 11 .* take 1080/, { dataType: 11 }],
    ['of strings', [], /values of type 8 .* have no size/, { dataType: 8 }],
    ['of a negative shape', [], /have no size/, { dims: [-5, 27] }],
    ['of a shape beyond all numbers', [], /have no size/, { dims: [2 ** 50, 2 ** 50] }],
    ['with an unknown word', [['checksum', 'abc']], /says "checksum" of them; only location, offset, length/],
    ['said to be inside as well', [], /more than one way/, {}, [1, 0]],
    ['not said to be elsewhere', [], /more than one way/, {}, []],
  ])('%s', async (_, changed, message, change = {}, locations = undefined) => {
    writeFileSync(path.join(folder, 'w.data'), new Uint8Array(KERNEL_BYTES));
    writeFileSync(path.join(folder, '../secret'), new Uint8Array(KERNEL_BYTES));
    symlinkSync('../secret', path.join(folder, 'link'));
    symlinkSync('..', path.join(folder, 'out'));
    symlinkSync('nowhere', path.join(folder, 'broken'));
    mkdirSync(path.join(folder, 'folder'));
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const files = watched();
    const entries = Object.entries({ ...INSIDE, ...Object.fromEntries(changed) });
    await expect(importOf(kernelAt(entries, change, locations), files)).rejects.toMatchObject({
      code: 'backbone-external-data',
      message: expect.stringMatching(message),
    });
    expect(files.reads).toBe(0);
  });

  it.each<[string, Entries, RegExp]>([
    ['said twice', [...Object.entries(INSIDE), ['location', 'w.data']], /more than one way/],
    [
      'without a length, which do not end with the file',
      [
        ['location', 'w.data'],
        ['offset', '4'],
      ],
      /540 bytes from 4 on to the end in "w\.data", which has 540 bytes/,
    ],
    ['without a word of where', [], /more than one way|does not name it/],
  ])('%s', async (_, entries, message) => {
    writeFileSync(path.join(folder, 'w.data'), new Uint8Array(KERNEL_BYTES));
    await expect(importOf(kernelAt(entries))).rejects.toMatchObject({
      code: 'backbone-external-data',
      message: expect.stringMatching(message),
    });
  });

  it('of more bytes than a model may have, however small the file is that they share', async () => {
    const file = path.join(folder, 'w.data');
    // Without content: it takes no room on the disk.
    writeFileSync(file, '');
    truncateSync(file, 2 ** 30);
    const entries = Object.entries({ ...INSIDE, length: String(2 ** 30) });
    const large = (name: string) => encodeExternal({ name, dims: [2 ** 28] }, entries);
    const sum = foreignNode('Add', ['fovea_features', 'classifier'], 'map');
    const image = foreignNode('Mul', ['map', 'image'], 'product');
    const model = foreignModel({ nodes: [sum, image], output: 'product' });
    const files = watched();
    const onnx = withInitializers(model, [large('fovea_features'), large('classifier')]);
    await expect(importOf(onnx, files)).rejects.toMatchObject({
      code: 'backbone-too-large',
      message: expect.stringContaining('at most 2000000000'),
    });
    expect(files.reads).toBe(0);
  });
});

describe('weightFilesIn', () => {
  it('rejects a file that became shorter after it was checked', async () => {
    writeFileSync(path.join(folder, 'w.data'), new Uint8Array(10));
    const files = weightFilesIn(folder);
    expect(await files.sizeOf('w.data')).toBe(10);
    truncateSync(path.join(folder, 'w.data'), 5);
    await expect(files.read('w.data', 0, new Uint8Array(10))).rejects.toMatchObject({
      code: 'backbone-external-data',
      message: expect.stringContaining('cut shorter'),
    });
  });
});
