// Decides what is uploaded when: each run takes its pictures from the queue on the device, and adds those of the next run to it.

import type { InputData } from '../executor/input-data.ts';
import { elementCount } from '../program/program.ts';
import type { AheadNodes } from './ahead-nodes.ts';
import type { Feed, LoadedGraph } from './run-graph.ts';

/** A queue on the device. */
export interface AheadQueue {
  readonly nodes: AheadNodes;
  /** The shape of what programs take from it. */
  readonly shape: readonly number[];
}

/** Runs programs that take an input from a queue. */
export interface Uploader {
  /**
   * Runs a program.
   *
   * @param taken The input that it takes. It is uploaded now, unless the run before has done so.
   * @param next That of the next run, where it is known.
   */
  run(
    feeds: readonly Feed[],
    fetches: readonly string[],
    taken: InputData,
    next: InputData | undefined,
  ): readonly Float32Array[];
}

/** An uploader with an empty queue. */
export function createUploader(graph: LoadedGraph, { nodes, shape }: AheadQueue): Uploader {
  const [, ...sample] = shape;
  // Every run uploads something: runs that differ in what is fed would be optimized and compiled one by one.
  const nothing = (like: InputData): InputData =>
    new (like.constructor as new (length: number) => InputData)(elementCount(sample));
  /** What the queue holds; undefined where that is unknown. */
  let held: InputData | undefined;
  const feedOf = (data: InputData, count: number): Feed => ({
    node: nodes.feed,
    data,
    shape: [count, ...sample],
  });
  const count = shape[0] ?? 1;
  return {
    run(feeds, fetches, taken, next) {
      if (held === undefined || !isSame(held, taken)) graph.run([feedOf(taken, count)], [nodes.replaced]);
      held = undefined;
      const uploaded = next?.length === taken.length ? feedOf(next, count) : feedOf(nothing(taken), 1);
      const outputs = graph.run([...feeds, uploaded], [...fetches, nodes.added]);
      held = uploaded.data;
      return outputs.slice(0, fetches.length);
    },
  };
}

/** Whether both are the same memory. */
const isSame = (a: InputData, b: InputData): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
