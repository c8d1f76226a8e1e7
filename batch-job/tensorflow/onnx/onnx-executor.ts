// Runs programs as ONNX graphs in ONNX Runtime, which comes with npm: a whole step is one run of a session that reads the
// variables and gives their next values. Knows no networks.

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { present } from '../../../core/present.ts';
import type { Executor, Session, SessionOptions } from '../executor/executor.ts';
import { asFloat32 } from '../executor/input-data.ts';
import { outOfMemory } from '../executor/out-of-memory.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import { createSession, type PreparedProgram, type ProgramInput } from '../executor/session.ts';
import { createVariables, type Variables } from '../executor/variables.ts';
import { peakBytes } from '../program/peak-bytes.ts';
import type { Program } from '../program/program.ts';
import { type OnnxRuntime, openStepSession } from './onnx-runtime.ts';
import { createTensorVariables, type TensorVariable } from './onnx-variables.ts';
import { opWriter } from './op-writers.ts';
import { inputName, nextName, outputName, variableName, type WrittenStep, writeStep } from './step-writer.ts';

/** A program for one batch size as a session of ONNX Runtime. */
interface Prepared extends PreparedProgram {
  readonly step: WrittenStep;
  readonly session: InferenceSession;
}

/** How much of the machine ONNX Runtime may take. */
export interface OnnxExecutorOptions {
  /** Threads of one op. Results depend on it in the last bits. */
  readonly threads: number;
  /** Bytes that variables and the values of a step may take together, by the program; no limit by default. */
  readonly memoryBytes?: number | undefined;
}

/**
 * An executor on loaded ONNX Runtime. Steps that need more memory than they may take fail with `out-of-memory`.
 * `numTensors` counts the variables' buffers.
 */
export function createOnnxExecutor(runtime: OnnxRuntime, options: OnnxExecutorOptions): Executor {
  let tensors = 0;
  return {
    async createSession(session) {
      return createOnnxSession(runtime, options, session, (count) => (tensors += count));
    },
    numTensors: () => tensors,
  };
}

/** @param count Told how many tensors are made (above 0) or freed (below 0). */
function createOnnxSession(
  runtime: OnnxRuntime,
  { threads, memoryBytes = Infinity }: OnnxExecutorOptions,
  options: SessionOptions,
  count: (tensors: number) => void,
): Session {
  const storage = createTensorVariables(runtime, count);
  const variables = createVariables(options, storage);
  const prepare = async (program: Program): Promise<Prepared> => {
    const step = writeStep(program, opWriter);
    refuseLargeStep(program, step, variables, memoryBytes);
    return { program, step, session: await openStepSession(runtime, step.onnx, threads) };
  };
  const release = async (prepared: Promise<Prepared>) => {
    const { session } = await prepared;
    await session.release();
  };
  return createSession<TensorVariable, Prepared>({
    variables,
    programs: createPreparedPrograms(
      options.programs,
      prepare,
      // A session that could not be made has told whoever asked for it.
      (prepared) => void release(prepared).catch(() => {}),
    ),
    async run(prepared, inputs) {
      const assigned = prepared.step.assigned.map(variables.get);
      const fetches: Record<string, Tensor | null> = {};
      for (const output of prepared.program.outputs.keys()) fetches[outputName(output)] = null;
      for (const variable of assigned) fetches[nextName(variable.spec.name)] = storage.spareOf(variable);
      const results = await prepared.session.run(feedsOf(runtime, prepared, inputs, variables), fetches);
      for (const variable of assigned) storage.swap(variable);
      return [...prepared.program.outputs.keys()].map(
        (output) =>
          present(results[outputName(output)], `an output "${output}" of the step`).data as Float32Array,
      );
    },
    read: (list) => list.map(storage.read),
    write(assignments) {
      for (const { variable, data } of assignments) storage.write(variable, data);
    },
  });
}

/** @throws {FoveaError} `out-of-memory` where the variables and values of a step take more than they may. */
function refuseLargeStep(
  program: Program,
  { assigned }: WrittenStep,
  variables: Variables<TensorVariable>,
  memoryBytes: number,
): void {
  // An assigned variable has two buffers.
  const buffers = [...variables.names, ...assigned].map(
    (name) => (variables.get(name).value.data as Float32Array).byteLength,
  );
  const needed = buffers.reduce((sum, bytes) => sum + bytes, peakBytes(program));
  if (needed <= memoryBytes) return;
  throw outOfMemory(`a step takes ${needed} bytes by its program, and may take ${Math.round(memoryBytes)}`);
}

function feedsOf(
  { Tensor }: OnnxRuntime,
  { step }: Prepared,
  inputs: readonly ProgramInput[],
  variables: Variables<TensorVariable>,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, data, shape } of inputs)
    feeds[inputName(name)] = new Tensor('float32', asFloat32(data), shape);
  for (const name of step.read) feeds[variableName(name)] = variables.get(name).value;
  return feeds;
}
