// ONNX files as other programs write them: a convolution in NCHW by hand, and whatever may be wrong with one.

import {
  DATA_TYPE,
  encodeModel,
  type ModelProto,
  type NodeProto,
  toAttribute,
} from '../../core/network/onnx/onnx-schema.ts';
import { randomValues } from './random-weights.ts';

export interface ForeignOptions {
  readonly inputs?: readonly string[];
  /** Of the input; a string is open. */
  readonly dimensions?: readonly (number | string)[];
  readonly dataType?: number;
  readonly opset?: number;
  readonly irVersion?: number;
  readonly nodes?: readonly NodeProto[];
  readonly output?: string;
}

export const FOREIGN_FILTERS = 5;
export const FOREIGN_SIZE = 16;

export const foreignNode = (
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Parameters<typeof toAttribute>[1]>> = {},
): NodeProto => ({
  opType,
  name: output,
  input,
  output: [output],
  attribute: Object.entries(attributes).map(([name, value]) => toAttribute(name, value)),
});

/** `image` in NCHW → `conv` 3×3, every other place → `map` → `vector` → `scores` of 7 classes. */
export function foreignModel(options: ForeignOptions = {}): Uint8Array {
  const { inputs = ['image'], dataType = DATA_TYPE.float32, opset = 13, irVersion = 8 } = options;
  const { dimensions = ['N', 3, FOREIGN_SIZE, FOREIGN_SIZE], output = 'map' } = options;
  const kernel = randomValues(FOREIGN_FILTERS * 3 * 9, 1);
  const classifier = randomValues(FOREIGN_FILTERS * 7, 2);
  const values = (name: string): ModelProto['graph']['input'][number] => ({
    name,
    type: {
      tensorType: {
        elemType: dataType,
        shape: { dim: dimensions.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
      },
    },
  });
  const constant = (name: string, data: Float32Array, dims: readonly number[]) => ({
    name,
    dataType: DATA_TYPE.float32,
    dims,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
  return encodeModel({
    irVersion,
    producerName: 'elsewhere',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'foreign',
      node: options.nodes ?? [
        foreignNode('Conv', ['image', 'fovea_features'], 'conv', {
          kernel_shape: [3, 3],
          pads: [1, 1, 1, 1],
          strides: [2, 2],
        }),
        foreignNode('Relu', ['conv'], 'map'),
        foreignNode('GlobalAveragePool', ['map'], 'mean'),
        foreignNode('Flatten', ['mean'], 'vector', { axis: 1 }),
        foreignNode('MatMul', ['vector', 'classifier'], 'scores'),
      ],
      // Named as what will be added to the graph.
      initializer: [
        constant('fovea_features', kernel, [FOREIGN_FILTERS, 3, 3, 3]),
        constant('classifier', classifier, [FOREIGN_FILTERS, 7]),
      ],
      input: inputs.map(values),
      output: [{ name: output, type: { tensorType: { elemType: DATA_TYPE.float32 } } }],
    },
  });
}

/** Channels last to channels first, `[batch, …]`. */
export function toNchw(
  values: Float32Array,
  [batch, height, width, channels]: readonly [number, number, number, number],
): Float32Array {
  const result = new Float32Array(values.length);
  const places = height * width;
  for (let b = 0; b < batch; b++) {
    for (let place = 0; place < places; place++) {
      for (let c = 0; c < channels; c++) {
        result[(b * channels + c) * places + place] = values[(b * places + place) * channels + c] as number;
      }
    }
  }
  return result;
}
