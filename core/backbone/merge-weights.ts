// Brings weights that lie beside a model into it, so that what is stored, and what the runtime sees, is one file without references.

import { FoveaError } from '../errors/errors.ts';
import { externalTensorsOf, replaceExternalTensors } from '../network/onnx/external-data.ts';
import {
  type ExternalTensor,
  encodeWithRoom,
  ONE_FOLDER_OR_FILE,
  readExternalTensor,
  shown,
} from '../network/onnx/external-tensor.ts';
import type { PackedModel } from '../network/onnx/packed-model.ts';
import type { WeightFiles } from './weight-files.ts';

/** A model without references, and the weight files that went into it. */
export interface MergedModel {
  readonly model: PackedModel;
  /** As the model named them, in order. */
  readonly locations: readonly string[];
}

/**
 * Reads the values that a model has in other files. All is checked before the first byte is read: what each tensor says, that all
 * of it fits, and that the files have it. Tensors may share bytes; each takes a copy.
 *
 * @param checkSize Throws where a model of so many bytes would be too large. It gets those of `onnx` and of all values together.
 * @param onnxSizeBytes Of the file that the model is from.
 * @throws {FoveaError} `backbone-external-data`, `backbone-unreadable`, and what `checkSize` throws.
 */
export async function mergeWeights(
  model: PackedModel,
  files: WeightFiles,
  onnxSizeBytes: number,
  checkSize: (sizeBytes: number) => void,
): Promise<MergedModel> {
  const tensors = externalTensorsOf(model).map(readExternalTensor);
  checkSize(tensors.reduce((sum, { length }) => sum + length, onnxSizeBytes));
  const sizes = new Map<string, number>();
  for (const tensor of tensors) {
    const { location } = tensor;
    const sizeBytes = sizes.get(location) ?? (await files.sizeOf(location));
    sizes.set(location, sizeBytes);
    checkRange(tensor, sizeBytes);
  }
  const merged: Uint8Array[] = [];
  for (const tensor of tensors) {
    const { encoded, values } = encodeWithRoom(tensor);
    await files.read(tensor.location, tensor.offset, values);
    merged.push(encoded);
  }
  return { model: replaceExternalTensors(model, merged), locations: [...sizes.keys()] };
}

function checkRange({ name, location, offset, length, isToEnd }: ExternalTensor, sizeBytes: number): void {
  const end = offset + length;
  if (isToEnd ? end === sizeBytes : end <= sizeBytes) return;
  throw new FoveaError(
    'backbone-external-data',
    `The weights of ${shown(name)} are ${length} bytes from ${offset} on${isToEnd ? ' to the end' : ''} in ${shown(location)}, which has ${sizeBytes} bytes: it is ` +
      `another file, or not whole. ${ONE_FOLDER_OR_FILE}`,
    { param: 'file', details: { location, offset, length, sizeBytes } },
  );
}
