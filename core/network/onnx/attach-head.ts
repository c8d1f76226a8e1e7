// Puts a dense classifier on top of a backbone of which only the ONNX file is known.

import { floats, freeName, node } from './graph-ends.ts';
import { DATA_TYPE, decodeValueInfo, encodeTensor, encodeValueInfo } from './onnx-schema.ts';
import { decodePacked, encodePacked } from './packed-model.ts';

/** The weights of a dense classifier. */
export interface DenseHead {
  /** Keras's kernel, `[features, classes]`. */
  readonly kernel: Float32Array;
  /** `[classes]`. */
  readonly bias: Float32Array;
}

/** A classifier as an ONNX file, and the names of its input and output. */
export interface ClassifierOnnx {
  readonly onnx: Uint8Array;
  readonly inputName: string;
  readonly outputName: string;
  /** Name of the value that is the feature of a picture; absent where none is known. */
  readonly featureName?: string;
}

/**
 * Makes a model whose output is softmax probabilities, float32 `[batch, classes]`. The added nodes exist in every opset from 7 on,
 * the oldest that ONNX Runtime reads.
 *
 * @param onnx A backbone that toFeatureModel made.
 */
export function attachHead(onnx: Uint8Array, { kernel, bias }: DenseHead): ClassifierOnnx {
  const model = decodePacked(onnx);
  const { graph } = model;
  const features = decodeValueInfo(graph.output[0] as Uint8Array).name;
  const [kernelName, biasName, logits, outputName] = ['kernel', 'bias', 'logits', 'probabilities'].map(
    (part) => freeName(onnx, `fovea_${part}`),
  ) as [string, string, string, string];
  const constant = (name: string, values: Float32Array, dims: readonly number[]) =>
    encodeTensor({
      name,
      dataType: DATA_TYPE.float32,
      dims,
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
  const classes = bias.length;
  return {
    onnx: encodePacked({
      ...model,
      graph: {
        ...graph,
        node: [
          ...graph.node,
          node('Gemm', [features, kernelName, biasName], logits),
          node('Softmax', [logits], outputName, { axis: 1 }),
        ],
        initializer: [
          ...graph.initializer,
          constant(kernelName, kernel, [kernel.length / classes, classes]),
          constant(biasName, bias, [classes]),
        ],
        output: [encodeValueInfo(floats(outputName, [classes]))],
      },
    }),
    inputName: decodeValueInfo(graph.input[0] as Uint8Array).name,
    outputName,
    featureName: features,
  };
}
