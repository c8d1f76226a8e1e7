import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { yieldToServer } from '../../../functions/yield-to-server.ts';

describe('yieldToServer', () => {
  it('gives a child a lower priority than this process', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const errors: unknown[] = [];
    yieldToServer(child, (error) => errors.push(error));
    expect(errors).toEqual([]);
    expect(os.getPriority(child.pid)).toBe(Math.min(19, os.getPriority() + 10));
    child.stdin.end();
    await once(child, 'exit');
  });

  it('tells where it cannot, and throws nothing', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const errors: unknown[] = [];
    yieldToServer(child, (error) => errors.push(error));
    expect(errors).toHaveLength(1);
  });
});
