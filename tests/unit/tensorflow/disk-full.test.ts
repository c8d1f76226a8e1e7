import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { toDiskFull } from '../../../batch-job/tensorflow/executor/disk-full.ts';

const failureOf = (file: string) => writeFile(file, 'x').catch((error: unknown) => error);

describe('toDiskFull', () => {
  it.runIf(existsSync('/dev/full'))('gives a full disk its code, and says what to do', async () => {
    expect(toDiskFull(await failureOf('/dev/full'), 'The features', '/tmp')).toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('set TMPDIR'),
    });
  });

  it('leaves other failures as they are', async () => {
    const failure = await failureOf('/no-such-folder/file');
    expect(toDiskFull(failure, 'The features', '/tmp')).toBe(failure);
  });
});
