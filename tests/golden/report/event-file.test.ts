// Event files as TensorBoard, or TensorFlow, reads them: framing, checksums and fields are theirs to judge.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EVENT_FILE, toEventFile } from '../../../batch-job/report/to-event-file.ts';
import type { Epoch } from '../../../core/model/report.ts';
import { makeReportInput } from '../../support/report-input.ts';

const PYTHON = process.env['FOVEA_TEST_PYTHON'] ?? 'python3';
const SCRIPT = fileURLToPath(new URL('./read-event-file.py', import.meta.url));
const READERS = ['tensorboard', 'tensorflow'];
const START = 1_767_323_000;

function hasReader(): boolean {
  try {
    const find = 'import importlib.util as u, sys; sys.exit(not any(u.find_spec(m) for m in sys.argv[1:]))';
    execFileSync(PYTHON, ['-c', find, ...READERS], { stdio: 'pipe' });
    return true;
  } catch {
    console.warn(
      `skipped: ${PYTHON} has neither TensorBoard nor TensorFlow; pip install tensorboard, or name another Python as FOVEA_TEST_PYTHON`,
    );
    return false;
  }
}

function read(bytes: Uint8Array): (readonly [string, number, number, number])[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fovea-events-'));
  try {
    const file = path.join(folder, EVENT_FILE);
    writeFileSync(file, bytes);
    return JSON.parse(execFileSync(PYTHON, [SCRIPT, file], { encoding: 'utf8', stdio: 'pipe' }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('an event file', () => {
  const { history } = makeReportInput({ classes: ['a', 'b'], test: 0, validation: 0 });

  it('begins with the very record that TensorFlow begins with', () => {
    // tf.io.TFRecordWriter of TensorFlow 2.21 with tf.compat.v1.Event(wall_time=1767323000, file_version='brain.Event:2').
    expect(Buffer.from(toEventFile([], START)).toString('hex')).toBe(
      '1800000000000000a37f4b22090000005ecd55da411a0d627261696e2e4576656e743a3272d1e9da',
    );
  });

  it.runIf(hasReader())('gives every scalar back with its step and time', () => {
    const first = history[0] as Epoch;
    const untimed = { ...first, stage: 'full', epoch: 1, validationLoss: null, endedAt: null };
    const scalars = read(toEventFile([...history, untimed], START));
    const values = new Map(scalars.map(([tag, step, time, value]) => [`${tag}@${step}`, { time, value }]));
    expect(values.size).toBe(scalars.length);
    expect(scalars.length).toBe(6 * history.length + 5);
    for (const epoch of history) {
      const at = (tag: string) => values.get(`head/${tag}@${epoch.epoch}`);
      expect(at('loss/train')?.value).toBeCloseTo(epoch.trainLoss as number, 6);
      expect(at('loss/validation')?.value).toBeCloseTo(epoch.validationLoss as number, 6);
      expect(at('accuracy/train')?.value).toBeCloseTo(epoch.trainAccuracy as number, 6);
      expect(at('accuracy/validation')?.value).toBeCloseTo(epoch.validationAccuracy as number, 6);
      expect(at('learning_rate')?.value).toBeCloseTo(epoch.learningRate as number, 6);
      expect(at('pictures_per_second')?.value).toBe(epoch.picturesPerSecond);
      expect(at('loss/train')?.time).toBe(epoch.endedAt);
    }
    expect(values.get('full/loss/train@1')?.time).toBe(START);
    expect(values.has('full/loss/validation@1')).toBe(false);
  });

  it.runIf(hasReader())('is refused, or cut short, by the reader where a byte is changed', () => {
    const bytes = toEventFile(history, START);
    const place = bytes.length - 20;
    bytes[place] = (bytes[place] as number) ^ 1;
    let found = 0;
    try {
      found = read(bytes).length;
    } catch {
      found = 0;
    }
    expect(found).toBeLessThan(6 * history.length);
  });
});
