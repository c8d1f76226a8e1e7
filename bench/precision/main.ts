// Trains the same networks from the same weights on the same batches in float32, bfloat16, and float16 with loss scaling, and
// prints the loss over the steps and the accuracy on test pictures side by side. No number here is about speed.
//
//   npm run bench:precision -- [--only mnist_cnn] [--seed 1] [--backend native]

import { Command } from 'commander';
import { learningRate } from '../../batch-job/decide/learning-rate.ts';
import type { BackendName, Engine, TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import { openEngine } from '../../batch-job/tensorflow/open-engine.ts';
import { evaluate } from '../../batch-job/training/evaluate.ts';
import { fit } from '../../batch-job/training/fit.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { CASES, type Case } from './cases.ts';

const PRECISIONS = ['float32', 'bfloat16', 'float16'] as const;
type Precision = NonNullable<TrainerOptions['precision']>;
/** The curve has so many points, each the mean loss over as many steps. */
const POINTS = 10;
const WARM_UP_SHARE = 0.1;

const options = new Command('bench:precision')
  .option('--backend <name>', 'native or gpu', 'native')
  .option('--only <names...>', `train these only: ${Object.keys(CASES).join(', ')}`)
  .option('--precisions <names...>', 'train in these only', [...PRECISIONS])
  .option('--seed <n>', 'of weights, order and dropout', Number, 1)
  .option('--mnist <folder>', 'the four idx files of MNIST', '../shared/data/mnist')
  .option('--photos <folder>', 'photographs in train/ and test/', '../shared/data/photos/grocery_fruit')
  .option('--weights <folder>', 'pretrained MobileNetV2 0.35', '../shared/data/weights')
  .parse()
  .opts<{
    readonly backend: BackendName;
    readonly only?: readonly string[];
    readonly precisions: readonly string[];
    readonly seed: number;
    readonly mnist: string;
    readonly photos: string;
    readonly weights: string;
  }>();

interface Outcome {
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** On the test pictures, predicted in float32. */
  readonly loss: number;
  readonly accuracy: number;
  /** Steps that changed nothing, because a gradient was infinite. */
  readonly skipped: number;
  /** What the loss is multiplied by at the end; undefined where it is not. */
  readonly scale: number | undefined;
  readonly seconds: number;
}

async function train(engine: Engine, one: Case, precision: Precision): Promise<Outcome> {
  const { network, optimizer, batchSize, epochs, test } = one;
  const { seed } = options;
  const trainer = await engine.createTrainer({
    network,
    weights: one.weights(seed),
    optimizer,
    seed,
    batchSize,
    precision,
    batchNormalization: one.batchNormalization ?? 'training',
  });
  const losses: number[] = [];
  const startedMs = performance.now();
  try {
    await fit(
      {
        ...trainer,
        async step(batch, rate) {
          const result = await trainer.step(batch, rate);
          losses.push(result.loss);
          return result;
        },
      },
      {
        train: one.train,
        validation: { ...test, labels: new Int32Array() },
        epochs,
        batchSize,
        learningRate: (step, steps) => {
          const rising = Math.round(WARM_UP_SHARE * steps);
          const schedule = { type: 'cosine', rate: one.learningRate, updates: steps - rising } as const;
          return learningRate(schedule, { updates: rising })(step);
        },
        seed,
        signal: new AbortController().signal,
        clock: () => performance.now(),
        onStep: () => undefined,
        onEpoch: async () => undefined,
      },
    );
    const seconds = (performance.now() - startedMs) / 1000;
    const scores = await evaluate(test, (images, count) => trainer.predict(images, count), { batchSize });
    const { batches, updates, variables } = await trainer.state();
    return {
      losses,
      loss: scores.loss ?? Number.NaN,
      accuracy: scores.accuracy ?? Number.NaN,
      skipped: batches - updates,
      scale: variables.get('loss_scale')?.[0],
      seconds,
    };
  } finally {
    trainer.dispose();
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean losses over equal parts of the steps. */
const curveOf = (losses: readonly number[]): readonly number[] =>
  Array.from({ length: POINTS }, (_, i) =>
    mean(losses.slice((i * losses.length) / POINTS, ((i + 1) * losses.length) / POINTS)),
  );

function print(precision: Precision, outcome: Outcome): void {
  const { losses, loss, accuracy, skipped, scale, seconds } = outcome;
  console.log(
    [
      precision.padEnd(9),
      ...curveOf(losses).map((value) => value.toFixed(3)),
      ` test loss ${loss.toFixed(3)}, ${(100 * accuracy).toFixed(1)} % right; ${skipped} of ${losses.length} steps skipped`,
      ...(scale === undefined ? [] : [`scale 2^${Math.log2(scale)}`]),
      `${seconds.toFixed(0)} s`,
    ].join('  '),
  );
}

const engine = await openEngine({ backend: options.backend, cacheDirectory: cacheDirectory(process.env) });
for (const [name, read] of Object.entries(CASES)) {
  if (options.only !== undefined && !options.only.includes(name)) continue;
  const one = await read(options);
  console.log(`\n${one.name}: ${one.train.labels.length} pictures, ${one.test.labels.length} test pictures`);
  for (const precision of PRECISIONS) {
    if (!options.precisions.includes(precision)) continue;
    try {
      print(precision, await train(engine, one, precision));
    } catch (error) {
      if (!isFoveaError(error)) throw error;
      console.log(`${precision.padEnd(9)}  failed: ${error.message}`);
    }
  }
}
process.exit(0);
