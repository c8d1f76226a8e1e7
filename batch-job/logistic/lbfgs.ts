// Minimizes a smooth convex function by L-BFGS (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4, 7.5 and 3.5). Knows
// nothing of what it minimizes.

/** A value and the gradient there. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** When the search ends. */
export interface LbfgsOptions {
  /** The search ends where no element of the gradient is further from 0. */
  readonly tolerance: number;
  /** The search also ends where a step lowers the value by no larger share of it: what is left is rounding. */
  readonly leastDecrease: number;
  /** Most evaluations of the function. */
  readonly maxEvaluations: number;
}

/** Where a search has ended. */
export interface Minimum extends Evaluation {
  readonly point: Float64Array;
  readonly evaluations: number;
  /** False where the evaluations did not suffice. */
  readonly hasConverged: boolean;
}

/** How many of the last steps describe the curvature at most: fewer where they are large, so that they take at most 128 MiB. */
const MEMORY = 10;
const MEMORY_BYTES = 128 * 2 ** 20;
const LEAST_MEMORY = 3;
/** Wolfe's conditions: a step lowers the value by this share of what the slope promises … */
const DECREASE = 1e-4;
/** … and leaves at most this share of the slope. */
const CURVATURE = 0.9;
/** Evaluations of one line search. */
const MAX_TRIALS = 20;

/** A step and the change of the gradient on it. */
interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / (step · change). */
  readonly inverse: number;
}

/**
 * Finds the minimum of a function from a start.
 *
 * @param evaluate must give a gradient of its own for each call.
 */
export async function minimize(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  { tolerance, leastDecrease, maxEvaluations }: LbfgsOptions,
): Promise<Minimum> {
  let evaluations = 0;
  const measure = (point: Float64Array): Promise<Evaluation> => {
    evaluations++;
    return evaluate(point);
  };
  let point = start;
  let here = await measure(point);
  const pairs: Pair[] = [];
  const memory = Math.max(LEAST_MEMORY, Math.min(MEMORY, Math.floor(MEMORY_BYTES / (2 * start.byteLength))));
  let hasConverged = largest(here.gradient) <= tolerance;
  while (!hasConverged && evaluations < maxEvaluations) {
    const direction = descentFrom(here.gradient, pairs);
    const slope = dot(direction, here.gradient);
    const first = pairs.length === 0 ? 1 / Math.max(1, Math.sqrt(-slope)) : 1;
    const found = await search(measure, point, here, direction, slope, first);
    hasConverged = found === undefined;
    if (found === undefined) break;
    const step = minus(found.point, point);
    const change = minus(found.evaluation.gradient, here.gradient);
    const curvature = dot(step, change);
    if (curvature > 0) {
      pairs.push({ step, change, inverse: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    const decrease = here.value - found.evaluation.value;
    point = found.point;
    here = found.evaluation;
    hasConverged = largest(here.gradient) <= tolerance || decrease <= leastDecrease * Math.abs(here.value);
  }
  return { ...here, point, evaluations, hasConverged };
}

/** The direction of Newton's method with the curvature that the pairs describe. */
function descentFrom(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { step, change, inverse } of pairs.toReversed()) {
    const share = inverse * dot(step, direction);
    shares.push(share);
    add(direction, change, -share);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.inverse * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i] = scale * (direction[i] as number);
  }
  for (const { step, change, inverse } of pairs) {
    const share = shares.pop() as number;
    add(direction, step, share - inverse * dot(change, direction));
  }
  return direction;
}

interface Found {
  readonly point: Float64Array;
  readonly evaluation: Evaluation;
}

/**
 * A point along the direction that fulfils Wolfe's conditions, by bisection; the lowest point that was tried where none does.
 * Undefined where none is lower: rounding errors are all that is left.
 */
async function search(
  measure: (point: Float64Array) => Promise<Evaluation>,
  from: Float64Array,
  here: Evaluation,
  direction: Float64Array,
  slope: number,
  first: number,
): Promise<Found | undefined> {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = first;
  let best: Found | undefined;
  for (let trial = 0; trial < MAX_TRIALS; trial++) {
    const point = from.slice();
    add(point, direction, length);
    const evaluation = await measure(point);
    if (evaluation.value < (best?.evaluation ?? here).value) best = { point, evaluation };
    if (!(evaluation.value <= here.value + DECREASE * length * slope)) high = length;
    else if (dot(evaluation.gradient, direction) < CURVATURE * slope) low = length;
    else return { point, evaluation };
    length = high === Number.POSITIVE_INFINITY ? 2 * length : (low + high) / 2;
  }
  return best;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function add(target: Float64Array, values: Float64Array, share: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + share * (values[i] as number);
}

const minus = (a: Float64Array, b: Float64Array): Float64Array =>
  a.map((value, i) => value - (b[i] as number));

const largest = (values: Float64Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
