import { describe, expect, it } from 'vitest';
import { openFeatureProducts } from '../../../batch-job/logistic/feature-products.ts';
import { type HeadProblem, solveHead } from '../../../batch-job/logistic/solve-head.ts';
import { rowOf } from '../../../core/evaluation/predictions.ts';
import { crossEntropy } from '../../../core/evaluation/probability-losses.ts';
import { present } from '../../../core/present.ts';
import { uniformAt } from '../../../core/random.ts';
import { featureRows } from '../../support/feature-rows.ts';

const WIDTH = 8;
const quiet = { onSolved: () => undefined, isOver: () => false };

/** Pictures whose first features tell their class. */
function problem(counts: readonly number[], signal: number, views = 0): HeadProblem {
  const labels = Int32Array.from(counts.flatMap((count, label) => new Array(count).fill(label)));
  const rows = labels.length * (1 + views);
  const values = Float32Array.from({ length: rows * WIDTH }, (_, i) => {
    const isOwn = i % WIDTH === labels[Math.floor(i / WIDTH) % labels.length];
    return 2 * uniformAt(3, i) + (isOwn ? signal : 0);
  });
  return { table: featureRows(values, WIDTH), labels, classes: counts.length, balance: 'none', ...quiet };
}

describe('solveHead', () => {
  it('predicts every picture by a model that has not seen it', async () => {
    // The features say nothing of the class, so that only models which have seen a picture know it.
    const { outOfFold } = await solveHead(problem([40, 40], 0));
    expect(outOfFold?.pictures).toHaveLength(80);
    expect(outOfFold?.accuracy).toBeLessThan(0.65);
    expect(outOfFold?.loss).toBeGreaterThan(0.6);
  });

  it('chooses a weak penalty where the features tell the classes, and a strong one where they do not', async () => {
    expect((await solveHead(problem([40, 40], 3))).l2).toBe(0.1);
    expect((await solveHead(problem([40, 40], 0))).l2).toBe(30);
  });

  it('gives the same bits twice', async () => {
    const [once, again] = [
      await solveHead(problem([20, 20], 1, 2)),
      await solveHead(problem([20, 20], 1, 2)),
    ];
    expect(again).toEqual(once);
  });

  it('solves without folds where every class has one picture', async () => {
    const { l2, outOfFold, hasConverged } = await solveHead(problem([1, 1, 1], 3));
    expect({ l2, outOfFold, hasConverged }).toEqual({ l2: 1, outOfFold: undefined, hasConverged: true });
  });

  it('counts the folds that were held out', async () => {
    expect((await solveHead(problem([2, 2], 3))).outOfFold?.foldCount).toBe(3);
    expect((await solveHead(problem([20, 20], 3))).outOfFold?.foldCount).toBe(5);
  });

  it('ends the search where the budget is spent', async () => {
    const solved: number[] = [];
    const { l2, outOfFold } = await solveHead({
      ...problem([20, 20], 3),
      isOver: () => true,
      onSolved: (done) => solved.push(done),
    });
    // Those of the folds with the first penalty, and the head.
    expect({ l2, solutions: solved.length }).toEqual({ l2: 1, solutions: 6 });
    expect(outOfFold?.pictures).toHaveLength(40);
  });

  it('knows what models of half of the groups say of the same pictures', async () => {
    const { outOfFold } = await solveHead(problem([40, 40], 3));
    const { smaller, predictions } = present(outOfFold, 'predictions');
    const half = present(smaller, 'predictions of smaller models');
    expect(half.share).toBe(0.5);
    expect(half.predictions.labels).toEqual(predictions.labels);
    expect(crossEntropy(half.predictions)).toBeGreaterThan(1.2 * (crossEntropy(predictions) ?? 0));
  });

  it('keeps the heads that have not seen a fold, and says of them what the folds say', async () => {
    const given = problem([20, 20], 1);
    expect((await solveHead(given)).withoutFolds).toEqual([]);
    const { withoutFolds, outOfFold } = await solveHead({ ...given, keepsWithoutFolds: 2 });
    expect(withoutFolds).toHaveLength(2);
    const { predictions, folds, pictures } = present(outOfFold, 'predictions');
    const features = await given.table.read(0, given.labels.length);
    for (const [example, fold] of folds.entries()) {
      const without = withoutFolds.find((head) => head.fold === fold);
      if (without === undefined) continue;
      const { kernel, bias } = without;
      const row = (pictures[example] as number) * WIDTH;
      const scores = [0, 1].map((label) =>
        features
          .subarray(row, row + WIDTH)
          .reduce((sum, value, i) => sum + value * (kernel[2 * i + label] as number), bias[label] as number),
      );
      const [first = 0, second = 0] = scores;
      expect(1 / (1 + Math.exp(second - first))).toBeCloseTo(rowOf(predictions, example)[0] as number, 2);
    }
  });

  it('ends when its table is aborted', async () => {
    const given = problem([20, 20], 3);
    let reads = 0;
    const read: typeof given.table.read = (start, end) => {
      if (++reads > 20) throw new Error('It is over.');
      return given.table.read(start, end);
    };
    await expect(solveHead({ ...given, table: { ...given.table, read } })).rejects.toThrow('It is over.');
  });

  it('with the class prior, prefers no class where the features say nothing', async () => {
    const given = problem([90, 10], 0);
    const nothing = { ...given, table: featureRows(new Float32Array(100 * WIDTH).fill(1), WIDTH) };
    const biasOf = async (balance: HeadProblem['balance']) => {
      const { bias } = await solveHead({ ...nothing, balance });
      return (bias[0] as number) - (bias[1] as number);
    };
    expect(await biasOf('none')).toBeCloseTo(Math.log(9), 2);
    expect(await biasOf('prior')).toBeCloseTo(0, 2);
    expect(await biasOf('weights')).toBeCloseTo(0, 2);
  });

  it('knows the pictures of the folds by their indices', async () => {
    const { outOfFold } = await solveHead(problem([1, 30, 30], 3));
    expect(outOfFold?.pictures[0]).toBe(1);
    expect(outOfFold?.predictions.labels).toHaveLength(60);
    const last = rowOf(outOfFold?.predictions as never, 59);
    expect(last[2]).toBeGreaterThan(0.5);
  });
});

describe('openFeatureProducts', () => {
  it('sums over all blocks of a table', async () => {
    const width = 1024;
    const rows = 20_000;
    let largest = 0;
    const block = new Float32Array(rows * width);
    const products = await openFeatureProducts({
      rows,
      width,
      read(start, end) {
        largest = Math.max(largest, end - start);
        return block.fill(1, 0, (end - start) * width).subarray(0, (end - start) * width);
      },
    });
    const sum = await products.visit(new Float32Array(width).fill(2), 1, (scores) => scores);
    await products.release();
    expect(largest).toBeLessThan(rows / 2);
    expect(new Set(sum)).toEqual(new Set([rows * 2 * width]));
  });
});
