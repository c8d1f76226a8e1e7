// Says in an error about the output of a model which outputs there are.

import { FoveaError, isFoveaError } from '../errors/errors.ts';
import { shown } from '../network/onnx/external-tensor.ts';
import { decodeValueInfo } from '../network/onnx/onnx-schema.ts';
import type { PackedModel } from '../network/onnx/packed-model.ts';

/** Options that an error is about where another output may be the remedy. */
const PARAMS: readonly unknown[] = ['output', 'pool'];
/** Outputs that a message names at most. */
const OUTPUTS_SHOWN = 20;

/**
 * Adds the names and shapes of all outputs to an error about the output. Other errors stay as they are.
 * @param model The whole model.
 */
export function listOutputs(error: unknown, { graph }: PackedModel): unknown {
  if (!isFoveaError(error) || !PARAMS.includes(error.param) || graph.output.length === 0) return error;
  const outputs = graph.output.slice(0, OUTPUTS_SHOWN).map((bytes) => {
    const { name, dimensions } = decodeValueInfo(bytes);
    const shape = dimensions.map((size) => size ?? 'open');
    return {
      name,
      shape,
      text: `${shown(name)} ${shape.length === 0 ? 'of unknown shape' : `[${shape.join(', ')}]`}`,
    };
  });
  const rest = graph.output.length - outputs.length;
  const more = rest === 0 ? '' : `, and ${rest} more`;
  return new FoveaError(
    error.code,
    `${error.message} Outputs of the model: ${outputs.map(({ text }) => text).join(', ')}${more}.`,
    {
      param: error.param as string,
      details: { ...error.details, outputs: outputs.map(({ name, shape }) => ({ name, shape })) },
      cause: error.cause,
    },
  );
}
