// Finds out what a graph does with its picture before the first layer: arithmetic on pixel values, and a change of layout. So an export
// tells which values it takes. Changes nothing, and knows no runtime.

import type { Layout } from './export-context.ts';
import { attributeOf, isOperator, type ReadConstant, type ReadNode } from './read-graph.ts';

/** The values of pixels that a graph takes, as its arithmetic shows: 0 to 255, or 0 to 1. */
export type PixelRange = 'byte' | 'unit';

/** The beginning of a graph. */
export interface GraphHead {
  /** Operators between the picture and the first layer, in order. */
  readonly operators: readonly string[];
  /** What they show; undefined where there is no arithmetic, or of another kind. */
  readonly range: PixelRange | undefined;
  /** Layout of the picture, where a transposition or the first convolution shows it. */
  readonly layout: Layout | undefined;
  /** Channels that the first convolution takes. */
  readonly channels: number | undefined;
}

/** Longest row of operators that is followed. */
const MAX_OPERATORS = 32;
/** Networks take values of some units around 0: -1 to 1, 0 to 1, -2.2 to 2.7. */
const LEAST_SPREAD = 0.5;
const MOST_SPREAD = 8;
const BYTE_MAX = 255;
const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];
const OPPOSITE: Readonly<Record<Layout, Layout>> = { nchw: 'nhwc', nhwc: 'nchw' };

/** value → factor × value + offset, for each channel or for all. */
interface Arithmetic {
  readonly factors: readonly number[];
  readonly offsets: readonly number[];
}

/**
 * Follows a picture from the input to the first layer.
 * @param input Name of the input.
 */
export function readGraphHead(
  nodes: readonly ReadNode[],
  constantOf: (name: string) => ReadConstant | undefined,
  input: string,
): GraphHead {
  const operators: string[] = [];
  let arithmetic: Arithmetic = { factors: [1], offsets: [0] };
  let hasArithmetic = false;
  /** Layout of the value in terms of that of the picture, once it is transposed. */
  let turned: Layout | undefined;
  let value = input;
  const done = (layout?: Layout, channels?: number): GraphHead => ({
    operators,
    range: hasArithmetic ? rangeOf(arithmetic) : undefined,
    layout: layout ?? turned,
    channels,
  });
  while (operators.length < MAX_OPERATORS) {
    const readers = nodes.filter(({ input: reads }) => reads.includes(value));
    const [node] = readers;
    if (node === undefined || readers.length > 1 || node.output.length !== 1) return done();
    if (isOperator(node, 'Conv')) {
      const kernel = constantOf(node.input[1] ?? '')?.dims ?? [];
      const groups = attributeOf(node, 'group')?.i ?? 1;
      // Convolutions of ONNX take channels first, whatever the picture's layout is.
      return done(turned ?? 'nchw', kernel.length === 4 ? (kernel[1] as number) * groups : undefined);
    }
    const changed = changeOf(node, value, constantOf);
    if (isOperator(node, 'Transpose')) {
      const order = attributeOf(node, 'perm')?.ints ?? [];
      if (isSame(order, TO_NCHW)) turned = turned === undefined ? 'nhwc' : OPPOSITE[turned];
      else if (isSame(order, TO_NHWC)) turned = turned === undefined ? 'nchw' : OPPOSITE[turned];
      else return done();
    } else if (changed !== undefined) {
      hasArithmetic = true;
      arithmetic = changed(arithmetic);
    } else if (!isOperator(node, 'Identity', 'Cast')) return done();
    operators.push(node.opType);
    value = node.output[0] as string;
  }
  return done();
}

const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((value, i) => value === b[i]);

const MOST_CHANNELS = 4;

/** What a node does to a value, where it is arithmetic with a constant; undefined for other nodes. */
function changeOf(
  node: ReadNode,
  value: string,
  constantOf: (name: string) => ReadConstant | undefined,
): ((before: Arithmetic) => Arithmetic) | undefined {
  const isFirst = node.input[0] === value;
  const numbers = constantOf(node.input[isFirst ? 1 : 0] ?? '')?.numbers;
  if (numbers === undefined || numbers.length > MOST_CHANNELS || node.input.length !== 2) return undefined;
  const combine = (values: readonly number[], operation: (value: number, number: number) => number) =>
    Array.from({ length: Math.max(values.length, numbers.length) }, (_, i) =>
      operation(values[i % values.length] as number, numbers[i % numbers.length] as number),
    );
  const scaled = (operation: (value: number, number: number) => number) => (before: Arithmetic) => ({
    factors: combine(before.factors, operation),
    offsets: combine(before.offsets, operation),
  });
  const moved = (operation: (value: number, number: number) => number) => (before: Arithmetic) => ({
    factors: before.factors,
    offsets: combine(before.offsets, operation),
  });
  if (isOperator(node, 'Mul')) return scaled((a, b) => a * b);
  if (isOperator(node, 'Div') && isFirst) return scaled((a, b) => a / b);
  if (isOperator(node, 'Add')) return moved((a, b) => a + b);
  if (isOperator(node, 'Sub') && isFirst) return moved((a, b) => a - b);
  return undefined;
}

/** The range with which the result is of the size that networks take. */
function rangeOf({ factors, offsets }: Arithmetic): PixelRange | undefined {
  const spread = Math.max(...factors.map(Math.abs));
  const isPlausible = (width: number) => width >= LEAST_SPREAD && width <= MOST_SPREAD;
  // A mean of more than 1 is one of bytes, whether or not they are scaled afterwards.
  const largestMean = Math.max(
    ...offsets.map((offset, i) => Math.abs(offset / (factors[i % factors.length] || 1))),
  );
  if (largestMean > MOST_SPREAD) return 'byte';
  if (isPlausible(spread * BYTE_MAX)) return 'byte';
  return isPlausible(spread) ? 'unit' : undefined;
}
