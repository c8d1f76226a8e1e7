// Variables as tensors of ONNX Runtime, filters in ONNX's layout. A step reads one buffer and writes another.

import type { Tensor } from 'onnxruntime-node';
import type { HeldVariable } from '../executor/session.ts';
import type { VariableStorage } from '../executor/variables.ts';
import type { VariableSpec } from '../program/program.ts';
import { inLayout, relayVariable, variableLayout } from './layouts.ts';
import type { OnnxRuntime } from './onnx-runtime.ts';

/** A variable's value, and once it was assigned a second buffer: a step reads one and writes the other. */
export interface TensorVariable extends HeldVariable {
  value: Tensor;
  spare?: Tensor;
}

/** Variables as tensors. */
export interface TensorVariables extends VariableStorage<TensorVariable> {
  /** The buffer that a step is to write, made where there is none yet. */
  spareOf(variable: TensorVariable): Tensor;
  /** Makes what a step has written into the spare buffer the variable's value. */
  swap(variable: TensorVariable): void;
  /** A copy of the value, in TensorFlow's layout. */
  read(variable: TensorVariable): Float32Array;
  /** @param data In TensorFlow's layout. */
  write(variable: TensorVariable, data: Float32Array): void;
}

const isFilter = ({ shape }: VariableSpec): boolean => variableLayout(shape.length) === 'oihw';

/** A copy in the layout in which ONNX Runtime takes it. */
const toStored = (spec: VariableSpec, data: Float32Array): Float32Array =>
  isFilter(spec) ? relayVariable(data, spec.shape, 'oihw') : data.slice();

/**
 * Holds variables in tensors of ONNX Runtime.
 *
 * @param count Told how many tensors are made (above 0) or freed (below 0).
 */
export function createTensorVariables(
  { Tensor }: Pick<OnnxRuntime, 'Tensor'>,
  count: (tensors: number) => void,
): TensorVariables {
  const allocate = ({ shape }: VariableSpec, stored: Float32Array): Tensor => {
    count(1);
    return new Tensor('float32', stored, inLayout(shape, variableLayout(shape.length)));
  };
  return {
    create: (spec, first) => ({ spec, value: allocate(spec, toStored(spec, first)) }),
    free: ({ spare }) => count(spare === undefined ? -1 : -2),
    spareOf(variable) {
      const { spec, value } = variable;
      variable.spare ??= allocate(spec, new Float32Array(value.size));
      return variable.spare;
    },
    swap(variable) {
      const { value, spare = value } = variable;
      variable.value = spare;
      variable.spare = value;
    },
    read({ spec, value }) {
      const data = value.data as Float32Array;
      return isFilter(spec) ? relayVariable(data, spec.shape, 'tensorflow') : data.slice();
    },
    write: ({ spec, value }, data) => (value.data as Float32Array).set(toStored(spec, data)),
  };
}
