// The bits that a model may be stored in beside its own float32, and how its file is then called.

/** `fp16`: weights stored in half precision. `int8`: weights and values in 8-bit integers. */
export const PRECISIONS = ['fp16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** File of a version, e.g. `model-int8.onnx`. */
export const variantFile = (precision: Precision): string => `model-${precision}.onnx`;
