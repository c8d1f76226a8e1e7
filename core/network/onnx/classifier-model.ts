// Brings an imported classifier to the form in which models are served: pictures in Keras's layout in, one score for each class out.
// Changes only the beginning and the end of the graph. Knows no runtime.

import type { ClassifierOnnx } from './attach-head.ts';
import type { FinalActivation } from './classifier-ends.ts';
import type { Layout } from './export-context.ts';
import { floats, freeName, node } from './graph-ends.ts';
import { DATA_TYPE, decodeValueInfo, encodeTensor, encodeValueInfo } from './onnx-schema.ts';
import { encodePacked, type PackedModel } from './packed-model.ts';

/** What is done at the end to get scores. */
export type AppendedActivation = FinalActivation | 'exponential';

/** What is added to the two ends of a graph. */
export interface ClassifierModelOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Layout of the model's input. */
  readonly layout: Layout;
  readonly activation: AppendedActivation;
  /** Number of scores: those of the model, or 2 for the one score of the second of two classes. */
  readonly classes: number;
  /** Whether the model gives one score for two classes: how likely the second one is. */
  readonly isBinary: boolean;
}

const TO_NCHW = [0, 3, 1, 2];

/**
 * Makes an `.onnx` file with float32 input `[batch, height, width, channels]` and float32 output `[batch, classes]`. Inputs and outputs
 * of other numeric types are cast. All nodes exist in every opset from 7 on.
 *
 * @param model The result of `cutAtOutput`, with one input.
 */
export function toClassifierModel(model: PackedModel, options: ClassifierModelOptions): ClassifierOnnx {
  const { height, width, channels, layout, activation, classes, isBinary } = options;
  const { graph } = model;
  const { name: original, dataType } = decodeValueInfo(graph.input[0] as Uint8Array);
  const bytes = encodePacked(model);
  const name = (wish: string) => freeName(bytes, wish);
  const before: Uint8Array[] = [];
  let input = original;
  /** Puts a node before the input. */
  const prepend = (opType: string, wish: string, attributes: Parameters<typeof node>[3]) => {
    const read = name(wish);
    before.unshift(node(opType, [read], input, attributes));
    input = read;
  };
  if (dataType !== DATA_TYPE.float32) prepend('Cast', 'fovea_cast', { to: dataType });
  if (layout === 'nchw') prepend('Transpose', 'fovea_input', { perm: TO_NCHW });

  const after: Uint8Array[] = [];
  let value = decodeValueInfo(graph.output[0] as Uint8Array).name;
  const append = (opType: string, wish: string, attributes: Parameters<typeof node>[3] = {}) => {
    const result = name(wish);
    after.push(node(opType, [value], result, attributes));
    value = result;
  };
  append('Cast', 'fovea_scores', { to: DATA_TYPE.float32 });
  append('Flatten', 'fovea_list', { axis: 1 });
  if (activation === 'softmax') append('Softmax', 'fovea_softmax', { axis: 1 });
  if (activation === 'sigmoid') append('Sigmoid', 'fovea_sigmoid');
  if (activation === 'exponential') append('Exp', 'fovea_exponential');
  const initializer = [...graph.initializer];
  if (isBinary) {
    const [one, rest, both] = [name('fovea_one'), name('fovea_rest'), name('fovea_both')];
    const rawData = new Uint8Array(Float32Array.of(1).buffer);
    initializer.push(encodeTensor({ name: one, dataType: DATA_TYPE.float32, dims: [1], rawData }));
    after.push(node('Sub', [one, value], rest), node('Concat', [rest, value], both, { axis: 1 }));
    value = both;
  }
  return {
    inputName: input,
    outputName: value,
    onnx: encodePacked({
      ...model,
      graph: {
        ...graph,
        node: [...before, ...graph.node, ...after],
        initializer,
        input: [encodeValueInfo(floats(input, [height, width, channels]))],
        output: [encodeValueInfo(floats(value, [classes]))],
      },
    }),
  };
}
