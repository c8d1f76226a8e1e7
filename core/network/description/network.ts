// What a network is: its layers in an order of evaluation, and the facts about an architecture that surround them.
// Data only; storage, HTTP and TensorFlow are unknown here.

import type { Layer } from './layer.ts';

/** A network ready to be read: the first layer is the input, the last one the output. */
export interface Network {
  readonly name: string;
  /** In an order of evaluation: every layer comes after the layers it reads. Names are unique. */
  readonly layers: readonly Layer[];
}

/**
 * How RGB values of 0..255 become what the network was trained on; the names are those of Keras's `preprocess_input`
 * modes.
 */
export type PreprocessingMode =
  /** x / 127.5 - 1. */
  | 'tf'
  /** x / 255, then minus [0.485, 0.456, 0.406], then divided by [0.229, 0.224, 0.225]. */
  | 'torch'
  /** RGB to BGR, then minus [103.939, 116.779, 123.68]. */
  | 'caffe'
  /** x / 255. */
  | 'unit'
  /** Unchanged: the network has the layers for it. */
  | 'none';

/** Size of a network's input: pixels a side, and 1 (gray) or 3 (RGB) channels. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** A file of pretrained weights that anybody can download. */
export interface WeightSource {
  /** File name, e.g. `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5`. */
  readonly file: string;
  /** Further names under which people keep the same weights. */
  readonly aliases: readonly string[];
  readonly url: string;
  /** The checksum that Keras publishes, a sha256 or only an md5; absent where none is published. */
  readonly checksum?: { readonly algorithm: 'sha256' | 'md5'; readonly hex: string };
  readonly includesTop: boolean;
  readonly trainedOn: string;
  readonly license: string;
}

/** What an architecture needs to become a network. */
export interface BuildOptions {
  readonly inputSize: InputSize;
  /** Number of classes, at least 1. */
  readonly classes: number;
}

/** One architecture of the zoo: a row of the table in architectures.ts. */
export interface Architecture {
  /** The name that users give, e.g. `mobilenet_v2_0.35`. */
  readonly name: string;
  readonly title: string;
  /** Citation with a link. */
  readonly paper: string;
  readonly license: string;
  readonly preprocessing: PreprocessingMode;
  readonly defaultInputSize: InputSize;
  /** Smallest height and width at which every layer has an output. */
  readonly minInputSize: { readonly height: number; readonly width: number };
  /** The layer whose output, `[batch, features]` or `[batch, 1, 1, features]`, feeds the classifier on top. */
  readonly featureLayer: string;
  readonly weightSources: readonly WeightSource[];
  /** Where Keras changes the network when it loads the published weights: the same change, made to the weights. */
  readonly adaptPublishedWeights?: (weights: NetworkWeights) => NetworkWeights;
  /** Builds the classifier, with softmax on top and Keras's layer names. */
  readonly build: (options: BuildOptions) => Network;
}

/** Weights of a network: `<layer>/<weight>`, e.g. `Conv1/kernel`, to float32 values in Keras's layout. */
export type NetworkWeights = ReadonlyMap<string, Float32Array>;
