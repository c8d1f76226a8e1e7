import { afterEach, expect, it, vi } from 'vitest';
import { uploadDataset } from '../../../cli/client/upload-dataset.ts';
import { ApiError } from '../../../client/api-error.ts';
import type { DatasetCalls } from '../../../client/datasets.ts';

afterEach(() => vi.restoreAllMocks());

const file = (name: string, read = () => Promise.resolve(new Uint8Array([1]))) => ({
  path: `cat/a-${name}`,
  source: `cat/a/${name}`,
  sizeBytes: 1,
  read,
});

const apiWith = (put: (dataset: string, path: string) => Promise<unknown>) =>
  ({ put }) as unknown as DatasetCalls;

it('uploads every file to its path in the dataset', async () => {
  vi.spyOn(console, 'log').mockReturnValue();
  const stored: string[] = [];
  const api = apiWith(async (dataset, path) => void stored.push(`${dataset}/${path}`));
  await uploadDataset(api, 'pets', [file('1.png'), file('2.png')]);
  expect(stored).toEqual(['pets/cat/a-1.png', 'pets/cat/a-2.png']);
});

it('rejects with the name of the file that the API refuses', async () => {
  const api = apiWith(() => Promise.reject(new ApiError(413, 'body-too-large', 'The body is too large.')));
  await expect(uploadDataset(api, 'pets', [file('1.png')])).rejects.toThrow(
    '"cat/a/1.png" was not imported: The body is too large.',
  );
});

it('rejects with the name of the file that cannot be read', async () => {
  const api = apiWith(() => Promise.resolve());
  const broken = file('1.png', () => Promise.reject(new Error('EACCES: permission denied')));
  await expect(uploadDataset(api, 'pets', [broken])).rejects.toThrow(
    '"cat/a/1.png" was not imported: EACCES: permission denied',
  );
});
