import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { trainerSpawner } from '../../../core/job/queues/local/spawn-trainer.ts';

const WRITTEN = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795843314.859419    3602 port.cc:153] oneDNN custom operations are on. You may see slightly different results.',
  '{"level":"warn","message":"kept"}',
  'I0000 00:00:1795843314.859419    3602 gpu_device.cc:20] kept, too',
  'kept without an end',
];

test('the errors of a trainer come without the notes that TensorFlow makes while it loads', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'fovea-spawn-'));
  const entry = path.join(directory, 'trainer.mjs');
  await writeFile(entry, `process.stderr.write(${JSON.stringify(WRITTEN.join('\n'))});process.disconnect();`);
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const trainer = trainerSpawner({ entry, storeUrl: 'memory:', usdPerHour: 0 })('job-1', 'owner');
    await once(trainer, 'close');
    expect(written.mock.calls.map(([line]) => line)).toEqual(WRITTEN.slice(2).map((line) => `${line}\n`));
  } finally {
    written.mockRestore();
    await rm(directory, { recursive: true });
  }
});
