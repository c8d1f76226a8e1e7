// Runs programs as one TensorFlow graph: written as a SavedModel, loaded once, and stepped without JavaScript between the
// ops, so that TensorFlow's graph optimizations apply.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { present } from '../../../core/present.ts';
import type { Addon } from '../addon/addon.ts';
import { downloadTensor, uploadTensor } from '../addon/tensors.ts';
import type { Executor, Session, SessionOptions } from '../executor/executor.ts';
import type { InputData } from '../executor/input-data.ts';
import { createSession, type HeldVariable, type PreparedProgram } from '../executor/session.ts';
import { createVariables } from '../executor/variables.ts';
import { type RewriteRules, rewriteProgram } from '../program/rewrite-program.ts';
import { encodeSavedModel } from './graph-schema.ts';
import {
  createGraphWriter,
  type GraphWriter,
  inputNode,
  outputNode,
  type VariableNodes,
} from './graph-writer.ts';

const TAG = 'train';

interface GraphVariable extends HeldVariable, VariableNodes {}

interface GraphProgram extends PreparedProgram {
  /** The prefix of its nodes' names. */
  readonly prefix: string;
}

/** A value for a placeholder. */
interface Feed {
  readonly node: string;
  readonly data: InputData;
  readonly shape: readonly number[];
}

/**
 * An executor of TensorFlow graphs, on a loaded addon. The addon loads each session from a temporary folder.
 *
 * @param rewrites Rules for what the device runs faster in other ops.
 * @param devices The devices of towers, see createGraphWriter.
 */
export function createGraphExecutor(
  addon: Addon,
  rewrites: RewriteRules,
  devices?: readonly string[],
): Executor {
  return {
    createSession: (options) => createGraphSession(addon, { rewrites, devices }, options),
    numTensors: () => addon.getNumOfTensors(),
  };
}

/** What a device's graphs are. */
interface GraphSettings {
  readonly rewrites: RewriteRules;
  readonly devices: readonly string[] | undefined;
}

async function createGraphSession(
  addon: Addon,
  { rewrites, devices }: GraphSettings,
  options: SessionOptions,
): Promise<Session> {
  const writer = createGraphWriter(devices);
  const variables = createVariables<GraphVariable>(options, {
    create: (spec) => ({ spec, ...writer.addVariable(spec) }),
    // They are the model's.
    free: () => {},
  });
  const programs = writePrograms(writer, rewrites, options);
  const model = await loadModel(addon, encodeSavedModel(writer.nodes, TAG));
  const session = createSession<GraphVariable, GraphProgram>({
    variables,
    programs: {
      get: (name, batch) =>
        present(
          programs.get(prefixOf(name, batch === options.batchSize ? batch : null)),
          `a program "${name}"`,
        ),
      clear: () => addon.deleteSavedModel(model),
    },
    run: ({ program, prefix }, inputs) =>
      runModel(
        addon,
        model,
        inputs.map(({ name, data, shape }) => ({ node: inputNode(prefix, name), data, shape })),
        [...program.outputs.keys()].map((output) => outputNode(prefix, output)),
      ),
    read: (list) =>
      runModel(
        addon,
        model,
        [],
        list.map(({ value }) => value),
      ),
    write: (assignments) =>
      void runModel(
        addon,
        model,
        assignments.map(({ variable, data }) => ({ node: variable.feed, data, shape: variable.spec.shape })),
        assignments.map(({ variable }) => variable.assigned),
      ),
  });
  await session.writeVariables(options.initial);
  return session;
}

/** Writes each program twice: where it knows the sizes, TensorFlow computes shapes beforehand; other batches take the other. */
function writePrograms(
  writer: GraphWriter,
  rewrites: RewriteRules,
  { programs, batchSize }: SessionOptions,
): ReadonlyMap<string, GraphProgram> {
  const written = new Map<string, GraphProgram>();
  for (const [name, write] of Object.entries(programs)) {
    for (const batch of [batchSize, null]) {
      const prefix = prefixOf(name, batch);
      const program = rewriteProgram(write(batch), rewrites);
      writer.addProgram(prefix, program);
      written.set(prefix, { program, prefix });
    }
  }
  return written;
}

/** Where the nodes of a program for a number of samples, or for any number (null), are. */
const prefixOf = (program: string, batch: number | null): string => `${program}/${batch ?? 'any'}`;

/** The addon loads models from a folder only. */
async function loadModel(addon: Addon, model: Uint8Array): Promise<number> {
  const directory = await mkdtemp(path.join(tmpdir(), 'fovea-graph-'));
  try {
    await writeFile(path.join(directory, 'saved_model.pb'), model);
    return addon.loadSavedModel(directory, TAG);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** @returns What the nodes in `fetches` give, copied to the host. */
function runModel(
  addon: Addon,
  model: number,
  feeds: readonly Feed[],
  fetches: readonly string[],
): readonly Float32Array[] {
  if (fetches.length === 0) return [];
  const inputs = feeds.map(({ data, shape }) => uploadTensor(addon, data, shape));
  try {
    const list = (nodes: readonly string[]) => nodes.map((node) => `${node}:0`).join(',');
    const outputs = addon.runSavedModel(model, inputs, list(feeds.map(({ node }) => node)), list(fetches));
    const data = outputs.map(({ id }) => downloadTensor(addon, id));
    for (const { id } of outputs) addon.deleteTensor(id);
    return data;
  } finally {
    for (const id of inputs) addon.deleteTensor(id);
  }
}
