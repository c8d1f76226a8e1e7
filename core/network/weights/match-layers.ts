// Matches the layers of a weight file with those of a network, for files of all versions of Keras.

import { parseAutomaticName } from '../description/layer-defaults.ts';
import type { KerasWeight } from './read-keras-weights.ts';

function group(
  tensors: readonly KerasWeight[],
  by: 'layer' | 'scope',
): ReadonlyMap<string, readonly KerasWeight[]> {
  const groups = new Map<string, KerasWeight[]>();
  for (const tensor of tensors) groups.set(tensor[by], [...(groups.get(tensor[by]) ?? []), tensor]);
  return groups;
}

/** Keras 1 wrote class names without underscores, and convolutions in full. */
const today = (name: string): string =>
  name.replace(/^convolution2d/, 'conv2d').replace(/^batchnormalization/, 'batch_normalization');

/** Names as Keras 3 writes them, which allows no slash: `expanded_conv/depthwise/BatchNorm` of MobileNetV3. */
const canonical = (name: string): string =>
  name.replaceAll('BatchNorm', 'bn').replaceAll('/', '_').toLowerCase();

/** Names that Keras numbered by itself, class by class in the order of their numbers. */
function automaticNames(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const classes = new Map<string, { name: string; number: number }[]>();
  for (const name of names) {
    const automatic = parseAutomaticName(today(name));
    if (automatic === undefined) continue;
    const members = classes.get(automatic.prefix) ?? [];
    classes.set(automatic.prefix, [...members, { name, number: automatic.number }]);
  }
  const inOrder = (members: readonly { name: string; number: number }[]) =>
    members.toSorted((a, b) => a.number - b.number).map(({ name }) => name);
  return new Map([...classes].map(([prefix, members]) => [prefix, inOrder(members)]));
}

/** Layers that Keras numbered by itself, to the layer of the file at the same place in the order of its class. */
function matchAutomaticNames(
  networkNames: readonly string[],
  fileNames: readonly string[],
): ReadonlyMap<string, string> {
  const inFile = automaticNames(fileNames);
  return new Map(
    [...automaticNames(networkNames)].flatMap(([prefix, names]) => {
      const candidates = inFile.get(prefix) ?? [];
      return candidates.length === names.length
        ? names.map((name, i) => [name, candidates[i] ?? name] as const)
        : [];
    }),
  );
}

/**
 * Finds the tensors for each layer of a network that the file has.
 *
 * Names must be equal, apart from how Keras's versions spell them. Numbers that Keras gave by itself depend on what was built
 * before, so such layers are matched class by class in their order, where network and file have equally many. Layers of a Sequential,
 * which the file keeps under the name of the Sequential, are found last.
 *
 * @param networkNames Layers of the network that have weights.
 */
export function matchLayers(
  networkNames: readonly string[],
  tensors: readonly KerasWeight[],
): ReadonlyMap<string, readonly KerasWeight[]> {
  const byLayer = group(tensors, 'layer');
  const byScope = group(tensors, 'scope');
  const byCanonicalName = new Map([...byLayer].map(([name, members]) => [canonical(name), members]));
  const automatic = matchAutomaticNames(networkNames, [...byLayer.keys()]);
  const matched = new Map<string, readonly KerasWeight[]>();
  for (const name of networkNames) {
    const found =
      byLayer.get(automatic.get(name) ?? name) ?? byCanonicalName.get(canonical(name)) ?? byScope.get(name);
    if (found !== undefined) matched.set(name, found);
  }
  return matched;
}
