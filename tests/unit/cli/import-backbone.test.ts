// The command as people run it: a process, its output and its exit code.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { moveWeightsOut } from '../../support/external-onnx.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';

const FOVEA = path.resolve(import.meta.dirname, '../../../bin/fovea.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'fovea-backbone-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(path.join(folder, 'mine.onnx'), foreignModel({ output: 'scores' }));
const beside = moveWeightsOut(foreignModel({ output: 'scores' }), 'beside.onnx.data');
writeFileSync(path.join(folder, 'beside.onnx'), beside.onnx);
writeFileSync(path.join(folder, 'beside.onnx.data'), beside.weights);
writeFileSync(path.join(folder, 'huge.onnx'), '');
// Without content: it takes no room on the disk.
truncateSync(path.join(folder, 'huge.onnx'), 3 * 2 ** 30);

const importBackbone = (...args: string[]) =>
  spawnSync(process.execPath, [FOVEA, 'import-backbone', ...args, '--preprocessing', 'torch'], {
    cwd: folder,
    encoding: 'utf8',
  });

describe('fovea import-backbone', () => {
  it('prints input, features, earlier values and how to train on it', () => {
    const { status, stdout } = importBackbone('mine.onnx', '--layout', 'nchw');
    expect(status).toBe(0);
    expect(stdout).toContain('16×16×3, preprocessing torch');
    expect(stdout).toContain('features  7 from "scores"');
    expect(stdout).toMatch(/earlier +"vector"\n +"mean"\n +"map"\n/);
    expect(stdout).toContain('"model": "onnx:mine"');
    expect(existsSync(path.join(folder, '.fovea/backbones/mine/backbone.json'))).toBe(true);
  });

  it('imports up to the output that it is told, with weights from beside the file', () => {
    const args = ['beside.onnx', '--layout', 'nchw', '--name', 'lower', '--size', '16'];
    const { stdout } = importBackbone(...args, '--output', 'map', '--output-layout', 'nchw');
    expect(stdout).toContain('Backbone "lower"');
    expect(stdout).toContain('features  5 from "map", the mean of a feature map [5, 8, 8] (nchw)');
    expect(stdout).toContain('weights   from "beside.onnx.data", now inside\n');
    expect(stdout).not.toContain('earlier');
  });

  it.each([
    [['huge.onnx', '--layout', 'nchw'], /3221225472 bytes; at most 2000000000/, 1],
    [['mine.onnx', '--layout', 'nhwc'], /16 channels as nhwc/, 1],
    [
      ['mine.onnx', '--layout', 'nchw', '--output', 'map', '--output-layout', 'nhwc'],
      /has the shape \[2, 5, 8, 8\]/,
      1,
    ],
    [
      ['mine.onnx', '--layout', 'nchw', '--output', 'map', '--pool', 'cls'],
      /--pool is for tokens.*Outputs of the model: "scores"/,
      1,
    ],
    [['mine.onnx'], /--layout/, 1],
    [['mine.onnx', '--layout', 'chw'], /nchw, nhwc/, 2],
    [['absent.onnx', '--layout', 'nchw'], /There is no file "absent\.onnx"/, 2],
  ])('rejects %j', (args, message, code) => {
    const { status, stderr } = importBackbone(...args);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
  });
});
