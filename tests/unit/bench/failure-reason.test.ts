import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { failureReason } from '../../../bench/failure-reason.ts';

describe('failureReason', () => {
  it('is the error that ended a Node process, not the end of its stack', () => {
    const { stderr } = spawnSync(process.execPath, [
      '-e',
      'class FoveaError extends Error { name = "FoveaError"; } throw new FoveaError("The back end is not here.")',
    ]);
    expect(failureReason(`${stderr}\nIt ended by exit code 1.`)).toBe(
      'FoveaError: The back end is not here.',
    );
  });

  it('is the last error of a Python process', () => {
    const trace =
      'Traceback (most recent call last):\n  File "a.py", line 1\nModuleNotFoundError: No module named \'keras\'\n';
    expect(failureReason(`${trace}It ended by exit code 1.`)).toBe(
      "ModuleNotFoundError: No module named 'keras'",
    );
  });

  it('is the last line of what tells of no error', () => {
    expect(failureReason('starting\nIt ended by SIGKILL.')).toBe('It ended by SIGKILL.');
  });
});
