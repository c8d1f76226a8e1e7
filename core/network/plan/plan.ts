// What a network needs before it runs: parameters, memory and arithmetic, layer by layer, from its description alone. Knows no
// machine.
//
// The accounting is the one of Géron's Hands-On Machine Learning, chapter 14. Every value is a float32. A prediction
// holds the parameters and, at its peak, the outputs that are still to be read: in a chain, two layers at a time. Training
// holds the parameters and, for every sample of the mini-batch, the input and the outputs of all layers, which the backward
// pass reads. What comes on top is told apart: gradients, optimizer slots, and the gradients of outputs on their way back,
// of which as many are alive as outputs in a prediction. Layers that pass their input on as it is (flatten, reshape, a
// linear activation, dropout in inference) hold no memory of their own.

import { present } from '../../present.ts';
import type { Layer, LayerType } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import type { Network } from '../description/network.ts';
import { closedSizeOf, layerShapes, type Shape, shapeOf } from '../description/shapes.ts';
import { countParameters, type ParameterCount, weightSpecs } from '../description/weight-specs.ts';
import { layerFlops } from './flops.ts';

const BYTES_PER_VALUE = Float32Array.BYTES_PER_ELEMENT;
/** Adam's first and second moment. */
const ADAM_SLOTS = 2;

/** Memory and arithmetic of one layer, for one sample. */
export interface LayerPlan {
  readonly name: string;
  readonly type: LayerType;
  /** Shape of the output, without the batch. */
  readonly outputShape: Shape;
  readonly parameters: ParameterCount;
  /** Memory of the inputs that the layer reads. */
  readonly inputBytes: number;
  /** Memory of the output in inference; 0 where the layer passes its input on. */
  readonly outputBytes: number;
  /** Memory of the output in training, where dropout makes a new one. */
  readonly trainingBytes: number;
  /** Floating-point operations of the forward pass. */
  readonly flops: number;
  /** Outputs alive while this layer is computed, its own included. */
  readonly liveBytes: number;
}

/** Parameters, memory and arithmetic of a network. */
export interface NetworkPlan {
  readonly name: string;
  readonly layers: readonly LayerPlan[];
  readonly parameters: ParameterCount;
  readonly parameterBytes: number;
  /** Floating-point operations of the forward pass for one sample. */
  readonly flops: number;
  readonly prediction: {
    /** Parameters, and the outputs alive at the peak, for one sample. */
    readonly bytes: number;
    readonly activationBytes: number;
    /** The layer at whose computation the peak is. */
    readonly peakLayer: string;
  };
  /** Input and outputs of all layers, for one sample. */
  readonly trainingActivationBytes: number;
}

/** Memory of training with a mini-batch. */
export interface TrainingMemory {
  readonly batchSize: number;
  /** Parameters, and the activations of the whole mini-batch. */
  readonly bytes: number;
  readonly activationBytes: number;
  readonly parameterBytes: number;
  /** On top of {@link bytes}: one value for each trainable parameter. */
  readonly gradientBytes: number;
  /** On top of {@link bytes}: the optimizer's slots. */
  readonly optimizerBytes: number;
  /** On top of {@link bytes}: gradients of outputs on their way back, at the peak, for the whole mini-batch. */
  readonly backwardBytes: number;
  /** All of the above. */
  readonly totalBytes: number;
}

/** What each number of a plan counts, in sentences for its readers. */
export const PLAN_ACCOUNTING = {
  prediction:
    'Parameters, and at the peak the outputs that are still to be read (in a chain, those of two layers), for one picture; every value is a float32.',
  training:
    'Parameters, and for every picture of the mini-batch the input and the outputs of all layers, which the backward pass reads; every value is a float32.',
  total:
    'On top of that, one gradient for each trainable parameter, two optimizer slots (Adam), and the gradients of outputs on their way back, as many at once as outputs in a prediction.',
  flops:
    'Floating-point operations of the forward pass for one picture; a multiplication and an addition count one each.',
} as const;

const passesOn = (layer: Layer, isTraining: boolean): boolean =>
  layer.type === 'flatten' ||
  layer.type === 'reshape' ||
  (layer.type === 'activation' && layer.activation === 'linear') ||
  (layer.type === 'dropout' && !isTraining);

/** Bytes of the outputs alive at each layer, where layers run in order and outputs are freed after their last reader. */
function liveBytes(network: Network, outputBytes: ReadonlyMap<string, number>): readonly number[] {
  /** The layer whose memory holds a layer's output. */
  const owners = new Map<string, string>();
  const ownerOf = (name: string) => owners.get(name) ?? name;
  for (const layer of network.layers) {
    owners.set(layer.name, passesOn(layer, false) ? ownerOf(inputOf(layer)) : layer.name);
  }
  const lastRead = new Map<string, number>();
  network.layers.forEach((layer, i) => {
    for (const name of [layer.name, ...layer.inputs]) lastRead.set(ownerOf(name), i);
  });
  let alive = 0;
  return network.layers.map((layer, i) => {
    alive += outputBytes.get(layer.name) ?? 0;
    const peak = alive;
    for (const owner of new Set([layer.name, ...layer.inputs].map(ownerOf))) {
      if (lastRead.get(owner) === i) alive -= outputBytes.get(owner) ?? 0;
    }
    return peak;
  });
}

/**
 * Plans a network whose input size is closed.
 *
 * @throws {FoveaError} `network-invalid` for an open input size.
 */
export function planNetwork(network: Network): NetworkPlan {
  const shapes = layerShapes(network);
  const specs = weightSpecs(network);
  const bytesOf = (layer: Layer, isTraining: boolean) =>
    passesOn(layer, isTraining) ? 0 : BYTES_PER_VALUE * closedSizeOf(shapeOf(shapes, layer.name));
  const outputBytes = new Map(network.layers.map((layer) => [layer.name, bytesOf(layer, false)]));
  const live = liveBytes(network, outputBytes);
  const layers = network.layers.map((layer, i): LayerPlan => {
    const outputShape = shapeOf(shapes, layer.name);
    const inputShapes = layer.inputs.map((input) => shapeOf(shapes, input));
    return {
      name: layer.name,
      type: layer.type,
      outputShape,
      parameters: countParameters(specs.filter((spec) => spec.layer === layer.name)),
      inputBytes: inputShapes.reduce((sum, shape) => sum + BYTES_PER_VALUE * closedSizeOf(shape), 0),
      outputBytes: outputBytes.get(layer.name) ?? 0,
      trainingBytes: bytesOf(layer, true),
      flops: layerFlops(layer, inputShapes, outputShape),
      liveBytes: live[i] ?? 0,
    };
  });
  const parameters = countParameters(specs);
  const parameterBytes = BYTES_PER_VALUE * parameters.total;
  const activationBytes = Math.max(...live);
  return {
    name: network.name,
    layers,
    parameters,
    parameterBytes,
    flops: layers.reduce((sum, layer) => sum + layer.flops, 0),
    prediction: {
      bytes: parameterBytes + activationBytes,
      activationBytes,
      peakLayer: present(layers[live.indexOf(activationBytes)], 'a layer at the peak').name,
    },
    trainingActivationBytes: layers.reduce((sum, layer) => sum + layer.trainingBytes, 0),
  };
}

/** How a planned network is trained. */
export interface TrainingPlanOptions {
  readonly batchSize: number;
  readonly optimizerSlots?: number;
  /** The first trainable layer; the layers below are frozen, and their outputs are freed once they are read. Default: all layers are trainable. */
  readonly trainableFrom?: string;
}

/** Memory of training a planned network on mini-batches of the given size. */
export function planTraining(
  plan: NetworkPlan,
  { batchSize, optimizerSlots = ADAM_SLOTS, trainableFrom }: TrainingPlanOptions,
): TrainingMemory {
  const first =
    trainableFrom === undefined
      ? 0
      : Math.max(
          0,
          plan.layers.findIndex((layer) => layer.name === trainableFrom),
        );
  const learning = plan.layers.slice(first);
  const keptBytes = learning.reduce((sum, layer) => sum + layer.trainingBytes, 0);
  const frozenBytes = Math.max(0, ...plan.layers.slice(0, first).map((layer) => layer.liveBytes));
  const activationBytes = batchSize * Math.max(keptBytes, frozenBytes);
  const gradientBytes =
    BYTES_PER_VALUE * learning.reduce((sum, layer) => sum + layer.parameters.trainable, 0);
  const optimizerBytes = optimizerSlots * gradientBytes;
  const backwardBytes = batchSize * Math.max(...learning.map((layer) => layer.liveBytes));
  const bytes = activationBytes + plan.parameterBytes;
  return {
    batchSize,
    bytes,
    activationBytes,
    parameterBytes: plan.parameterBytes,
    gradientBytes,
    optimizerBytes,
    backwardBytes,
    totalBytes: bytes + gradientBytes + optimizerBytes + backwardBytes,
  };
}

/**
 * The largest mini-batch whose training, everything included, fits the given memory; 0 where not even one picture
 * fits.
 */
export function largestBatch(
  plan: NetworkPlan,
  memoryBytes: number,
  options: Omit<TrainingPlanOptions, 'batchSize'> = {},
): number {
  const bytesFor = (batchSize: number) => planTraining(plan, { ...options, batchSize }).totalBytes;
  const fixedBytes = bytesFor(0);
  return Math.max(0, Math.floor((memoryBytes - fixedBytes) / (bytesFor(1) - fixedBytes)));
}
