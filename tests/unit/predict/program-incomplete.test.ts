import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { toProgramIncomplete } from '../../../core/errors/program-file-missing.ts';
import { createPredictor } from '../../../core/predict/predictor.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';

/** What a thread fails with whose file, or a module of it, is missing. */
async function threadError(source: string | URL): Promise<unknown> {
  const worker =
    typeof source === 'string' ? new Worker(source, { eval: true }) : new Worker(source, { execArgv: [] });
  const [error] = await once(worker, 'error').catch((thrown: unknown) => [thrown]);
  return error;
}

describe('a file of the program that is missing', () => {
  it.each([
    ['the file of a thread', new URL('./missing-worker.mjs', import.meta.url)],
    ['a module of a thread', "require('a-package-that-is-missing')"],
    ['a module that a thread imports', "import('a-package-that-is-missing')"],
  ])('is said, and no backup is asked for: %s', async (_, source) => {
    const error = toProgramIncomplete(await threadError(source));
    expect(error).toMatchObject({ code: 'program-incomplete' });
    expect(error?.message).toContain('missing');
    expect(error?.message).not.toContain('backup');
  });

  it('is no damage of the model that was to be loaded', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    const predictor = createPredictor({
      store,
      openSession: async () => {
        throw await threadError(new URL('./missing-worker.mjs', import.meta.url));
      },
    });
    const images = [await colorPicture('red')];
    await expect(predictor.predict({ model: 'color', topK: 1, images })).rejects.toMatchObject({
      code: 'program-incomplete',
    });
  });

  it('is told from a model that ONNX Runtime cannot load', () => {
    expect(toProgramIncomplete(new Error('No graph was found in the protobuf.'))).toBeUndefined();
  });
});
