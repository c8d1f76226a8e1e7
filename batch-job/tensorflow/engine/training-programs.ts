// The programs of a trainer: one batch forward and backward with or without the update, and prediction. Written once for
// every executor. Knows the network through toTensorFlow alone.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { Network } from '../../../core/network/description/network.ts';
import { outputShape } from '../../../core/network/description/shapes.ts';
import { weightSpecs } from '../../../core/network/description/weight-specs.ts';
import type { ProgramWriter } from '../executor/executor.ts';
import {
  type BatchStatistics,
  type DropoutMask,
  type EmittedNetwork,
  toTensorFlow,
} from '../network/to-tensorflow.ts';
import { appendBackward } from '../program/backward.ts';
import { lowerPrecision } from '../program/lower-precision.ts';
import * as ops from '../program/ops.ts';
import { attr, type Dimension, type Shape, type Value, type VariableSpec } from '../program/program.ts';
import { createProgramBuilder, type ProgramBuilder } from '../program/program-builder.ts';
import { toTowers } from '../program/to-towers.ts';
import type { TrainerOptions } from './engine.ts';
import { appendImages, appendViews, imageShapeOf } from './images-input.ts';
import {
  appendLossScale,
  areFinite,
  LOSS_SCALE_VARIABLES,
  recordAssignments,
  scaleGradient,
  scalesLoss,
  unscaleGradients,
} from './loss-scale.ts';
import { createOptimizer, type Optimizer } from './optimizers.ts';

const ASSIGN = { dtype: attr.type('float32') };

const DEFAULT_ADAMW_DECAY = 0.004;

/** A trainer's programs and what it must know to run them. No tensors yet. */
export interface TrainingPrograms {
  readonly variables: readonly VariableSpec[];
  /** Names of the network's own weights, the first of {@link variables}. */
  readonly weightNames: readonly string[];
  /** Names of the weights that learn. */
  readonly trainedNames: readonly string[];
  /**
   * `update`: a batch, or the last micro-batch of one, and an update. `accumulate`, where batches have micro-batches: the
   * gradient of one is added to those before it. Both take `images`, `targets` `[batch, classes]`, `sample_weights` `[batch]` (of the mean over the
   * whole batch), the dropout masks, and `update` the optimizer's scalars; both give `loss` `[]` and `logits`. In float16
   * `update` also gives {@link LOSS_SCALE_OUTPUTS}; a step whose gradients are not finite changes the scale alone, but for the
   * moving statistics of earlier micro-batches. `predict`: `images` to `probabilities`.
   */
  readonly programs: Readonly<Record<string, ProgramWriter>>;
  readonly optimizer: Optimizer;
  readonly dropoutMasks: readonly DropoutMask[];
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
}

const slotOf = (variable: VariableSpec, slot: string): VariableSpec => ({
  name: `${variable.name}/${slot}`,
  shape: variable.shape,
});

/** Name of the slot that holds a weight's exponential moving average (EMA). */
export const AVERAGE_SLOT = 'average';

/** Share of itself that a weight loses at each update, for a learning rate of 1. */
export const weightDecayOf = (optimizer: TrainerOptions['optimizer']): number =>
  optimizer.weightDecay ?? (optimizer.type === 'adamw' ? DEFAULT_ADAMW_DECAY : 0);

/** Name of the slot that holds the gradients accumulated over a batch's micro-batches so far; 0 between two batches. */
export const ACCUMULATOR_SLOT = 'accumulated';

/**
 * Samples of a micro-batch; the whole batch where `microBatchSize` is omitted. Fixed batches are divided evenly where more
 * than half of the given size does.
 */
export function microBatchSizeOf({
  batchSize,
  microBatchSize = batchSize,
  fixedBatches = false,
}: Pick<TrainerOptions, 'batchSize' | 'microBatchSize' | 'fixedBatches'>): number {
  const most = Math.min(batchSize, microBatchSize);
  for (let size = most; fixedBatches && 2 * size > most; size--) {
    if (batchSize % size === 0) return size;
  }
  return most;
}

/**
 * Plans a trainer's programs and variables.
 *
 * @throws {FoveaError} `network-not-classifier` where the network does not end in a softmax over classes or takes
 * images of any size.
 */
export function buildTrainingPrograms(options: TrainerOptions): TrainingPrograms {
  const { network } = options;
  const { imageShape, classes } = classifierShapes(network);
  const { towers = 1 } = options;
  const isTrainable = options.trainable ?? (() => true);
  const specs = weightSpecs(network);
  const weights: readonly VariableSpec[] = specs.map(({ key, shape }) => ({ name: key, shape }));
  const learning = specs.filter((spec) => spec.trainable && isTrainable(spec.layer));
  const trained = learning.map(({ key, shape }): VariableSpec => ({ name: key, shape }));
  const rateFactors = new Map(learning.map(({ key, layer }) => [key, options.rateFactor?.(layer) ?? 1]));
  const trainedNames = new Set(trained.map(({ name }) => name));
  const optimizer = createOptimizer(options.optimizer);
  const accumulates = microBatchSizeOf(options) < options.batchSize;
  const averages = options.emaDecay !== undefined;
  const scales = scalesLoss(options);
  const slots = [
    ...optimizer.slots,
    ...(accumulates ? [ACCUMULATOR_SLOT] : []),
    ...(averages ? [AVERAGE_SLOT] : []),
  ];
  const batchStatistics = (layer: string) => options.batchNormalization !== 'inference' && isTrainable(layer);

  const forward = (b: ProgramBuilder, batch: number | null): EmittedNetwork & { readonly logits: Value } => {
    const images = appendViews(b, batch, options);
    const emitted = toTensorFlow(b, network, images, { training: true, batchStatistics });
    if (emitted.logits === undefined) throw notClassifier(network, 'its last layer has no softmax');
    return { ...emitted, logits: emitted.logits };
  };

  const train =
    (updates: boolean): ProgramWriter =>
    (batch) => {
      const b = createProgramBuilder();
      const { logits, batchStatistics: statistics } = forward(b, batch);
      const { loss, gradient } = appendLoss(b, logits);
      b.output('loss', loss);
      b.output('logits', logits);
      const gradients = appendBackward(b, logits, scales ? scaleGradient(b, gradient) : gradient, trained);
      const found = trained.flatMap((variable) => {
        const value = gradients.get(variable.name);
        return value === undefined ? [] : [{ variable, gradient: value }];
      });
      const undoable = recordAssignments(b);
      const recording = scales ? undoable.b : b;
      appendMovingStatistics(recording, statistics);
      if (!updates) appendAccumulation(b, found);
      const complete = updates && accumulates ? found.map((one) => takeAccumulated(b, one)) : found;
      if (updates) {
        const gradients = scales ? unscaled(b, complete) : complete;
        appendUpdate(recording, gradients, { options, optimizer, rateFactors });
      }
      if (scales) {
        const finite = areFinite(
          b,
          complete.map((one) => one.gradient),
        );
        undoable.undoUnless(finite);
        if (updates) appendLossScale(b, finite);
      }
      const { precision = 'float32' } = options;
      if (precision === 'float32') return b.build();
      return lowerPrecision(b.build(), {
        type: precision,
        float32: new Set([logits, ...found.map((entry) => entry.gradient)]),
      });
    };

  const predict: ProgramWriter = (batch) => {
    const b = createProgramBuilder();
    const images = appendImages(b, batch, options);
    const variable = (spec: VariableSpec) =>
      averages && trainedNames.has(spec.name) ? slotOf(spec, AVERAGE_SLOT) : spec;
    b.output('probabilities', toTensorFlow(b, network, images, { training: false, variable }).output);
    return b.build();
  };

  return {
    variables: [
      ...weights,
      ...trained.flatMap((variable) => slots.map((slot) => slotOf(variable, slot))),
      ...(scales ? LOSS_SCALE_VARIABLES.keys() : []),
    ],
    weightNames: weights.map(({ name }) => name),
    trainedNames: [...trainedNames],
    programs: {
      update: toTowers(train(true), towers),
      ...(accumulates ? { accumulate: toTowers(train(false), towers) } : {}),
      predict: toTowers(predict, towers),
    },
    optimizer,
    dropoutMasks: forward(createProgramBuilder(), 1).dropoutMasks,
    imageShape,
    classes,
  };
}

function classifierShapes(network: Network): Pick<TrainingPrograms, 'imageShape' | 'classes'> {
  const imageShape = imageShapeOf(network);
  const shape = outputShape(network);
  const [classes] = shape;
  if (shape.length !== 1 || typeof classes !== 'number')
    throw notClassifier(network, `its output is ${outputText(shape)}`);
  return { imageShape, classes };
}

const outputText = (shape: Shape) =>
  `[${shape.map((n) => n ?? '?').join(', ')}] a picture, and not one score a class`;

const notClassifier = (network: Network, problem: string) =>
  new FoveaError(
    'network-not-classifier',
    `The network "${network.name}" cannot be trained as a classifier: ${problem}. Give it a fixed input size and a ` +
      'softmax over its classes as the last layer.',
  );

function appendLoss(b: ProgramBuilder, logits: Value): { readonly loss: Value; readonly gradient: Value } {
  const [batch = null] = logits.shape;
  const targets = b.input('targets', logits.shape);
  const sampleWeights = b.input('sample_weights', [batch]);
  const [losses, gradients] = ops.softmaxCrossEntropy(b, logits, targets);
  if (!losses || !gradients) throw new Error('The loss has no outputs.');
  return {
    loss: ops.reduce(b, 'Sum', ops.binary(b, 'Mul', losses, sampleWeights), [0]),
    gradient: ops.binary(b, 'Mul', gradients, ops.reshape(b, sampleWeights, [batch, 1])),
  };
}

/** (n - 1) / n, or 1 where the op that gave the variance had one value alone and corrected nothing. */
function withoutBessel(b: ProgramBuilder, rows: Dimension, x: Value): Value {
  if (rows !== null) return b.scalar(ops.withoutBessel(rows));
  const count = ops.binary(b, 'Mul', ops.sizeTensor(b, x), b.scalar(1 / ops.channelsOf(x)));
  const atLeastOne = ops.binary(b, 'Maximum', ops.binary(b, 'Sub', count, b.scalar(1)), b.scalar(1));
  return ops.binary(b, 'RealDiv', atLeastOne, count);
}

/** Keras 3 keeps the biased variance, TensorFlow's op gives the one with Bessel's correction. */
function appendMovingStatistics(b: ProgramBuilder, statistics: readonly BatchStatistics[]): void {
  for (const { layer, x, mean, variance } of statistics) {
    const channels = ops.channelsOf(x);
    const biased = ops.binary(b, 'Mul', variance, withoutBessel(b, ops.rowCount(x), x));
    const update = (name: string, value: Value) => {
      const moving = { name: `${layer.name}/${name}`, shape: [channels] };
      const change = ops.binary(
        b,
        'Mul',
        ops.binary(b, 'Sub', b.read(moving), value),
        b.scalar(1 - layer.momentum),
      );
      b.assign('AssignSubVariableOp', [moving], [change], ASSIGN);
    };
    update('moving_mean', mean);
    update('moving_variance', biased);
  }
}

interface Gradient {
  readonly variable: VariableSpec;
  readonly gradient: Value;
}

function appendAccumulation(b: ProgramBuilder, gradients: readonly Gradient[]): void {
  for (const { variable, gradient } of gradients) {
    b.assign('AssignAddVariableOp', [slotOf(variable, ACCUMULATOR_SLOT)], [gradient], ASSIGN);
  }
}

/** The sum over the micro-batches of a batch, this one included; empties the accumulator. */
function takeAccumulated(b: ProgramBuilder, { variable, gradient }: Gradient): Gradient {
  const accumulator = slotOf(variable, ACCUMULATOR_SLOT);
  const sum = ops.binary(b, 'AddV2', b.read(accumulator), gradient);
  b.assign('AssignVariableOp', [accumulator], [ops.broadcastTo(b, b.scalar(0), gradient)], ASSIGN);
  return { variable, gradient: sum };
}

function unscaled(b: ProgramBuilder, gradients: readonly Gradient[]): readonly Gradient[] {
  const values = unscaleGradients(
    b,
    gradients.map(({ gradient }) => gradient),
  );
  return gradients.map(({ variable, gradient }, i) => ({ variable, gradient: values[i] ?? gradient }));
}

/** Scales all gradients by min(1, clipNorm / their common norm). */
function clip(b: ProgramBuilder, gradients: readonly Gradient[], clipNorm: number): readonly Gradient[] {
  const [head, ...rest] = gradients.map(({ gradient }) => {
    const flat = ops.unary(b, 'Square', gradient);
    return ops.reduce(
      b,
      'Sum',
      flat,
      flat.shape.map((_, axis) => axis),
    );
  });
  if (head === undefined) return gradients;
  const norm = ops.unary(b, 'Sqrt', ops.addN(b, [head, ...rest]));
  const limit = b.scalar(clipNorm);
  const factor = ops.binary(b, 'RealDiv', limit, ops.binary(b, 'Maximum', norm, limit));
  return gradients.map(({ variable, gradient }) => ({
    variable,
    gradient: ops.binary(b, 'Mul', gradient, factor),
  }));
}

interface UpdateRule {
  readonly options: TrainerOptions;
  readonly optimizer: Optimizer;
  /** On the learning rate, by the names of weights. */
  readonly rateFactors: ReadonlyMap<string, number>;
}

function appendUpdate(
  b: ProgramBuilder,
  gradients: readonly Gradient[],
  { options, optimizer, rateFactors }: UpdateRule,
): void {
  const { emaDecay } = options;
  const { clipNorm } = options.optimizer;
  const decays = options.optimizer.decays ?? (() => true);
  const scalars = new Map(optimizer.scalarNames.map((name) => [name, b.input(name, [])]));
  const averageRate = emaDecay === undefined ? undefined : b.input('average_rate', []);
  const decayRate = weightDecayOf(options.optimizer) > 0 ? b.input('decay_rate', []) : undefined;
  const scalar = (name: string): Value => {
    const value = scalars.get(name);
    if (value === undefined) throw new Error(`The optimizer has no scalar "${name}".`);
    return value;
  };
  for (const { variable, gradient } of clipNorm === undefined ? gradients : clip(b, gradients, clipNorm)) {
    const factor = rateFactors.get(variable.name) ?? 1;
    const scaled = (rate: Value) => (factor === 1 ? rate : ops.binary(b, 'Mul', rate, b.scalar(factor)));
    if (decayRate !== undefined && decays(variable.name)) {
      b.assign(
        'AssignSubVariableOp',
        [variable],
        [ops.binary(b, 'Mul', b.read(variable), scaled(decayRate))],
        ASSIGN,
      );
    }
    optimizer.emit({
      b,
      variable,
      gradient,
      slot: (name) => slotOf(variable, name),
      scalar: (name) => (optimizer.rateNames.includes(name) ? scaled(scalar(name)) : scalar(name)),
    });
    if (averageRate !== undefined) appendAverage(b, variable, averageRate);
  }
}

function appendAverage(b: ProgramBuilder, variable: VariableSpec, rate: Value): void {
  const average = slotOf(variable, AVERAGE_SLOT);
  const distance = ops.binary(b, 'Sub', b.read(average), b.read(variable));
  b.assign('AssignSubVariableOp', [average], [ops.binary(b, 'Mul', distance, rate)], ASSIGN);
}
