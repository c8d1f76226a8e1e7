// Lists the bases that a job can start from without a network: architectures whose published weights are here, and imported backbones.

import { ARCHITECTURES } from '../network/architectures/architectures.ts';
import { hasWeightFile, type WeightFileDeps } from '../network/weights/find-weight-file.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { toArchitectureName } from './backbone.ts';

/** Where weights and backbones are. */
export interface AtHandDeps extends Pick<WeightFileDeps, 'weightsDir' | 'signal'> {
  readonly store: ObjectStore;
}

/** Names as jobs use them, roughly from the smallest to the largest; imported backbones come last, by name. */
export async function basesAtHand(deps: AtHandDeps): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, weightSources } of ARCHITECTURES)
    if (await hasWeightFile(weightSources, deps)) names.push(name);
  const io = deps.signal === undefined ? {} : { signal: deps.signal };
  for await (const name of deps.store.listFolders(keys.backbones(), io)) names.push(toArchitectureName(name));
  return names;
}
