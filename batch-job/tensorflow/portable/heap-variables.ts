// Variables on the heap of the WebAssembly back end, and the ops that read and update them. Updates are made in place.

import { present } from '../../../core/present.ts';
import type { OpSequence, RunTensors } from '../executor/run-op-by-op.ts';
import type { HeldVariable } from '../executor/session.ts';
import type { Variables } from '../executor/variables.ts';
import type { Op, Value } from '../program/program.ts';
import type { WasmBackend } from './open-wasm.ts';
import { UPDATE_OPS } from './update-ops.ts';
import {
  dispose,
  downloadTensor,
  type KernelScope,
  reshape,
  uploadTensor,
  type WasmTensor,
} from './wasm-kernels.ts';

type Backend = WasmBackend['backend'];

/** A variable with the tensor that is its value now. */
export interface HeapVariable extends HeldVariable {
  tensor: WasmTensor;
}

/** What an op that reads or updates variables is run with. */
export interface VariableScope {
  readonly sequence: Pick<OpSequence<WasmTensor>, 'variableNames'>;
  readonly variables: Variables<HeapVariable>;
  readonly tensors: RunTensors<WasmTensor>;
}

const variableOf = ({ sequence, variables }: VariableScope, handle: Value | undefined): HeapVariable => {
  const name = handle && sequence.variableNames.get(handle);
  return variables.get(present(name, `a variable behind the value ${handle?.id}`));
};

/** Holds a variable's value as the outputs of the op, sharing its memory. */
export function readVariable(k: KernelScope, op: Op, scope: VariableScope): void {
  const { tensor } = variableOf(scope, op.inputs[0]);
  for (const output of op.outputs) scope.tensors.hold(output, k.keep(reshape(k, tensor, tensor.shape)));
}

/** Runs one of {@link UPDATE_OPS}. */
export function updateVariables(k: KernelScope, op: Op, scope: VariableScope): void {
  const { variables: count, run } = present(UPDATE_OPS[op.type], `an update op "${op.type}"`);
  const targets = op.inputs.slice(0, count).map((handle) => writable(k.backend, variableOf(scope, handle)));
  const inputs = op.inputs
    .slice(count)
    .map((value) => present(scope.tensors.get(value), `a value for an input of the op ${op.type}`));
  run(targets.map(k.view), inputs.map(k.view), op.attributes);
}

/** The variable's tensor to be written in place: its own copy where a reading of it is still in use. */
function writable(backend: Backend, variable: HeapVariable): WasmTensor {
  const { tensor } = variable;
  const isShared = backend.refCount(tensor.dataId) > 1;
  variable.tensor = isShared
    ? uploadTensor(backend, downloadTensor(backend, tensor), tensor.shape)
    : renew(backend, tensor);
  if (isShared) dispose(backend, tensor);
  return variable.tensor;
}

/**
 * The same memory under a new identity. XNNPACK packs filters once for each tensor identity and would go on with the
 * packed old values after a write in place.
 */
function renew(backend: Backend, tensor: WasmTensor): WasmTensor {
  const { id, memoryOffset } = backend.dataIdMap.get(tensor.dataId);
  backend.wasm.tfjs.disposeData(id);
  backend.dataIdMap.delete(tensor.dataId);
  return backend.makeOutput(tensor.shape, 'float32', memoryOffset);
}
