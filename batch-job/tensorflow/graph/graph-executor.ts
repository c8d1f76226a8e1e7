// Runs programs as one TensorFlow graph: written as a SavedModel, loaded into a session, and stepped without JavaScript
// between the ops, so that TensorFlow's graph optimizations apply.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Addon } from '../addon/addon.ts';
import type { Executor, InputData, Session, SessionOptions } from '../executor/executor.ts';
import { elementCount, type Program } from '../program/program.ts';
import { type RewriteRules, rewriteProgram } from '../program/rewrite-program.ts';
import { DATA_TYPE, encodeSavedModel } from './graph-schema.ts';
import { createGraphWriter, inputNode, outputNode, type VariableNodes } from './graph-writer.ts';

const TAG = 'train';

/**
 * An executor on a loaded addon.
 *
 * @param rewrites What the device runs faster in other ops.
 */
export function createGraphExecutor(addon: Addon, rewrites: RewriteRules): Executor {
  return {
    createSession: (options) => createSession(addon, rewrites, options),
    numTensors: () => addon.getNumOfTensors(),
  };
}

interface Feed {
  readonly node: string;
  readonly data: InputData;
  readonly shape: readonly number[];
}

async function createSession(
  addon: Addon,
  rewrites: RewriteRules,
  { variables, programs, batchSize, initial }: SessionOptions,
): Promise<Session> {
  const writer = createGraphWriter();
  const nodes = new Map<string, VariableNodes>();
  for (const variable of variables) nodes.set(variable.name, writer.addVariable(variable));
  const written = new Map<string, Program>();
  for (const [name, write] of Object.entries(programs)) {
    // Where it knows the sizes, TensorFlow computes shapes beforehand; the other one is for the last batch of an epoch.
    for (const batch of [batchSize, null]) {
      const prefix = prefixOf(name, batch);
      const program = rewriteProgram(write(batch), rewrites);
      writer.addProgram(prefix, program);
      written.set(prefix, program);
    }
  }
  const model = await load(addon, encodeSavedModel(writer.nodes, TAG));

  const run = (feeds: readonly Feed[], fetches: readonly string[]): readonly Float32Array[] => {
    const inputs = feeds.map(({ data, shape }) => addon.createTensor(shape, tensorType(data), data));
    try {
      const list = (names: readonly string[]) => names.map((name) => `${name}:0`).join(',');
      const outputs = addon.runSavedModel(model, inputs, list(feeds.map(({ node }) => node)), list(fetches));
      const data = outputs.map(({ id }) => addon.tensorDataSync(id) as Float32Array);
      for (const { id } of outputs) addon.deleteTensor(id);
      return data;
    } finally {
      for (const id of inputs) addon.deleteTensor(id);
    }
  };

  const nodesOf = (name: string): VariableNodes => {
    const found = nodes.get(name);
    if (found === undefined) throw new Error(`There is no variable "${name}".`);
    return found;
  };

  const shapes = new Map(variables.map(({ name, shape }) => [name, shape]));
  const writeVariables = (values: ReadonlyMap<string, Float32Array>) => {
    const names = [...values.keys()];
    const feeds = names.map((name): Feed => {
      const data = values.get(name) ?? new Float32Array();
      const shape = shapes.get(name) ?? [];
      if (data.length !== elementCount(shape)) throw new Error(`"${name}" was given ${data.length} values.`);
      return { node: nodesOf(name).feed, data, shape };
    });
    if (feeds.length > 0)
      run(
        feeds,
        names.map((name) => nodesOf(name).assigned),
      );
  };
  writeVariables(initial);

  return {
    run(name, batch, inputs) {
      const prefix = prefixOf(name, batch === batchSize ? batch : null);
      const program = written.get(prefix);
      if (program === undefined) throw new Error(`There is no program "${name}".`);
      const feeds = [...program.inputs].map(([input, value]): Feed => {
        const data = inputs.get(input);
        if (data === undefined) throw new Error(`The program "${name}" was run without "${input}".`);
        return { node: inputNode(prefix, input), data, shape: value.shape.map((n) => n ?? batch) };
      });
      const outputs = [...program.outputs.keys()];
      const data = run(
        feeds,
        outputs.map((output) => outputNode(prefix, output)),
      );
      return Promise.resolve(new Map(outputs.map((output, i) => [output, data[i] ?? new Float32Array()])));
    },
    readVariables() {
      const names = variables.map(({ name }) => name);
      const data = run(
        [],
        names.map((name) => nodesOf(name).value),
      );
      return Promise.resolve(new Map(names.map((name, i) => [name, data[i] ?? new Float32Array()])));
    },
    writeVariables: (values) => Promise.resolve(writeVariables(values)),
    dispose: () => addon.deleteSavedModel(model),
  };
}

/** TensorFlow's number of the type that data are fed as. */
function tensorType(data: InputData): number {
  if (data instanceof Uint8Array) return DATA_TYPE.uint8;
  return data instanceof Int32Array ? DATA_TYPE.int32 : DATA_TYPE.float32;
}

/** Where the nodes of a program for a number of samples, or for any number (null), are. */
const prefixOf = (program: string, batch: number | null): string => `${program}/${batch ?? 'any'}`;

/** The addon loads models from a folder only. */
async function load(addon: Addon, model: Uint8Array): Promise<number> {
  const directory = await mkdtemp(path.join(tmpdir(), 'fovea-graph-'));
  try {
    await writeFile(path.join(directory, 'saved_model.pb'), model);
    return addon.loadSavedModel(directory, TAG);
  } finally {
    await rm(directory, { recursive: true });
  }
}
