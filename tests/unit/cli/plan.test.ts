// The command as people run it: a process, its output and its exit code.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const FOVEA = path.resolve(import.meta.dirname, '../../../bin/fovea.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'fovea-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plan = (...args: string[]) =>
  spawnSync(process.execPath, [FOVEA, 'plan', ...args], { cwd: folder, encoding: 'utf8' });

describe('fovea plan', () => {
  it('prints layers, memory and the GPUs that it fits, and draws a picture', () => {
    const { status, stdout } = plan(
      ...['three_conv_cnn', '--until', 'conv3', '--batch', '50', '--gpu', 'T4', '--svg', 'plan.svg'],
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/conv2 +conv2d +\[50, 75, 200\] +180,200 .*peak/);
    expect(stdout).toMatch(/T4 +g4dn\.xlarge +16\.0 GB +\d+/);
    expect(stdout).toMatch(/565,613,600 bytes for 50/);
    expect(stdout).not.toContain('A10G');
    expect(readFileSync(path.join(folder, 'plan.svg'), 'utf8')).toContain('peak 9.00 MB at conv2');
  });

  it.each([
    [['resnet50', '--classes', '0'], /0 classes.*at least 1/, 2],
    [['resnet50', '--size', 'large'], /200x300/, 2],
  ])('rejects %j', (args, message, code) => {
    const { status, stderr } = plan(...args);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
  });
});
