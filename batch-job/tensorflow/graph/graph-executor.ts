// Runs programs as one TensorFlow graph: written as a SavedModel, loaded once, and stepped without JavaScript between the
// ops, so that TensorFlow's graph optimizations apply.

import { present } from '../../../core/present.ts';
import type { Addon } from '../addon/addon.ts';
import type { Executor, Session, SessionOptions } from '../executor/executor.ts';
import { createSession, type HeldVariable, type PreparedProgram } from '../executor/session.ts';
import { createVariables } from '../executor/variables.ts';
import { closedShape, elementCount, type InputType } from '../program/program.ts';
import { type RewriteRules, rewriteProgram } from '../program/rewrite-program.ts';
import { encodeSavedModel } from './graph-schema.ts';
import {
  createGraphWriter,
  type GraphWriter,
  type ProgramNodes,
  type VariableNodes,
} from './graph-writer.ts';
import { loadModel } from './load-model.ts';
import { createLoadedGraph } from './run-graph.ts';
import { type AheadQueue, createUploader } from './upload-ahead.ts';

interface GraphVariable extends HeldVariable, VariableNodes {}

interface GraphProgram extends PreparedProgram {
  readonly nodes: ProgramNodes;
  /** The input that the program takes from the session's queue, where it does. */
  readonly ahead?: string | undefined;
}

/** How an executor uses a device. */
export interface GraphExecutorOptions {
  /** Rules for what the device runs faster in other ops. */
  readonly rewrites: RewriteRules;
  /**
   * Whether the device has memory of its own. Then values are fed without detours, the pictures of the next run are uploaded
   * while a run computes, and results are fetched after JavaScript has had a turn. The results are the same.
   */
  readonly overlaps: boolean;
  /** The devices of towers, see {@link createGraphWriter}. */
  readonly devices?: readonly string[];
}

/** An executor of TensorFlow graphs, on a loaded addon. The addon loads each session from a temporary folder. */
export function createGraphExecutor(addon: Addon, executorOptions: GraphExecutorOptions): Executor {
  return {
    createSession: (options) => createGraphSession(addon, executorOptions, options),
    numTensors: () => addon.getNumOfTensors(),
  };
}

async function createGraphSession(
  addon: Addon,
  { rewrites, overlaps, devices }: GraphExecutorOptions,
  options: SessionOptions,
): Promise<Session> {
  const writer = createGraphWriter({ feedsInts: overlaps, devices });
  const variables = createVariables<GraphVariable>(options, {
    create: (spec) => ({ spec, ...writer.addVariable(spec) }),
    // They are the model's.
    free: () => {},
  });
  const { programs, queue } = writePrograms(writer, { rewrites, overlaps }, options);
  const model = await loadModel(addon, encodeSavedModel(writer.nodes));
  const graph = createLoadedGraph(addon, model, overlaps);
  const uploader = queue === undefined ? undefined : createUploader(graph, queue);
  const session = createSession<GraphVariable, GraphProgram>({
    variables,
    programs: {
      get: (name, batch) =>
        present(
          programs.get(prefixOf(name, batch === options.batchSize ? batch : null)),
          `a program "${name}"`,
        ),
      clear: () => graph.close(),
    },
    async run({ nodes, ahead }, inputs, next) {
      const feeds = inputs.flatMap(({ name, data, shape }) => {
        const node = nodes.feeds.get(name);
        return node === undefined ? [] : [{ node, data, shape }];
      });
      const taken = inputs.find(({ name }) => name === ahead);
      const outputs =
        taken === undefined || uploader === undefined
          ? graph.run(feeds, nodes.run)
          : uploader.run(feeds, nodes.run, taken.data, next);
      if (nodes.results === undefined) return outputs;
      // The device computes. Whatever JavaScript has to do for the next run is done before it waits for the results.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return graph.run(
        [],
        nodes.results.map(({ value }) => value),
      );
    },
    read: (list) =>
      graph.run(
        [],
        list.map(({ value }) => value),
      ),
    write: (assignments) =>
      void graph.run(
        assignments.map(({ variable, data }) => ({ node: variable.feed, data, shape: variable.spec.shape })),
        assignments.map(({ variable }) => variable.assigned),
      ),
  });
  await session.writeVariables(options.initial);
  const results = [...programs.values()].flatMap(({ nodes }) => nodes.results ?? []);
  graph.run(
    results.map(({ feed, shape }) => ({ node: feed, data: new Float32Array(elementCount(shape)), shape })),
    results.map(({ assigned }) => assigned),
  );
  return session;
}

/** The programs of a session by their prefixes, and the queue that some of them take an input from. */
interface WrittenPrograms {
  readonly programs: ReadonlyMap<string, GraphProgram>;
  readonly queue: AheadQueue | undefined;
}

/** Writes each program twice: where it knows the sizes, TensorFlow computes shapes beforehand; other batches take the other. */
function writePrograms(
  writer: GraphWriter,
  { rewrites, overlaps }: GraphExecutorOptions,
  { programs, batchSize, ahead }: SessionOptions,
): WrittenPrograms {
  const written = new Map<string, GraphProgram>();
  let queue: AheadQueue | undefined;
  for (const [name, write] of Object.entries(programs)) {
    for (const batch of [batchSize, null]) {
      const prefix = prefixOf(name, batch);
      const program = rewriteProgram(write(batch), rewrites);
      // What several devices share is cut on the host. A queue on one of them would be a detour.
      const isAlone = program.ops.every(({ place }) => place === undefined);
      const overlapsRuns = overlaps && batch !== null && isAlone;
      const input = overlapsRuns && ahead?.programs.includes(name) ? ahead.input : undefined;
      if (input !== undefined && queue === undefined) {
        const value = present(program.inputs.get(input), `an input "${input}"`);
        const shape = closedShape(value);
        queue = { nodes: writer.addAhead(`ahead/${input}`, value.dtype as InputType, shape), shape };
      }
      const taken = input === undefined || queue === undefined ? undefined : { input, nodes: queue.nodes };
      const nodes = writer.addProgram(prefix, program, { ahead: taken, keepsResults: overlapsRuns });
      written.set(prefix, { program, nodes, ahead: input });
    }
  }
  return { programs: written, queue };
}

/** Where the nodes of a program for a number of samples, or for any number (null), are. */
const prefixOf = (program: string, batch: number | null): string => `${program}/${batch ?? 'any'}`;
