// The vocabulary of network descriptions: every layer type, with Keras's names, defaults and semantics.
// Plain data; what a layer costs, computes or exports to is said by the readers beside this file.

/** Height and width; every spatial setting is given in full, e.g. `[3, 3]`. */
export type Pair = readonly [height: number, width: number];

/** `same` pads as TensorFlow does: for an output of ceil(n / stride), the odd row or column below or right. */
export type Padding = 'same' | 'valid';

export type Activation =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'sigmoid'
  | 'tanh'
  | 'softmax'
  | 'silu'
  /** `relu6(x + 3) / 6`. */
  | 'hard_sigmoid'
  /** `x * hard_sigmoid(x)`. */
  | 'hard_silu'
  /** Exact: `x / 2 * (1 + erf(x / sqrt(2)))`. */
  | 'gelu';

interface LayerBase {
  /** Unique in the network, and Keras's name where Keras has the layer. */
  readonly name: string;
  /** Names of the layers read, in argument order. */
  readonly inputs: readonly string[];
}

/** The network's input, a float32 tensor `[batch, height, width, channels]`. */
export interface InputLayer extends LayerBase {
  readonly type: 'input';
  /** `[height, width, channels]`; null where any size is taken (fully convolutional networks). */
  readonly shape: readonly [number | null, number | null, number];
}

/** Kernel `[height, width, inChannels / groups, filters]`. */
export interface Conv2dLayer extends LayerBase {
  readonly type: 'conv2d';
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly groups: number;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** Kernel `[height, width, channels, 1]`; the depth multiplier is always 1. */
export interface DepthwiseConv2dLayer extends LayerBase {
  readonly type: 'depthwise_conv2d';
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** `depthwise_kernel` `[height, width, inChannels, 1]`, then `pointwise_kernel` `[1, 1, inChannels, filters]`. */
export interface SeparableConv2dLayer extends LayerBase {
  readonly type: 'separable_conv2d';
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** On the last axis. Kernel `[inFeatures, units]`. */
export interface DenseLayer extends LayerBase {
  readonly type: 'dense';
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** On the last axis: gamma * (x - mean) / sqrt(variance + epsilon) + beta; moving = moving * momentum + batch * (1 - momentum). */
export interface BatchNormalizationLayer extends LayerBase {
  readonly type: 'batch_normalization';
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether there is a gamma. */
  readonly scale: boolean;
}

/** On the last axis, per position. */
export interface LayerNormalizationLayer extends LayerBase {
  readonly type: 'layer_normalization';
  readonly epsilon: number;
}

/** x * gamma, gamma of one value a channel (ConvNeXt). */
export interface LayerScaleLayer extends LayerBase {
  readonly type: 'layer_scale';
  readonly initialValue: number;
}

/** x / (bias + alpha * sum of x² over the 2 * depthRadius + 1 channels around)^beta; alpha is not divided by the window. */
export interface LocalResponseNormalizationLayer extends LayerBase {
  readonly type: 'local_response_normalization';
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

export interface ActivationLayer extends LayerBase {
  readonly type: 'activation';
  readonly activation: Activation;
}

export interface MaxPooling2dLayer extends LayerBase {
  readonly type: 'max_pooling2d';
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Padded positions do not count in the average. */
export interface AveragePooling2dLayer extends LayerBase {
  readonly type: 'average_pooling2d';
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

export interface GlobalAveragePooling2dLayer extends LayerBase {
  readonly type: 'global_average_pooling2d';
  /** Whether the result is `[batch, 1, 1, channels]` rather than `[batch, channels]`. */
  readonly keepDims: boolean;
}

export interface ZeroPadding2dLayer extends LayerBase {
  readonly type: 'zero_padding2d';
  /** `[[top, bottom], [left, right]]`. */
  readonly padding: readonly [Pair, Pair];
}

/** Elementwise sum of its inputs, with broadcasting of size-1 axes. */
export interface AddLayer extends LayerBase {
  readonly type: 'add';
}

/** Elementwise product of its inputs, with broadcasting of size-1 axes. */
export interface MultiplyLayer extends LayerBase {
  readonly type: 'multiply';
}

/** Along the channels. */
export interface ConcatenateLayer extends LayerBase {
  readonly type: 'concatenate';
}

export interface FlattenLayer extends LayerBase {
  readonly type: 'flatten';
}

export interface ReshapeLayer extends LayerBase {
  readonly type: 'reshape';
  /** Without the batch. */
  readonly targetShape: readonly number[];
}

/** In training, sets a random share `rate` to 0 and scales the rest by 1 / (1 - rate). */
export interface DropoutLayer extends LayerBase {
  readonly type: 'dropout';
  readonly rate: number;
  /** One draw for a whole sample instead of one for each value (stochastic depth). */
  readonly perSample: boolean;
}

/** x * scale + offset; a constant, or one for each channel. */
export interface RescalingLayer extends LayerBase {
  readonly type: 'rescaling';
  readonly scale: number | readonly number[];
  readonly offset: number | readonly number[];
}

/** (x - mean) / sqrt(variance), per channel; weights without gradient when `weights`, else constants. */
export interface NormalizationLayer extends LayerBase {
  readonly type: 'normalization';
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  /** Whether mean and variance are weights of the file (`mean`, `variance`, `count`). */
  readonly weights: boolean;
}

export type Layer =
  | InputLayer
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | SeparableConv2dLayer
  | DenseLayer
  | BatchNormalizationLayer
  | LayerNormalizationLayer
  | LayerScaleLayer
  | LocalResponseNormalizationLayer
  | ActivationLayer
  | MaxPooling2dLayer
  | AveragePooling2dLayer
  | GlobalAveragePooling2dLayer
  | ZeroPadding2dLayer
  | AddLayer
  | MultiplyLayer
  | ConcatenateLayer
  | FlattenLayer
  | ReshapeLayer
  | DropoutLayer
  | RescalingLayer
  | NormalizationLayer;

export type LayerType = Layer['type'];
