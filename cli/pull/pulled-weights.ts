// Weights beside a pulled model, which are pulled when the model names them.

import { open } from 'node:fs/promises';
import { fill, type WeightFiles } from '../../core/backbone/weight-files.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { PulledFile } from './pull-file.ts';
import { besideOf } from './source-address.ts';

/**
 * The files in a model's folder on a server. Each is pulled once.
 * @param url That of the model.
 * @param pull Pulls a file.
 */
export function pulledWeights(url: URL, pull: (url: URL) => Promise<PulledFile>): WeightFiles {
  const pulled = new Map<string, Promise<PulledFile>>();
  const find = (location: string) => {
    const known = pulled.get(location) ?? pull(besideOf(url, location));
    pulled.set(location, known);
    return known;
  };
  return {
    sizeOf: async (location) => (await find(location)).sizeBytes,
    async read(location, offset, values) {
      const handle = await open((await find(location)).path);
      try {
        if (await fill(handle, offset, values)) return;
      } finally {
        await handle.close();
      }
      throw new FoveaError(
        'backbone-external-data',
        `The pulled file "${location}" was cut shorter meanwhile.`,
        {
          param: 'file',
          details: { location },
        },
      );
    },
  };
}
