// Batch normalization by the statistics of the whole batch where several towers have parts of it. Each tower's kernel gives
// the statistics of its part; they are combined (Chan et al. 1979), and the kernel for given statistics does the rest.

import { batchNormalization, binary, known, rowCount, unary, withoutBessel } from './ops.ts';
import { attr, type Value } from './program.ts';
import { flagAttribute, numberAttribute } from './read-attributes.ts';
import { column, inputAt, onEach, type Spread, sum, type TowerContext, valueAt, wholeOf } from './spread.ts';

/** Whether an op normalizes by the statistics of its own input, or differentiates such an op. */
export const usesBatchStatistics = ({ op }: TowerContext): boolean => flagAttribute(op, 'is_training');

const epsilonOf = ({ op }: TowerContext): number => numberAttribute(op, 'epsilon');

/** Vectors along the last axis that one tower has. */
const rowsOf = (context: TowerContext): number => {
  const x = context.op.inputs[0];
  if (x === undefined) throw new Error(`${context.op.type} has no inputs.`);
  return known(rowCount(x));
};

/**
 * `FusedBatchNormV3` in training.
 *
 * The variance that it gives is that of the whole batch, with Bessel's correction for the number of samples of one tower:
 * what reads it is the program of one tower, and takes back just that.
 */
export function normalizeTogether(context: TowerContext): readonly Spread[] {
  const { b, towers } = context;
  const epsilon = epsilonOf(context);
  const at = (index: number, tower: number) => valueAt(b, inputAt(context, index), tower);
  const statistics = onEach(context, (tower) => {
    const { mean, variance } = batchNormalization(b, at(0, tower), at(1, tower), at(2, tower), { epsilon });
    return [mean, variance];
  });
  const over = (values: readonly Value[], divisor: number) =>
    binary(b, 'Mul', sum(b, values), b.scalar(1 / divisor));
  const means = column(statistics, 0);
  const mean = over(means, towers);
  const between = over(
    means.map((one) => unary(b, 'Square', binary(b, 'Sub', one, mean))),
    towers,
  );
  const factor = withoutBessel(rowsOf(context));
  const variance = binary(b, 'AddV2', over(column(statistics, 1), towers / factor), between);
  const y = onEach(context, (tower) => {
    const moving = { mean, variance };
    return batchNormalization(b, at(0, tower), at(1, tower), at(2, tower), { epsilon, moving }).y;
  });
  const corrected = binary(b, 'Mul', variance, b.scalar(1 / factor));
  return [
    { shares: y },
    { whole: mean },
    { whole: corrected },
    { whole: mean },
    { whole: variance },
    { whole: b.constant([], [0]) },
  ];
}

/**
 * `FusedBatchNormGradV3`. By given statistics, its first output is `dy` times a factor a channel. By those of the batch, what
 * `dy` does to mean and variance is taken off: that is linear in `x`, and one more normalization computes it.
 */
export function normalizationGradients(context: TowerContext): readonly Spread[] {
  const { b, op, towers } = context;
  const { mean, variance } = {
    mean: wholeOf(b, inputAt(context, 3)),
    variance: wholeOf(b, inputAt(context, 4)),
  };
  const attributes = { ...op.attributes, is_training: attr.bool(false) };
  const at = (index: number, tower: number) => valueAt(b, inputAt(context, index), tower);
  const made = onEach(context, (tower) =>
    b.emit(
      op.type,
      [at(0, tower), at(1, tower), at(2, tower), mean, variance, b.constant([], [0])],
      attributes,
      op.outputs,
    ),
  );
  const scale: Spread = { terms: column(made, 1) };
  const offset: Spread = { terms: column(made, 2) };
  const rest = [{ whole: b.constant([], [0]) }, { whole: b.constant([], [0]) }];
  if (!usesBatchStatistics(context)) return [{ shares: column(made, 0) }, scale, offset, ...rest];
  const epsilon = epsilonOf(context);
  const deviation = unary(b, 'Rsqrt', binary(b, 'AddV2', variance, b.scalar(epsilon)));
  const gamma = wholeOf(b, inputAt(context, 2));
  const factor = binary(
    b,
    'Mul',
    binary(b, 'Mul', gamma, deviation),
    b.scalar(1 / (towers * rowsOf(context))),
  );
  const slope = binary(b, 'Mul', factor, wholeOf(b, scale));
  const level = binary(b, 'Mul', factor, wholeOf(b, offset));
  const moving = { mean, variance };
  const dx = onEach(context, (tower) => {
    const { y } = batchNormalization(b, at(1, tower), slope, level, { epsilon, moving });
    const frozen = made[tower]?.[0];
    if (frozen === undefined) throw new Error(`There is no tower ${tower}.`);
    return binary(b, 'Sub', frozen, y);
  });
  return [{ shares: dx }, scale, offset, ...rest];
}
