// Finds out how a graph itself makes one vector of the tokens of a picture: whoever exported a whole vision transformer has left its
// pooling behind the tokens. Reads nodes and constants, and changes nothing.

import type { PackedModel } from './packed-model.ts';
import type { Pooling } from './pooling.ts';
import { attributeOf, constantsOf, type ReadNode, readNodes } from './read-graph.ts';

/** Axis of the tokens, from either end. */
const TOKEN_AXES: readonly number[] = [1, -2];
/** Number of axes of tokens. */
const RANK = 3;

type Integers = readonly number[] | undefined;

/**
 * How the graph pools a value of tokens, by the nodes that read it: those that take the first token, and those that take the mean
 * over the tokens.
 * @param model The whole model, with what comes after the value.
 * @returns `undefined` where no node pools the value; `'unclear'` where nodes do so in several ways, or in another one.
 * @throws {FoveaError} `backbone-unreadable`.
 */
export function findPooling(model: PackedModel, value: string): Pooling | 'unclear' | undefined {
  const nodes = readNodes(model);
  const constants = constantsOf(model, nodes);
  const constantOf = (name: string): Integers => constants(name)?.numbers;
  const found = new Set(
    nodes
      .filter(({ input, domain }) => input[0] === value && (domain === '' || domain === 'ai.onnx'))
      .map((node) => poolingOf(node, constantOf))
      .filter((pooling) => pooling !== undefined),
  );
  const [first] = found;
  return found.size > 1 ? 'unclear' : first;
}

/** How a node pools its first input; undefined where it leaves the tokens together. */
function poolingOf(node: ReadNode, constantOf: (name: string) => Integers): Pooling | 'unclear' | undefined {
  const attribute = (name: string) => attributeOf(node, name);
  /** The values of an attribute, or in newer opsets of an input. */
  const integers = (name: string, input: number): Integers => {
    const ints = attribute(name)?.ints ?? [];
    return ints.length > 0 ? ints : constantOf(node.input[input] ?? '');
  };
  switch (node.opType) {
    case 'Gather': {
      if (!TOKEN_AXES.includes(attribute('axis')?.i ?? 0)) return undefined;
      const indices = constantOf(node.input[1] ?? '');
      return indices?.length === 1 && indices[0] === 0 ? 'cls' : 'unclear';
    }
    case 'Slice': {
      const starts = integers('starts', 1);
      const ends = integers('ends', 2);
      const axes = integers('axes', 3) ?? starts?.map((_, axis) => axis);
      if (starts === undefined || ends === undefined || axes === undefined) return 'unclear';
      const place = axes.findIndex((axis) => TOKEN_AXES.includes(axis));
      const [start, end] = [starts[place], ends[place]];
      if (place < 0 || (start === 0 && end !== undefined && end >= 2 ** 31 - 1)) return undefined;
      return start === 0 && end === 1 ? 'cls' : 'unclear';
    }
    case 'ReduceMean': {
      const axes = integers('axes', 1);
      if (axes?.length === 1 && TOKEN_AXES.includes(axes[0] as number)) return 'mean';
      return axes?.length === 1 && [RANK - 1, -1].includes(axes[0] as number) ? undefined : 'unclear';
    }
    default:
      return undefined;
  }
}
