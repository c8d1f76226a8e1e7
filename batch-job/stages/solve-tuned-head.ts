// Solves the head once more on the features of layers that were trained: exactly, as before they were. Training leaves a head that fits
// its smoothed labels and its last steps; the solution on the same features is right more often, and much better calibrated.

import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { outputShape } from '../../core/network/description/shapes.ts';
import { toLinearHead } from '../../core/network/surgery/linear-head.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import { present } from '../../core/present.ts';
import { batches, type ExampleSource } from '../examples/example-source.ts';
import { createFeatureTable } from '../examples/feature-table.ts';
import { type ClassBalance, solveWithPenalty } from '../logistic/solve-head.ts';
import { tableRows } from '../logistic/table-rows.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';

/**
 * Weight of the L2 penalty. Folds cannot choose it: the layers have seen all the pictures that they are solved on. Out of fold, heads with
 * 0.3 to 3 were about as good (bench/README.md).
 */
const TUNED_PENALTY = 1;

/** What the head is solved on. */
export interface TunedHeadOptions {
  readonly engine: Pick<Engine, 'createForward'>;
  /** The layers that were trained, from the input of `examples` to the probabilities. */
  readonly network: Network;
  /** Name of the layer whose output the head reads. */
  readonly featureLayer: string;
  /** The pictures that the layers were trained on. */
  readonly examples: ExampleSource;
  /** Augmented views of each that the head is solved on, besides the picture itself. */
  readonly views: number;
  readonly classes: number;
  readonly balance: ClassBalance;
  /** Pictures that are computed together. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** Is called before each block of rows; throws to abort. */
  readonly check: () => void;
}

/** Gives the same weights with the head that is solved on the features of the others. */
export async function solveTunedHead(
  { engine, network, featureLayer, examples, views, ...options }: TunedHeadOptions,
  weights: NetworkWeights,
): Promise<NetworkWeights> {
  const { classes, balance, batchSize, signal, check } = options;
  const { backbone, head } = splitAt(network, featureLayer);
  const linear = present(toLinearHead(head), 'a linear head');
  const { length: pictures } = examples.labels;
  const rows = pictures * (1 + views);
  const width = outputShape(backbone).reduce<number>((product, size) => product * present(size, 'a size'), 1);
  const table = createFeatureTable({ rows, width });
  const forward = await engine.createForward({ network: backbone, weights, batchSize });
  try {
    const order = Int32Array.from({ length: pictures }, (_, index) => index);
    let row = 0;
    for (let view = 0; view <= views; view++) {
      // The first epoch of cached examples is the pictures themselves.
      const source = view === 0 ? examples : (examples.atEpoch?.(view + 1) ?? examples);
      for await (const { images, count } of batches(source, order, batchSize, signal)) {
        const features = await forward.run(images, count);
        for (let i = 0; i < count; i++) table.write(row++, features.subarray(i * width, (i + 1) * width));
        check();
      }
    }
    const { kernel, bias } = await solveWithPenalty(
      {
        table: tableRows(table, rows, { check, normalization: linear.normalization }),
        labels: examples.labels,
        classes,
        balance,
      },
      TUNED_PENALTY,
    );
    return new Map([...weights, [linear.kernel, kernel], [linear.bias, bias]]);
  } finally {
    forward.dispose();
    table.close();
  }
}
