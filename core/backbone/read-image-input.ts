// Compares what an imported model says of its input with what the import says of it. It must be a float32 batch of pictures, of open
// size.

import { FoveaError } from '../errors/errors.ts';
import { type AskedFraming, type ModelInput, type Preprocessing, toFraming } from '../image/model-input.ts';
import type { Layout } from '../network/onnx/export-context.ts';
import { DATA_TYPE, decodeValueInfo, type ValueInfo } from '../network/onnx/onnx-schema.ts';
import type { PackedModel } from '../network/onnx/packed-model.ts';

/** Names of the numbers of `TensorProto.DataType` that inputs and features are likely to have. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'no tensor',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
  11: 'double',
  16: 'bfloat16',
};

/** Name of an element type for messages. */
export const nameOfType = (dataType: number): string => TYPE_NAMES[dataType] ?? `type ${dataType}`;

/** Axes of batch, height, width and channels. */
const AXES: Readonly<Record<Layout, readonly [number, number, number, number]>> = {
  nchw: [0, 2, 3, 1],
  nhwc: [0, 1, 2, 3],
};

/** Height and width at most. Sixteen pictures are predicted together, and with 2048² pixels and 3 channels they take 805 MB. */
const MAX_SIDE = 2048;

/** What the import says of the model's input. */
export interface AskedInput extends AskedFraming {
  readonly layout: Layout;
  /** Default: what the model says. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing: Preprocessing;
}

const unsupported = (problem: string, param: string, details: Readonly<Record<string, unknown>> = {}) =>
  new FoveaError('backbone-input-unsupported', problem, { param, details });

/**
 * Reads the input contract of a model.
 *
 * @param model The result of cutAtOutput.
 * @throws {FoveaError} `backbone-input-unsupported`, `backbone-batch-fixed`.
 */
export function readImageInput(
  model: PackedModel,
  { layout, size, preprocessing, ...asked }: AskedInput,
): ModelInput {
  const input = onlyInput(model);
  const [batch, height, width, channels] = AXES[layout].map((axis) => input.dimensions[axis]);
  const shown = `[${input.dimensions.map((dimension) => dimension ?? 'open').join(', ')}]`;
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw unsupported(
      `The input "${input.name}" ${shown} has ${channels} channels as ${layout}; 1 or 3 are allowed. Check --layout.`,
      'layout',
      { received: channels },
    );
  }
  if (batch !== undefined) {
    throw new FoveaError(
      'backbone-batch-fixed',
      `The input "${input.name}" ${shown} takes ${batch} pictures at a time, no more and no fewer. Export the model with an open ` +
        'batch: in PyTorch torch.onnx.export(…, dynamic_shapes=({0: "batch"},)), or with dynamo=False ' +
        `dynamic_axes={"${input.name}": {0: "batch"}}; in TensorFlow an input [None, …].`,
      { param: 'file', details: { received: batch } },
    );
  }
  return {
    height: sideOf('height', height, size?.height, shown),
    width: sideOf('width', width, size?.width, shown),
    channels: channels ?? 3,
    preprocessing,
    ...toFraming(asked),
  };
}

function onlyInput({ graph }: PackedModel): ValueInfo {
  const inputs = graph.input.map(decodeValueInfo);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ');
    throw unsupported(
      `The features are computed from ${inputs.length === 0 ? 'no input' : `${inputs.length} inputs, ${names}`}; they must need one ` +
        'picture and nothing else. Export only the image encoder, or name with --output a value that needs only the picture.',
      'output',
      { received: inputs.map(({ name }) => name) },
    );
  }
  if (input.dataType !== DATA_TYPE.float32) {
    const type = nameOfType(input.dataType);
    throw unsupported(
      `The input "${input.name}" is of ${type}; float32 is needed. Export the model in float32.`,
      'file',
      { received: type },
    );
  }
  if (input.dimensions.length !== 4) {
    throw unsupported(
      `The input "${input.name}" has ${input.dimensions.length} axes; a batch of pictures has 4.`,
      'file',
      { received: input.dimensions.length },
    );
  }
  return input;
}

function sideOf(
  side: 'height' | 'width',
  said: number | undefined,
  asked: number | undefined,
  shown: string,
): number {
  const value = said ?? asked;
  if (value === undefined) {
    throw unsupported(`The input ${shown} has an open ${side}: give the size with --size.`, 'size');
  }
  if (!Number.isInteger(value) || value < 1 || (asked !== undefined && asked !== value)) {
    throw unsupported(
      `The input ${shown} has a ${side} of ${value}, and ${asked} was given. Check --size and --layout.`,
      'size',
      { received: asked, allowed: said },
    );
  }
  if (value > MAX_SIDE) {
    throw unsupported(
      `The input ${shown} has a ${side} of ${value} pixels; at most ${MAX_SIDE} are allowed. Check --size, or export the model for ` +
        'smaller pictures.',
      'size',
      { received: value, allowed: MAX_SIDE },
    );
  }
  return value;
}
