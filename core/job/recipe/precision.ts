// The reduced precisions in which a model may be stored besides float32, and the names of those files.

/**
 * Reduced precisions of a model. `fp16`: weights are stored in half precision. `int8`: weights and values are
 * quantized to 8 bits.
 */
export const PRECISIONS = ['fp16', 'int8'] as const;
/** One of {@link PRECISIONS}. */
export type Precision = (typeof PRECISIONS)[number];

/** Name of a reduced-precision variant's file, e.g. `model-int8.onnx`. */
export const variantFile = (precision: Precision): string => `model-${precision}.onnx`;
