// Runs programs as ONNX graphs in ONNX Runtime, which comes with npm: a whole step is one run of a session that reads the
// variables and gives their next values. Knows no networks.

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { asFloat32, type Executor, type Session, type SessionOptions } from '../executor/executor.ts';
import { outOfMemory } from '../executor/out-of-memory.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import { peakBytes } from '../program/peak-bytes.ts';
import { closedShape, elementCount, type Program, type VariableSpec } from '../program/program.ts';
import { inLayout, relayVariable, variableLayout } from './layouts.ts';
import { opWriter } from './op-writers.ts';
import { inputName, nextName, outputName, variableName, type WrittenStep, writeStep } from './step-writer.ts';

export type OnnxRuntime = typeof import('onnxruntime-node');

/** A program for one batch size as a session of ONNX Runtime. */
interface Prepared {
  readonly program: Program;
  readonly step: WrittenStep;
  readonly session: InferenceSession;
}

/** A variable's value, and once it was assigned a second buffer: a step reads one and writes the other. */
interface Variable {
  readonly spec: VariableSpec;
  value: Tensor;
  spare?: Tensor;
}

export interface OnnxExecutorOptions {
  /** Of one op. Results depend on it in the last bits. */
  readonly threads: number;
  /** What variables and the values of a step may take together, by the program; left out, there is no limit. */
  readonly memoryBytes?: number | undefined;
}

/** An executor on loaded ONNX Runtime. Steps that need more memory than they may take fail with `out-of-memory`. */
export function createOnnxExecutor(runtime: OnnxRuntime, options: OnnxExecutorOptions): Executor {
  let tensors = 0;
  return {
    createSession: (session) =>
      Promise.resolve(createSession(runtime, options, session, (count) => (tensors += count))),
    numTensors: () => tensors,
  };
}

function createSession(
  { InferenceSession, Tensor }: OnnxRuntime,
  { threads, memoryBytes = Infinity }: OnnxExecutorOptions,
  { variables: specs, programs, initial }: SessionOptions,
  count: (tensors: number) => void,
): Session {
  const allocate = ({ shape }: VariableSpec, data: Float32Array): Tensor => {
    if (data.length !== elementCount(shape))
      throw new Error(`${data.length} values were given for the shape [${shape.join(', ')}].`);
    count(1);
    return new Tensor('float32', data, inLayout(shape, variableLayout(shape.length)));
  };
  const stored = ({ shape }: VariableSpec, data: Float32Array) =>
    variableLayout(shape.length) === 'oihw' ? relayVariable(data, shape, 'oihw') : data.slice();

  const variables = new Map<string, Variable>();
  for (const spec of specs) {
    const data = initial.get(spec.name);
    if (data === undefined) throw new Error(`The variable "${spec.name}" has no first value.`);
    variables.set(spec.name, { spec, value: allocate(spec, stored(spec, data)) });
  }
  const variableNamed = (name: string): Variable => {
    const variable = variables.get(name);
    if (variable === undefined) throw new Error(`There is no variable "${name}".`);
    return variable;
  };

  const bytesOf = (name: string) => (variableNamed(name).value.data as Float32Array).byteLength;
  const prepare = async (program: Program): Promise<Prepared> => {
    const step = writeStep(program, opWriter);
    const buffers = [...variables.keys(), ...step.assigned];
    const needed = buffers.reduce((sum, name) => sum + bytesOf(name), peakBytes(program));
    if (needed > memoryBytes) {
      throw outOfMemory(
        `a step takes ${needed} bytes by its program, and may take ${Math.round(memoryBytes)}`,
      );
    }
    const session = await InferenceSession.create(step.onnx, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // One block planned for all values of a step is up to twice as large as what they take when each comes and goes.
      enableMemPattern: false,
      // Errors only.
      logSeverityLevel: 3,
      extra: {
        // Threads that wait by spinning take the cores from the pictures of the next batch, and from each other.
        session: { intra_op: { allow_spinning: '0' } },
        // It takes zeros around a pooling's input for the pooling's own padding, which counts as less than any value.
        optimization: { disable_specified_optimizers: 'Pad_Fusion' },
      },
    });
    return { program, step, session };
  };
  const release = async (prepared: Promise<Prepared>) => {
    const { session } = await prepared;
    await session.release();
  };
  // A session that could not be made has told whoever asked for it.
  const forget = (prepared: Promise<Prepared>) => void release(prepared).catch(() => {});
  const prepared = createPreparedPrograms(programs, prepare, forget);

  return {
    async run(name, batch, inputs) {
      const { program, step, session } = await prepared.get(name, batch);
      const feeds: Record<string, Tensor> = {};
      for (const [input, value] of program.inputs) {
        const data = inputs.get(input);
        if (data === undefined) throw new Error(`The program "${name}" was run without "${input}".`);
        feeds[inputName(input)] = new Tensor('float32', asFloat32(data), closedShape(value));
      }
      for (const variable of step.read) feeds[variableName(variable)] = variableNamed(variable).value;
      const fetches: Record<string, Tensor | null> = {};
      for (const output of program.outputs.keys()) fetches[outputName(output)] = null;
      const assigned = step.assigned.map(variableNamed);
      for (const variable of assigned) {
        const { spec, value } = variable;
        variable.spare ??= allocate(spec, new Float32Array(value.size));
        fetches[nextName(spec.name)] = variable.spare;
      }
      const results = await session.run(feeds, fetches);
      for (const variable of assigned) {
        const { value, spare = value } = variable;
        variable.value = spare;
        variable.spare = value;
      }
      return new Map(
        [...program.outputs.keys()].map((output) => [
          output,
          results[outputName(output)]?.data as Float32Array,
        ]),
      );
    },
    readVariables: () =>
      Promise.resolve(
        new Map(
          [...variables].map(([name, { spec, value }]) => {
            const data = value.data as Float32Array;
            const isFilter = variableLayout(spec.shape.length) === 'oihw';
            return [name, isFilter ? relayVariable(data, spec.shape, 'tensorflow') : data.slice()];
          }),
        ),
      ),
    writeVariables(values) {
      for (const [name, data] of values) {
        const { spec, value } = variableNamed(name);
        if (data.length !== value.size) throw new Error(`"${name}" was given ${data.length} values.`);
        (value.data as Float32Array).set(stored(spec, data));
      }
      return Promise.resolve();
    },
    dispose() {
      for (const { spare } of variables.values()) count(spare === undefined ? -1 : -2);
      variables.clear();
      prepared.clear();
    },
  };
}
