// Finds out how a graph makes scores: which value they are, whether softmax or sigmoid is inside, the names of classes that it holds, and
// the features that its last dense layer reads. Changes nothing, and knows no runtime.

import { attributeOf, isOperator, type ReadConstant, type ReadNode } from './read-graph.ts';

/**
 * What the last operator leaves to be done: `softmax` and `sigmoid` are inside, `logarithm` means logarithms of probabilities, `none`
 * that a layer of weights comes last, `unknown` any other operator.
 */
export type Ending = 'softmax' | 'sigmoid' | 'logarithm' | 'none' | 'unknown';

/** The end of a graph. */
export interface GraphTail {
  /** The value of the scores, a tensor. */
  readonly scores: string;
  readonly ending: Ending;
  /** The operator that tells. */
  readonly operator: string;
  /** The value that it reads first; undefined where there is none. */
  readonly operand: string | undefined;
  /** Names of the classes, where the graph makes maps of them. */
  readonly labels: readonly string[] | undefined;
  /** What the last dense layer reads; undefined where there is none. */
  readonly features: string | undefined;
}

const MAX_OPERATORS = 64;
/** Operators that leave scores as they are, in one order or shape or another. */
const PASSING = ['Identity', 'Cast', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Dropout'] as const;
const ENDINGS: Readonly<Record<string, Ending>> = {
  Softmax: 'softmax',
  Sigmoid: 'sigmoid',
  LogSoftmax: 'logarithm',
  Gemm: 'none',
  MatMul: 'none',
  Conv: 'none',
  GlobalAveragePool: 'none',
};

/**
 * Reads the end of a graph.
 * @param output The output, of any type.
 */
export function readGraphTail(
  nodes: readonly ReadNode[],
  constantOf: (name: string) => ReadConstant | undefined,
  output: string,
): GraphTail {
  const producers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  let scores = output;
  let labels: readonly string[] | undefined;
  const last = producers.get(output);
  if (last?.domain === 'ai.onnx.ml' && last.opType === 'ZipMap') {
    scores = last.input[0] ?? output;
    const names = attributeOf(last, 'classlabels_strings')?.strings ?? [];
    if (names.length > 0) labels = names.map((name) => new TextDecoder().decode(name));
  }
  /** Back from a value over operators that do not change numbers. */
  const origin = (value: string): ReadNode | undefined => {
    let node = producers.get(value);
    for (let i = 0; i < MAX_OPERATORS && node !== undefined && isOperator(node, ...PASSING); i++)
      node = producers.get(node.input[0] ?? '');
    return node;
  };
  const isConstant = (name: string | undefined) =>
    name !== undefined && (constantOf(name) !== undefined || isOfConstants(name, producers, constantOf));
  /** A dense layer's bias is an operator of its own after MatMul. */
  const denseAt = (node: ReadNode | undefined): ReadNode | undefined => {
    if (node === undefined) return undefined;
    if (isOperator(node, 'Add')) {
      const [a, b] = node.input;
      const other = isConstant(b) ? a : isConstant(a) ? b : undefined;
      return other === undefined ? undefined : denseAt(producers.get(other));
    }
    return isOperator(node, 'Gemm', 'MatMul') && isConstant(node.input[1]) ? node : undefined;
  };
  const end = origin(scores);
  const dense = denseAt(end);
  const known =
    end !== undefined && isOperator(end, ...Object.keys(ENDINGS)) ? ENDINGS[end.opType] : undefined;
  const ending = dense === undefined ? (known ?? 'unknown') : 'none';
  const below =
    dense ?? (ending === 'none' || ending === 'unknown' ? undefined : denseAt(origin(end?.input[0] ?? '')));
  const [operator, operand] = [end?.opType ?? 'nothing', end?.input[0]];
  return { scores, ending, operator, operand, labels, features: below?.input[0] };
}

/** Whether a value is computed from constants alone by one operator, as dequantized or transposed weights are. */
function isOfConstants(
  name: string,
  producers: ReadonlyMap<string, ReadNode>,
  constantOf: (name: string) => ReadConstant | undefined,
): boolean {
  const node = producers.get(name);
  return (
    node !== undefined &&
    node.input.length > 0 &&
    node.input.every((read) => read === '' || constantOf(read) !== undefined)
  );
}
