// Runs parts of a loaded graph in the addon: feeds some nodes, fetches others.

import type { Addon } from '../addon/addon.ts';
import { createLentTensors } from '../addon/lent-tensors.ts';
import { downloadTensor, uploadTensor } from '../addon/tensors.ts';
import type { InputData } from '../executor/input-data.ts';
import { asInts } from './feeds.ts';

/** A value for a placeholder. */
export interface Feed {
  readonly node: string;
  readonly data: InputData;
  readonly shape: readonly number[];
}

/** What can be done with a graph that the addon holds. */
export interface LoadedGraph {
  /** Runs what `fetches` need, where there are any. @returns What they give (floats, or nothing of use), copied to the host. */
  run(feeds: readonly Feed[], fetches: readonly string[]): readonly Float32Array[];
  /** Frees the graph with all it holds on the device. */
  close(): void;
}

/**
 * A graph that the addon has loaded.
 *
 * @param model The addon's number of it.
 * @param feedsInts Whether values are fed as {@link asInts} gives them.
 */
export function createLoadedGraph(addon: Addon, model: number, feedsInts: boolean): LoadedGraph {
  const lent = createLentTensors(addon);
  const list = (nodes: readonly string[]) => nodes.map((node) => `${node}:0`).join(',');
  return {
    run(feeds, fetches) {
      if (fetches.length === 0) return [];
      const ids: number[] = [];
      const temporary: number[] = [];
      try {
        for (const feed of feeds) {
          const { data, shape } = feedsInts ? asInts(feed.data, feed.shape) : feed;
          const known = lent.get(data, shape);
          const id = known ?? uploadTensor(addon, data, shape);
          ids.push(id);
          if (known === undefined) temporary.push(id);
        }
        const outputs = addon.runSavedModel(model, ids, list(feeds.map(({ node }) => node)), list(fetches));
        const data = outputs.map(({ id }) => downloadTensor(addon, id));
        for (const { id } of outputs) addon.deleteTensor(id);
        return data;
      } finally {
        for (const id of temporary) addon.deleteTensor(id);
      }
    },
    close() {
      // First: with the graph, TensorFlow's threads give back what they were fed.
      addon.deleteSavedModel(model);
      lent.close();
    },
  };
}
