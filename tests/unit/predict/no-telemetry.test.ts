// ONNX Runtime keeps a database of what it is about to send in the user's cache folder; where its telemetry is off there is none.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { NO_TELEMETRY } from '../../../core/environment.ts';

const MODEL = path.resolve(import.meta.dirname, '../../fixtures/stored-1/data/models/color/1/model.onnx');
const SCRIPT = `require('onnxruntime-node').InferenceSession.create(process.argv[1]).then((session) => session.release())`;

it('sends nothing with the variables that each process gets', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'fovea-home-'));
  try {
    const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...env } = process.env;
    execFileSync(process.execPath, ['-e', SCRIPT, MODEL], { env: { ...env, ...NO_TELEMETRY, HOME: home } });
    expect(existsSync(path.join(home, '.cache'))).toBe(false);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
