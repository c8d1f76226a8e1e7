// Pretrained networks whose Keras weight files are at hand, for comparisons with Keras.

/** A network of the table and its Keras twin. */
export interface KerasBackbone {
  readonly name: string;
  /** MobileNetV2's width multiplier. */
  readonly alpha: string;
  /** Name of the weight file in the folder of weights. */
  readonly file: string;
}

/** The networks. */
export const KERAS_BACKBONES: readonly KerasBackbone[] = [
  { name: 'mobilenet_v2_0.35', alpha: '0.35', file: 'mobilenet_v2_0.35_224_no_top.h5' },
  { name: 'mobilenet_v2_1.0', alpha: '1.0', file: 'mobilenet_v2_1.0_224.h5' },
];
