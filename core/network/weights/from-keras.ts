// Reads a network's weights from a Keras weight file. Layers are matched by name, and all mismatches are reported at once.

import type { Network, NetworkWeights } from '../description/network.ts';
import { type WeightSpec, weightSpecs } from '../description/weight-specs.ts';
import { matchLayers } from './match-layers.ts';
import { type KerasWeight, readKerasWeights } from './read-keras-weights.ts';
import { weightsMismatch } from './read-weight.ts';

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((n, i) => n === b[i]);

const formatDimensions = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/**
 * The tensors of one layer in the order of its specs. By name; where the file has other names, by position: Keras has
 * renamed weights over the years (`depthwise_kernel`, `conv1_W_1`), and never changed their order.
 */
function matchTensors(specs: readonly WeightSpec[], tensors: readonly KerasWeight[]) {
  const named = specs.map((spec) => tensors.find((tensor) => tensor.name === spec.name));
  return !named.includes(undefined) || tensors.length !== specs.length ? named : tensors;
}

/**
 * Takes the weights of a network from the tensors of a file; see {@link fromKeras}.
 * @throws {FoveaError} `weights-mismatch`.
 */
export function matchKerasWeights(network: Network, tensors: readonly KerasWeight[]): NetworkWeights {
  const specsByLayer = new Map<string, WeightSpec[]>();
  for (const spec of weightSpecs(network)) {
    specsByLayer.set(spec.layer, [...(specsByLayer.get(spec.layer) ?? []), spec]);
  }
  const inFile = matchLayers([...specsByLayer.keys()], tensors);

  const weights = new Map<string, Float32Array>();
  const problems: string[] = [];
  for (const [layer, specs] of specsByLayer) {
    const candidates = inFile.get(layer) ?? [];
    const found = matchTensors(specs, candidates);
    specs.forEach((spec, i) => {
      const problem = problemOf(spec, found[i]);
      if (problem !== undefined) problems.push(problem);
      weights.set(spec.key, found[i]?.values ?? new Float32Array());
    });
    // A layer with more weights than the network takes, e.g. a bias, is another layer under the same name.
    if (candidates.length > specs.length) {
      const names = candidates.map((tensor) => tensor.name).join(', ');
      problems.push(
        `"${layer}" has ${candidates.length} weights in the file (${names}), and the network takes ${specs.length}`,
      );
    }
  }
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

/**
 * Reads the weights of a network from the bytes of a Keras weight file, matched by layer name.
 *
 * Layers of the file that the network does not have are ignored, so that a backbone reads files with and without top. Values are
 * copied at most once.
 *
 * @throws {FoveaError} `weights-mismatch`, naming every weight that is missing, of another shape, or too many in its
 * layer; `weights-unreadable`.
 */
export async function fromKeras(network: Network, bytes: Uint8Array): Promise<NetworkWeights> {
  return matchKerasWeights(network, await readKerasWeights(bytes));
}
