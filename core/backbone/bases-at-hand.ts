// Lists the bases that a job can start from without a network: architectures whose published weights are here, and imported backbones.

import { isFoveaError } from '../errors/errors.ts';
import { ARCHITECTURES } from '../network/architectures/architectures.ts';
import { hasWeightFile, type WeightFileDeps } from '../network/weights/find-weight-file.ts';
import { isUnreadable } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { readBackbone, toArchitectureName } from './backbone.ts';

/** Where weights and backbones are. */
export interface AtHandDeps extends Pick<WeightFileDeps, 'weightsDir' | 'signal'> {
  readonly store: ObjectStore;
}

/**
 * Names as jobs use them, roughly from the smallest to the largest; imported backbones come last, by name. Of imports of the same file for
 * the same input, the first is there.
 */
export async function basesAtHand(deps: AtHandDeps): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, weightSources } of ARCHITECTURES)
    if (await hasWeightFile(weightSources, deps)) names.push(name);
  const io = deps.signal === undefined ? {} : { signal: deps.signal };
  const known = new Set<string>();
  for await (const name of deps.store.listFolders(keys.backbones(), io)) {
    const content = await contentOf(deps.store, name);
    if (known.has(content)) continue;
    known.add(content);
    names.push(toArchitectureName(name));
  }
  return names;
}

/** What makes two backbones the same; a record that cannot be read is like no other, and whoever opens it says why. */
async function contentOf(store: ObjectStore, name: string): Promise<string> {
  try {
    const { sha256, input } = await readBackbone(store, name);
    return JSON.stringify([sha256, input]);
  } catch (error) {
    if (isUnreadable(error) || isFoveaError(error, 'backbone-not-found')) return name;
    throw error;
  }
}
