// Runs programs op by op on the WebAssembly back end; variables are updated in place. Knows nothing of networks.

import type { Executor, Session, SessionOptions } from '../executor/executor.ts';
import { asFloat32 } from '../executor/input-data.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import { type OpDevice, type OpSequence, runOpByOp, toOpSequence } from '../executor/run-op-by-op.ts';
import { createSession } from '../executor/session.ts';
import { createVariables, type Variables } from '../executor/variables.ts';
import { closedShape, type Op, type Program, type Value } from '../program/program.ts';
import { type HeapVariable, readVariable, updateVariables, type VariableScope } from './heap-variables.ts';
import type { WasmBackend } from './open-wasm.ts';
import { PORTABLE_OPS } from './portable-ops.ts';
import { UPDATE_OPS } from './update-ops.ts';
import {
  dispose,
  downloadTensor,
  type KernelScope,
  reshape,
  uploadTensor,
  type WasmTensor,
  withKernels,
} from './wasm-kernels.ts';

/** A program for one batch size, its float32 constants on the heap. */
interface Prepared extends OpSequence<WasmTensor> {
  /** The numbers of all constants: axes, paddings and the like only shape an op. */
  readonly numbers: ReadonlyMap<Value, readonly number[]>;
}

type Backend = WasmBackend['backend'];

/** An executor on a started back end. */
export function createPortableExecutor({ backend }: WasmBackend): Executor {
  return {
    async createSession(options) {
      return createPortableSession(backend, options);
    },
    numTensors: () => backend.numDataIds(),
  };
}

function createPortableSession(backend: Backend, options: SessionOptions): Session {
  const variables = createVariables<HeapVariable>(options, {
    create: (spec, first) => ({ spec, tensor: uploadTensor(backend, first, spec.shape) }),
    free: ({ tensor }) => dispose(backend, tensor),
  });
  return createSession<HeapVariable, Prepared>({
    variables,
    programs: createPreparedPrograms(
      options.programs,
      (program) => prepareProgram(backend, program),
      ({ constants }) => {
        for (const tensor of constants.values()) dispose(backend, tensor);
      },
    ),
    run: (prepared, inputs) => runOpByOp(prepared, inputs, deviceOf(backend, prepared, variables)),
    read: (list) => list.map(({ tensor }) => downloadTensor(backend, tensor)),
    write(assignments) {
      for (const { variable, data } of assignments) {
        const { spec, tensor } = variable;
        variable.tensor = uploadTensor(backend, data, spec.shape);
        dispose(backend, tensor);
      }
    },
  });
}

function prepareProgram(backend: Backend, program: Program): Prepared {
  const constants = new Map(
    program.constants.flatMap(({ value, data }) =>
      data instanceof Float32Array ? [[value, uploadTensor(backend, data, closedShape(value))] as const] : [],
    ),
  );
  return {
    ...toOpSequence(program, constants),
    numbers: new Map(program.constants.map(({ value, data }) => [value, [...data]])),
  };
}

const deviceOf = (
  backend: Backend,
  sequence: Prepared,
  variables: Variables<HeapVariable>,
): OpDevice<WasmTensor> => ({
  upload: (data, shape) => uploadTensor(backend, asFloat32(data), shape),
  download: (tensor) => downloadTensor(backend, tensor),
  free: (tensor) => dispose(backend, tensor),
  runOp: (op, tensors) => withKernels(backend, (k) => runOp(k, op, { sequence, variables, tensors })),
});

interface OpContext extends VariableScope {
  readonly sequence: Prepared;
}

function runOp(k: KernelScope, op: Op, context: OpContext): void {
  if (op.type === 'ReadVariableOp') readVariable(k, op, context);
  else if (UPDATE_OPS[op.type] !== undefined) updateVariables(k, op, context);
  else compute(k, op, context);
}

function compute(k: KernelScope, op: Op, { sequence, tensors }: OpContext): void {
  const run = PORTABLE_OPS[op.type];
  if (run === undefined) throw new Error(`The portable back end has no op "${op.type}".`);
  const outputs = run({
    k,
    attributes: op.attributes,
    inputs: op.inputs.map(tensors.get),
    shapes: op.outputs.map(closedShape),
    numbers: (index) => sequence.numbers.get(op.inputs[index] as Value) ?? [],
  });
  outputs.forEach((output, index) => {
    const value = op.outputs[index];
    if (value !== undefined) tensors.hold(value, k.keep(reshape(k, output, closedShape(value))));
  });
}
