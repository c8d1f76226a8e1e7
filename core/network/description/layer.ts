// The vocabulary of network descriptions: every layer type, with Keras's names, defaults and semantics.
// Plain data; what a layer costs, computes or exports to is the business of its readers.

/** Height and width. Every spatial setting is given in full, e.g. `[3, 3]`. */
export type Pair = readonly [height: number, width: number];

/**
 * How a window is padded. `same` pads as TensorFlow does, for an output of ceil(n / stride): the odd row or column
 * goes below or right.
 */
export type Padding = 'same' | 'valid';

/** An activation function, by Keras's name. */
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

/** A convolution. Its kernel is `[height, width, inChannels / groups, filters]`. */
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

/**
 * A convolution of each channel on its own. Its kernel is `[height, width, channels, 1]`; the depth multiplier is
 * always 1.
 */
export interface DepthwiseConv2dLayer extends LayerBase {
  readonly type: 'depthwise_conv2d';
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/**
 * A depthwise and a pointwise convolution. `depthwise_kernel` is `[height, width, inChannels, 1]`, `pointwise_kernel`
 * is `[1, 1, inChannels, filters]`.
 */
export interface SeparableConv2dLayer extends LayerBase {
  readonly type: 'separable_conv2d';
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** A matrix product on the last axis. Its kernel is `[inFeatures, units]`. */
export interface DenseLayer extends LayerBase {
  readonly type: 'dense';
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/**
 * Batch normalization on the last axis: gamma * (x - mean) / sqrt(variance + epsilon) + beta. Moving statistics:
 * moving = moving * momentum + batch * (1 - momentum).
 */
export interface BatchNormalizationLayer extends LayerBase {
  readonly type: 'batch_normalization';
  readonly epsilon: number;
  readonly momentum: number;
  /** Whether there is a gamma. */
  readonly scale: boolean;
}

/** Layer normalization on the last axis, at each position on its own. */
export interface LayerNormalizationLayer extends LayerBase {
  readonly type: 'layer_normalization';
  readonly epsilon: number;
}

/** A factor for each channel: x * gamma (ConvNeXt). */
export interface LayerScaleLayer extends LayerBase {
  readonly type: 'layer_scale';
  readonly initialValue: number;
}

/**
 * Normalization over neighboring channels: x / (bias + alpha * sum of x² over the 2 * depthRadius + 1 channels
 * around)^beta. Alpha is not divided by the window.
 */
export interface LocalResponseNormalizationLayer extends LayerBase {
  readonly type: 'local_response_normalization';
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Keras's `Activation`, and its `ReLU` without a slope. */
export interface ActivationLayer extends LayerBase {
  readonly type: 'activation';
  readonly activation: Activation;
}

/** The maximum over each window, channel by channel. Padded positions count as less than any value. */
export interface MaxPooling2dLayer extends LayerBase {
  readonly type: 'max_pooling2d';
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** The mean over each window, channel by channel. Padded positions do not count. */
export interface AveragePooling2dLayer extends LayerBase {
  readonly type: 'average_pooling2d';
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** The mean over all places of a map, channel by channel. */
export interface GlobalAveragePooling2dLayer extends LayerBase {
  readonly type: 'global_average_pooling2d';
  /** Whether the result is `[batch, 1, 1, channels]` rather than `[batch, channels]`. */
  readonly keepDims: boolean;
}

/** Adds rows and columns of zeros around a map. */
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

/** Joins its inputs along the channels. */
export interface ConcatenateLayer extends LayerBase {
  readonly type: 'concatenate';
}

/** Makes a vector of a map, in the order height, width, channels. */
export interface FlattenLayer extends LayerBase {
  readonly type: 'flatten';
}

/** Gives the values another shape, in row-major order. */
export interface ReshapeLayer extends LayerBase {
  readonly type: 'reshape';
  /** Without the batch. */
  readonly targetShape: readonly number[];
}

/**
 * In training, sets a random share `rate` of the values to 0 and multiplies the rest by 1 / (1 - rate). In inference,
 * passes values on.
 */
export interface DropoutLayer extends LayerBase {
  readonly type: 'dropout';
  readonly rate: number;
  /** One draw for a whole sample instead of one for each value (stochastic depth). */
  readonly perSample: boolean;
}

/** Computes x * scale + offset; each is one number, or one for each channel. */
export interface RescalingLayer extends LayerBase {
  readonly type: 'rescaling';
  readonly scale: number | readonly number[];
  readonly offset: number | readonly number[];
}

/**
 * Computes (x - mean) / sqrt(variance) for each channel. Mean and variance are constants, or weights without gradient
 * where `weights` is true.
 */
export interface NormalizationLayer extends LayerBase {
  readonly type: 'normalization';
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  /** Whether mean and variance are weights of the file (`mean`, `variance`, `count`). */
  readonly weights: boolean;
}

/** A layer of any type. */
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

/** The name of a layer type, e.g. `conv2d`. */
export type LayerType = Layer['type'];
