// Runs programs op by op on the WebAssembly back end. Tensors are freed after their last use; variables are updated in
// place. Knows nothing of networks.

import { asFloat32, type Executor, type Session, type SessionOptions } from '../executor/executor.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import { lastUses } from '../program/last-uses.ts';
import { closedShape, elementCount, type Op, type Program, type Value } from '../program/program.ts';
import type { WasmBackend } from './open-wasm.ts';
import { PORTABLE_OPS } from './portable-ops.ts';
import { UPDATE_OPS } from './update-ops.ts';
import { dispose, type KernelScope, reshape, type WasmTensor, withKernels } from './wasm-kernels.ts';

/** A program for one batch size, its constants on the heap. */
interface Prepared {
  readonly program: Program;
  readonly freed: readonly (readonly Value[])[];
  readonly constants: ReadonlyMap<Value, WasmTensor>;
  readonly numbers: ReadonlyMap<Value, readonly number[]>;
  readonly names: ReadonlyMap<Value, string>;
}

type Backend = WasmBackend['backend'];

/** An executor on a started back end. */
export function createPortableExecutor({ backend }: WasmBackend): Executor {
  return {
    createSession: (options) => Promise.resolve(createSession(backend, options)),
    numTensors: () => backend.numDataIds(),
  };
}

function upload(backend: Backend, data: Float32Array, shape: readonly number[]): WasmTensor {
  if (data.length !== elementCount(shape)) {
    throw new Error(`${data.length} values were given for the shape [${shape.join(', ')}].`);
  }
  return { dataId: backend.write(data, [...shape], 'float32'), shape: [...shape], dtype: 'float32' };
}

function createSession(backend: Backend, { variables: specs, programs, initial }: SessionOptions): Session {
  const variables = new Map<string, WasmTensor>();
  const disposeVariables = () => {
    for (const tensor of variables.values()) dispose(backend, tensor);
    variables.clear();
  };
  try {
    for (const { name, shape } of specs) {
      const data = initial.get(name);
      if (data === undefined) throw new Error(`The variable "${name}" has no first value.`);
      variables.set(name, upload(backend, data, shape));
    }
  } catch (error) {
    disposeVariables();
    throw error;
  }

  const variableNamed = (name: string): WasmTensor => {
    const tensor = variables.get(name);
    if (tensor === undefined) throw new Error(`There is no variable "${name}".`);
    return tensor;
  };

  const forget = ({ constants }: Prepared) => {
    for (const tensor of constants.values()) dispose(backend, tensor);
  };

  const prepared = createPreparedPrograms(programs, (program) => prepareProgram(backend, program), forget);

  /** A tensor that may be written to in place: its own copy where a reading of it is still in use. */
  const writable = (name: string): WasmTensor => {
    const tensor = variableNamed(name);
    const shared = backend.refCount(tensor.dataId) > 1;
    const next = shared
      ? upload(backend, backend.readSync(tensor.dataId) as Float32Array, tensor.shape)
      : renew(backend, tensor);
    if (shared) dispose(backend, tensor);
    variables.set(name, next);
    return next;
  };

  const runOp = (k: KernelScope, op: Op, plan: Prepared, values: Map<Value, WasmTensor>): void => {
    const tensor = (value: Value) => values.get(value) ?? plan.constants.get(value);
    const nameOf = (value: Value | undefined): string => (value && plan.names.get(value)) ?? '';
    if (op.type === 'ReadVariableOp') {
      const variable = variableNamed(nameOf(op.inputs[0]));
      for (const output of op.outputs) values.set(output, k.keep(reshape(k, variable, variable.shape)));
      return;
    }
    const update = UPDATE_OPS[op.type];
    if (update !== undefined) {
      const targets = op.inputs.slice(0, update.variables).map((value) => writable(nameOf(value)));
      const inputs = op.inputs.slice(update.variables).flatMap((value) => tensor(value) ?? []);
      update.run(targets.map(k.view), inputs.map(k.view), op.attributes);
      return;
    }
    const run = PORTABLE_OPS[op.type];
    if (run === undefined) throw new Error(`The portable back end has no op "${op.type}".`);
    const outputs = run({
      k,
      attributes: op.attributes,
      inputs: op.inputs.map(tensor),
      shapes: op.outputs.map(closedShape),
      numbers: (index) => plan.numbers.get(op.inputs[index] as Value) ?? [],
    });
    outputs.forEach((output, index) => {
      const value = op.outputs[index];
      if (value !== undefined) values.set(value, k.keep(reshape(k, output, closedShape(value))));
    });
  };

  return {
    run(name, batch, inputs) {
      const plan = prepared.get(name, batch);
      const values = new Map<Value, WasmTensor>();
      const free = (value: Value) => {
        const tensor = values.get(value);
        if (tensor !== undefined) dispose(backend, tensor);
        values.delete(value);
      };
      try {
        for (const [input, value] of plan.program.inputs) {
          const data = inputs.get(input);
          if (data === undefined) throw new Error(`The program "${name}" was run without "${input}".`);
          values.set(value, upload(backend, asFloat32(data), closedShape(value)));
        }
        plan.program.ops.forEach((op, index) => {
          withKernels(backend, (k) => runOp(k, op, plan, values));
          plan.freed[index]?.forEach(free);
        });
        const outputs = [...plan.program.outputs].map(([output, value]) => {
          const tensor = values.get(value);
          if (tensor === undefined) throw new Error(`The program "${name}" made no "${output}".`);
          return [output, backend.readSync(tensor.dataId) as Float32Array] as const;
        });
        return Promise.resolve(new Map(outputs));
      } finally {
        for (const value of [...values.keys()]) free(value);
      }
    },
    readVariables: () =>
      Promise.resolve(
        new Map([...variables].map(([name, { dataId }]) => [name, backend.readSync(dataId) as Float32Array])),
      ),
    writeVariables(values) {
      for (const [name, data] of values) {
        const old = variableNamed(name);
        variables.set(name, upload(backend, data, old.shape));
        dispose(backend, old);
      }
      return Promise.resolve();
    },
    dispose() {
      disposeVariables();
      prepared.clear();
    },
  };
}

function prepareProgram(backend: Backend, program: Program): Prepared {
  return {
    program,
    freed: lastUses(program),
    constants: new Map(
      program.constants.flatMap(({ value, data }) =>
        data instanceof Float32Array ? [[value, upload(backend, data, closedShape(value))] as const] : [],
      ),
    ),
    numbers: new Map(program.constants.map(({ value, data }) => [value, [...data]])),
    names: new Map([...program.variables].map(([name, value]) => [value, name])),
  };
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
