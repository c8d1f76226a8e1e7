// Which devices TensorFlow has. The addon does not list them, so each is named in a graph, which TensorFlow
// then loads or not.

import type { Addon } from '../addon/addon.ts';
import { DATA_TYPE } from '../addon/tensors.ts';
import { encodeSavedModel } from './graph-schema.ts';
import { loadModel } from './load-model.ts';

const ZERO = { dtype: DATA_TYPE.float32, tensorShape: { dim: [] }, tensorContent: new Uint8Array(4) };

/**
 * The names of the devices of a kind, e.g. `/device:GPU:0`.
 *
 * @param most How many there are at most; the first is taken to be there.
 */
export async function findDevices(
  addon: Addon,
  kind: 'CPU' | 'GPU',
  most: number,
): Promise<readonly [string, ...string[]]> {
  const nameOf = (index: number) => `/device:${kind}:${index}`;
  const found: [string, ...string[]] = [nameOf(0)];
  while (found.length < most && (await isThere(addon, nameOf(found.length))))
    found.push(nameOf(found.length));
  return found;
}

async function isThere(addon: Addon, device: string): Promise<boolean> {
  const dtype = { key: 'dtype', value: { type: DATA_TYPE.float32 } };
  const value = { key: 'value', value: { tensor: ZERO } };
  const graph = encodeSavedModel([{ name: 'zero', op: 'Const', input: [], device, attr: [dtype, value] }]);
  try {
    const model = await loadModel(addon, graph);
    addon.deleteSavedModel(model);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('Cannot assign a device')) return false;
    throw error;
  }
}
