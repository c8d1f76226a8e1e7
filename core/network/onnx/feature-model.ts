// Brings an imported model to the form in which backbones are used here: pictures in Keras's layout in, one vector a picture out.
// Changes only the beginning and the end of the graph. Knows no runtime.

import { FoveaError } from '../../errors/errors.ts';
import type { Layout } from './export-context.ts';
import { floats, freeName, node } from './graph-ends.ts';
import { DATA_TYPE, decodeValueInfo, encodeTensor, encodeValueInfo } from './onnx-schema.ts';
import {
  encodePacked,
  linksOf,
  nameOfInitializer,
  nameOfSparseInitializer,
  type PackedModel,
  readingAsOnnx,
} from './packed-model.ts';
import type { Pooling } from './pooling.ts';

const TO_NCHW = [0, 3, 1, 2];
/** The first version of the format in which constants need not be among the inputs. */
const IR_OF_CONSTANTS = 4;

/**
 * Cuts a model down to what one value needs. That value becomes the only output, without a type, and constants are no longer among
 * the inputs.
 *
 * @param output Name of an output or of any value inside. Default: the first output.
 * @throws {FoveaError} `backbone-output-unsupported` where there is no such value; `backbone-unreadable`.
 */
export function cutAtOutput(model: PackedModel, output: string | undefined): PackedModel {
  const { graph } = model;
  const outputs = graph.output.map(nameOfValue);
  const links = graph.node.map(linksOf);
  const producers = new Map(
    links.flatMap(({ writes }, index) => writes.map((name) => [name, index] as const)),
  );
  const wanted = output ?? outputs[0];
  if (wanted === undefined)
    throw new FoveaError('backbone-output-unsupported', 'The model has no output. Name a value inside it.', {
      param: 'output',
      details: { outputs },
    });
  if (!producers.has(wanted)) {
    throw new FoveaError(
      'backbone-output-unsupported',
      `The model computes no value "${wanted}". Name one of its outputs, or a value inside as a viewer of ONNX files shows it.`,
      { param: 'output', details: { received: wanted, outputs } },
    );
  }
  const used = new Set([wanted]);
  const live = new Set<number>();
  // A set gives what is added while it is walked through, too.
  for (const name of used) {
    const producer = producers.get(name);
    if (producer === undefined || live.has(producer)) continue;
    live.add(producer);
    for (const read of links[producer]?.reads ?? []) used.add(read);
  }
  const constants = new Set(graph.initializer.map(nameOfInitializer));
  const isRead = (name: string) => used.has(name) && !constants.has(name);
  return {
    ...model,
    irVersion: Math.max(IR_OF_CONSTANTS, model.irVersion),
    graph: {
      ...graph,
      node: graph.node.filter((_, index) => live.has(index)),
      initializer: graph.initializer.filter((bytes) => used.has(nameOfInitializer(bytes))),
      sparseInitializer: graph.sparseInitializer.filter((bytes) => used.has(nameOfSparseInitializer(bytes))),
      input: graph.input.filter((bytes) => isRead(nameOfValue(bytes))),
      output: [encodeValueInfo({ name: wanted })],
    },
  };
}

/** Names of the values computed last before the output, the last one first: candidates for another output. */
export const valuesBelow = ({ graph }: PackedModel, count: number): readonly string[] =>
  graph.node
    .slice(-count - 1, -1)
    .flatMap((bytes) => linksOf(bytes).writes.slice(0, 1))
    .reverse();

const nameOfValue = (bytes: Uint8Array) => readingAsOnnx(() => decodeValueInfo(bytes).name);

/** What the output of an imported model is: a vector for each picture, a feature map in a layout, or tokens. */
export type OutputLayout = Layout | 'vector' | 'tokens';

/** Shapes and layouts at the two ends of an imported model. */
export interface FeatureModelOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Layout of the model's input. */
  readonly inputLayout: Layout;
  /** What its output is. The mean of a feature map over all places is taken. */
  readonly outputLayout: OutputLayout;
  /** How tokens become a vector. Default: their mean. */
  readonly pooling?: Pooling | undefined;
  /** Length of the vector. */
  readonly features: number;
}

/**
 * Makes an `.onnx` file with float32 input `[batch, height, width, channels]` and float32 output `[batch, features]`.
 * @param model The result of {@link cutAtOutput}, with one input.
 */
export function toFeatureModel(model: PackedModel, options: FeatureModelOptions): Uint8Array {
  const { height, width, channels, inputLayout, outputLayout, pooling, features } = options;
  const { graph } = model;
  const original = decodeValueInfo(graph.input[0] as Uint8Array).name;
  const output = decodeValueInfo(graph.output[0] as Uint8Array).name;
  const bytes = encodePacked(model);
  const name = (wish: string) => freeName(bytes, wish);

  const isTransposed = inputLayout === 'nchw';
  const input = isTransposed ? name('fovea_input') : original;
  const before = isTransposed ? [node('Transpose', [input], original, { perm: TO_NCHW })] : [];
  const after: Uint8Array[] = [];
  let value = output;
  const append = (
    opType: string,
    wish: string,
    attributes: Parameters<typeof node>[3] = {},
    constants: readonly string[] = [],
  ) => {
    const result = name(wish);
    after.push(node(opType, [value, ...constants], result, attributes));
    value = result;
  };
  const initializer = [...graph.initializer];
  if (outputLayout === 'nhwc') append('Transpose', 'fovea_map', { perm: TO_NCHW });
  if (outputLayout === 'tokens' && pooling === 'cls') {
    const first = name('fovea_first');
    initializer.push(
      encodeTensor({ name: first, dataType: DATA_TYPE.int64, dims: [], rawData: new Uint8Array(8) }),
    );
    append('Gather', 'fovea_features', { axis: 1 }, [first]);
  } else if (outputLayout !== 'vector') {
    if (outputLayout === 'tokens') append('Transpose', 'fovea_map', { perm: [0, 2, 1] });
    append('GlobalAveragePool', 'fovea_mean');
    append('Flatten', 'fovea_features', { axis: 1 });
  }
  return encodePacked({
    ...model,
    graph: {
      ...graph,
      node: [...before, ...graph.node, ...after],
      initializer,
      input: [encodeValueInfo(floats(input, [height, width, channels]))],
      output: [encodeValueInfo(floats(value, [features]))],
    },
  });
}
