// toTensorFlow: a network description as ops of a program, over variables named as its weights are. Knows no executor.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { Layer } from '../../../core/network/description/layer.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import type { Value, VariableSpec } from '../program/program.ts';
import type { ProgramBuilder } from '../program/program-builder.ts';
import { LAYER_EMITTERS, type LayerContext } from './layer-emitters.ts';

/** A batch normalization that went by its batch, for who updates the moving statistics. */
export interface BatchStatistics {
  readonly layer: Extract<Layer, { type: 'batch_normalization' }>;
  /** The layer's input, `[batch, h, w, c]`. */
  readonly x: Value;
  /** The batch's mean, `[channels]`. */
  readonly mean: Value;
  /** The batch's variance with Bessel's correction, `[channels]`. */
  readonly variance: Value;
}

/** A dropout layer's random factors, an input of the program: 0 or 1 / (1 - rate). */
export interface DropoutMask {
  /** Name of the program's input. */
  readonly input: string;
  readonly rate: number;
  /** The shape of one sample's mask, without the batch; `[1, 1, 1]` for one draw a sample. */
  readonly sampleShape: readonly number[];
}

/** How a network's forward pass is written. */
export interface ToTensorFlowOptions {
  /** Whether dropout drops. */
  readonly training: boolean;
  /** Whether a batch normalization goes by its batch rather than by its moving statistics. */
  readonly batchStatistics?: (layerName: string) => boolean;
  /** The variable that holds a weight; by default the one of the weight's name. */
  readonly variable?: (spec: VariableSpec) => VariableSpec;
}

/** The values that a network's ops have come to. */
export interface EmittedNetwork {
  /** The output, `[batch, …]`: of a classifier the softmax. */
  readonly output: Value;
  /** What the softmax on top reads, `[batch, classes]`; undefined where the network does not end in one. */
  readonly logits: Value | undefined;
  readonly batchStatistics: readonly BatchStatistics[];
  readonly dropoutMasks: readonly DropoutMask[];
}

/** Weights as variables of a session, in Keras's order. */
export const networkVariables = (network: Network): readonly VariableSpec[] =>
  weightSpecs(network).map(({ key, shape }) => ({ name: key, shape }));

/**
 * Appends the forward pass of a network to a program.
 *
 * @param images `[batch, height, width, channels]`, preprocessed.
 * @throws {FoveaError} `network-invalid` for a layer without inputs or a missing weight.
 */
export function toTensorFlow(
  b: ProgramBuilder,
  network: Network,
  images: Value,
  options: ToTensorFlowOptions,
): EmittedNetwork {
  const weights = new Map(networkVariables(network).map((spec) => [spec.name, spec]));
  const outputs = new Map<string, Value>();
  const batchStatistics: BatchStatistics[] = [];
  const dropoutMasks: DropoutMask[] = [];

  const contextOf = (layer: Layer): LayerContext => ({
    b,
    weight(name) {
      const spec = weights.get(`${layer.name}/${name}`);
      if (spec === undefined) throw invalid(layer, `has no weight "${name}"`);
      return b.read(options.variable?.(spec) ?? spec);
    },
    batchStatistics: options.batchStatistics?.(layer.name) ?? false,
    onStatistics(x, mean, variance) {
      if (layer.type === 'batch_normalization') batchStatistics.push({ layer, x, mean, variance });
    },
    dropoutMask(shape) {
      if (!options.training || layer.type !== 'dropout') return undefined;
      const input = `${layer.name}/mask`;
      const sampleShape = shape.slice(1).map((n) => n ?? 1);
      dropoutMasks.push({ input, rate: layer.rate, sampleShape });
      return b.input(input, shape);
    },
  });

  let output: Value = images;
  for (const layer of network.layers) {
    const inputs = layer.type === 'input' ? [images] : layer.inputs.map((name) => outputs.get(name));
    const [head, ...rest] = inputs;
    if (head === undefined || rest.includes(undefined))
      throw invalid(layer, 'reads a layer that does not come before it');
    output = emitLayer(layer, [head, ...rest.filter((value) => value !== undefined)], contextOf(layer));
    outputs.set(layer.name, output);
  }
  const top = b.ops.findLast((op) => op.outputs.includes(output));
  const logits = top?.type === 'Softmax' ? top.inputs[0] : undefined;
  return { output, logits, batchStatistics, dropoutMasks };
}

function emitLayer(layer: Layer, inputs: readonly [Value, ...Value[]], context: LayerContext): Value {
  // The table pairs every type with its own layer; TypeScript cannot follow that through an index.
  const emit = LAYER_EMITTERS[layer.type] as (l: Layer, i: typeof inputs, c: LayerContext) => Value;
  return emit(layer, inputs, context);
}

const invalid = (layer: Layer, problem: string) =>
  new FoveaError('network-invalid', `Layer "${layer.name}" (${layer.type}) ${problem}.`);
