// Random weights with which a network's answers differ from picture to picture, and are neither uniform nor certain.

import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { randomWeights } from './random-weights.ts';
import { runOnnx } from './run-onnx.ts';

/** Natural logarithm of the likeliest class's probability over the least likely one's. */
const SPREAD = 2;

/** The classifier's weights are scaled to a fixed spread of its answer for this picture, `[1, height, width, channels]`. */
export async function livelyWeights(
  network: Network,
  seed: number,
  picture: Float32Array,
  shape: readonly number[],
): Promise<NetworkWeights> {
  const weights = new Map(randomWeights(network, seed));
  const head = [...weights.keys()].findLast((key) => key.endsWith('/kernel')) ?? '';
  const scale = (key: string, factor: number) =>
    weights.set(
      key,
      (weights.get(key) ?? new Float32Array()).map((value) => value * factor),
    );
  scale(head.replace('/kernel', '/bias'), 0);
  // Small enough that no probability is 0, then to the spread.
  for (const attempt of [1e-4, undefined]) {
    if (attempt !== undefined) scale(head, attempt);
    const logits = (await runOnnx(toOnnx(network, weights), picture, shape))
      .get('probabilities')
      ?.values.map(Math.log);
    const spread = Math.max(...(logits ?? [])) - Math.min(...(logits ?? []));
    if (!(spread > 0 && Number.isFinite(spread))) throw new Error(`A spread of ${spread} cannot be scaled.`);
    scale(head, SPREAD / spread);
  }
  return weights;
}
