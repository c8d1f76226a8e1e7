// A network's weights out of a Keras weight file, matched by layer name, with every mismatch named at once.

import type { Layer } from '../layer.ts';
import { parseAutomaticName } from '../layer-defaults.ts';
import type { Network, NetworkWeights } from '../network.ts';
import { type WeightSpec, weightSpecs } from '../weight-specs.ts';
import { type KerasWeight, readKerasWeights } from './read-keras-weights.ts';
import { weightsMismatch } from './read-weight.ts';

/** What Keras called the weights of these layer types in files older than Keras 3. */
const OLDER_NAMES: Partial<Record<Layer['type'], Readonly<Record<string, string>>>> = {
  depthwise_conv2d: { depthwise_kernel: 'kernel' },
  layer_scale: { variable: 'gamma', layer_scale_gamma: 'gamma' },
};

/**
 * Which layer of the network a layer of the file is.
 *
 * Names are equal, but for layers that Keras numbered by itself: their numbers depend on what was built before them, so
 * that they are matched class by class in the order of their numbers.
 */
function matchLayers(
  networkNames: readonly string[],
  fileNames: readonly string[],
): ReadonlyMap<string, string> {
  const byClass = (names: readonly string[]) => {
    const classes = new Map<string, { name: string; number: number }[]>();
    for (const name of new Set(names)) {
      const automatic = parseAutomaticName(name);
      if (automatic === undefined) continue;
      const members = classes.get(automatic.prefix) ?? [];
      classes.set(automatic.prefix, [...members, { name, number: automatic.number }]);
    }
    for (const members of classes.values()) members.sort((a, b) => a.number - b.number);
    return classes;
  };
  const matched = new Map(networkNames.map((name) => [name, name]));
  const inFile = byClass(fileNames);
  for (const [prefix, members] of byClass(networkNames)) {
    const candidates = inFile.get(prefix) ?? [];
    if (candidates.length !== members.length) continue;
    members.forEach(({ name }, i) => {
      matched.set(name, candidates[i]?.name ?? name);
    });
  }
  return matched;
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((n, i) => n === b[i]);

const formatDimensions = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/** The weights of a network from the tensors of a file; see {@link fromKeras}. */
export function matchKerasWeights(network: Network, tensors: readonly KerasWeight[]): NetworkWeights {
  const types = new Map(network.layers.map((layer) => [layer.name, layer.type]));
  const specs = weightSpecs(network);
  const fileNames = matchLayers(
    [...new Set(specs.map((spec) => spec.layer))],
    tensors.map((tensor) => tensor.layer),
  );
  const byLayer = new Map<string, KerasWeight[]>();
  for (const tensor of tensors) byLayer.set(tensor.layer, [...(byLayer.get(tensor.layer) ?? []), tensor]);

  const weights = new Map<string, Float32Array>();
  const problems: string[] = [];
  for (const spec of specs) {
    const older = OLDER_NAMES[types.get(spec.layer) ?? 'input'] ?? {};
    const isNamed = ({ name }: KerasWeight) =>
      name === spec.name || older[name.replace(/_\d+$/, '')] === spec.name;
    const found = byLayer.get(fileNames.get(spec.layer) ?? spec.layer)?.find(isNamed);
    const problem = problemOf(spec, found);
    if (problem !== undefined) problems.push(problem);
    else if (found !== undefined) weights.set(spec.key, found.values);
  }
  problems.push(...unread(specs, byLayer, fileNames));
  if (problems.length > 0) {
    throw weightsMismatch(
      `network "${network.name}"`,
      problems,
      'Give the file of this very architecture; for another number of classes, leave the head out of the network.',
    );
  }
  return weights;
}

function problemOf(spec: WeightSpec, found: KerasWeight | undefined): string | undefined {
  if (found === undefined) return `"${spec.key}" ${formatDimensions(spec.shape)} is missing`;
  if (sameShape(found.shape, spec.shape)) return undefined;
  return `"${spec.key}" is ${formatDimensions(found.shape)} in the file, and the network needs ${formatDimensions(spec.shape)}`;
}

/** A layer with more weights in the file than the network takes, e.g. a bias, is another layer under the same name. */
function unread(
  specs: readonly WeightSpec[],
  byLayer: ReadonlyMap<string, readonly KerasWeight[]>,
  fileNames: ReadonlyMap<string, string>,
): readonly string[] {
  const taken = new Map<string, number>();
  for (const { layer } of specs) taken.set(layer, (taken.get(layer) ?? 0) + 1);
  return [...taken].flatMap(([layer, count]) => {
    const inFile = byLayer.get(fileNames.get(layer) ?? layer) ?? [];
    if (inFile.length <= count) return [];
    return [
      `"${layer}" has ${inFile.length} weights in the file (${inFile.map((w) => w.name).join(', ')}), and the network takes ${count}`,
    ];
  });
}

/**
 * The weights of a network from the bytes of a Keras `.h5` file, matched by layer name.
 *
 * Layers of the file that the network does not have are left alone: the backbone of {@link splitAt} reads files with and
 * without top. The values are not copied more than once.
 *
 * @throws {FoveaError} `weights-mismatch`, naming every weight that is missing, of another shape, or too many in its
 * layer; `weights-unreadable`.
 */
export async function fromKeras(network: Network, bytes: Uint8Array): Promise<NetworkWeights> {
  return matchKerasWeights(network, await readKerasWeights(bytes));
}
