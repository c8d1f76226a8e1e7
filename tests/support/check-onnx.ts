// The ONNX project's own checker, where a Python with it is to be had.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PYTHON = process.env['FOVEA_TEST_PYTHON'] ?? 'python3';

/** Whether the checker is there; prints why a test is skipped where it is not. */
export function hasOnnxChecker(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import onnx'], { stdio: 'pipe' });
    return true;
  } catch {
    console.warn(
      `skipped: ${PYTHON} has no package "onnx"; pip install onnx, or name another Python as FOVEA_TEST_PYTHON`,
    );
    return false;
  }
}

/** @throws with the checker's own words where the model is not valid. */
export function checkOnnx(onnx: Uint8Array): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fovea-onnx-'));
  try {
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, onnx);
    const script = 'import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)';
    execFileSync(PYTHON, ['-c', script, file], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
