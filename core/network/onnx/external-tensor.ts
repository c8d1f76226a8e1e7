// Reads what a tensor says of its values in another file, and encodes it with those values inside. Strict, since the file may be
// made to deceive: what it says must be said once and fit its shape. Knows no files.

import protobuf from 'protobufjs/light.js';
import { FoveaError } from '../../errors/errors.ts';
import { many, one } from '../../protobuf-fields.ts';
import { encodeTensor } from './onnx-schema.ts';
import { readingAsOnnx } from './packed-model.ts';

/** A tensor whose values are in another file. */
export interface ExternalTensor {
  readonly name: string;
  /** A number of `TensorProto.DataType`. */
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Path of the file, as the model says it: not looked at yet. */
  readonly location: string;
  /** In bytes, of the values within the file. */
  readonly offset: number;
  /** In bytes; what values of this shape and type take. */
  readonly length: number;
  /** Whether the model says no length: the values go to the end of the file. */
  readonly isToEnd: boolean;
}

/** What to do where weights beside a model cannot be read. */
export const ONE_FOLDER_OR_FILE =
  'Put the model and the weight files that the export wrote with it into one folder, or export it into one file: ' +
  'torch.onnx.export(…, external_data=False), or onnx.save_model(onnx.load(path), path, save_as_external_data=False).';

// Field numbers: onnx/onnx.proto. A location that is said twice shows as two.
const TENSOR = protobuf.Root.fromJSON({
  nested: {
    Tensor: {
      fields: {
        dims: many('int64', 1),
        dataType: one('int32', 2),
        name: one('string', 8),
        externalData: many('Entry', 13),
        dataLocation: many('int32', 14),
      },
    },
    Entry: { fields: { key: one('string', 1), value: one('string', 2) } },
  },
}).lookupType('Tensor');

interface Tensor {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name: string;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: readonly number[];
}

/** `TensorProto.DataLocation` */
const EXTERNAL = 1;
const KEYS: readonly string[] = ['location', 'offset', 'length'];
/** Bits of a value by the number of its type in ONNX 1.20. Strings have no fixed size, and are not among them. */
const BITS: Readonly<Record<number, number>> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64 },
  ...{ 14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};
/** `TensorProto.raw_data`, with the wire type of bytes. */
const RAW_DATA_TAG = (9 << 3) | 2;
/** Characters of a text of the file that a message shows at most. */
const SHOWN_LENGTH = 80;

/** A name or value of the file, as a message shows it. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_LENGTH));

/**
 * What an encoded tensor says of its values.
 * @throws {FoveaError} `backbone-external-data` where that is not one place that fits its shape; `backbone-unreadable`.
 */
export function readExternalTensor(bytes: Uint8Array): ExternalTensor {
  const { name, dataType, dims, externalData, dataLocation } = readingAsOnnx(() =>
    TENSOR.toObject(TENSOR.decode(bytes), { longs: Number, defaults: true, arrays: true }),
  ) as Tensor;
  const refuse = (problem: string, received: unknown) =>
    new FoveaError(
      'backbone-external-data',
      `The weights of ${shown(name)} are in another file, and ${problem}. Nothing was read. ${ONE_FOLDER_OR_FILE}`,
      { param: 'file', details: { tensor: name.slice(0, SHOWN_LENGTH), received } },
    );
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const unknown = [...entries.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw refuse(`the model says ${shown(unknown)} of them; only ${KEYS.join(', ')} are known`, unknown);
  if (entries.size !== externalData.length || dataLocation.length !== 1 || dataLocation[0] !== EXTERNAL)
    throw refuse('the model says in more than one way, or not at all, where', dataLocation);
  const location = entries.get('location') ?? '';
  if (location === '') throw refuse('the model does not name it', null);
  const bytesOf = (key: string, fallback: string) => {
    const text = entries.get(key) ?? fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw refuse(`their ${key} is ${shown(text)}; it must be a whole number of bytes, 0 or more`, text);
  };
  const offset = bytesOf('offset', '0');
  const needed = sizeOf(dims, dataType);
  if (needed === undefined)
    throw refuse(`values of type ${dataType} in the shape [${dims.join(', ')}] have no size in bytes`, [
      ...dims,
    ]);
  const isToEnd = !entries.has('length');
  const length = bytesOf('length', String(needed));
  if (length !== needed) {
    const shape = `values of type ${dataType} in the shape [${dims.join(', ')}]`;
    throw refuse(`their length is ${length} bytes, where ${shape} take ${needed}`, length);
  }
  return { name, dataType, dims, location, offset, length, isToEnd };
}

/** Bytes of all values; undefined where there is no such number. */
function sizeOf(dims: readonly number[], dataType: number): number | undefined {
  const bits = BITS[dataType];
  if (bits === undefined || dims.some((size) => !Number.isSafeInteger(size) || size < 0)) return undefined;
  const count = dims.includes(0) ? 0 : dims.reduce((product, size) => product * size, 1);
  return Number.isSafeInteger(count * bits) ? Math.ceil((count * bits) / 8) : undefined;
}

/**
 * Encodes the tensor with room for its values inside.
 * @returns The encoded tensor, and the part of it that takes `length` bytes of values.
 */
export function encodeWithRoom({ name, dataType, dims, length }: ExternalTensor) {
  const head = encodeTensor({ name, dataType, dims });
  const tag = protobuf.Writer.create().uint32(RAW_DATA_TAG).uint32(length).finish();
  const encoded = Buffer.allocUnsafeSlow(head.length + tag.length + length);
  encoded.set(head);
  encoded.set(tag, head.length);
  return { encoded, values: encoded.subarray(head.length + tag.length) };
}
