// A network in training: feeds batches, labels and random masks to the programs, and keeps count of the steps. Knows no
// back end; an executor runs the programs.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { NetworkWeights } from '../../../core/network/description/network.ts';
import { FORMATS } from '../../../core/storage/formats.ts';
import type { Executor, Session } from '../executor/executor.ts';
import type { InputData } from '../executor/input-data.ts';
import { elementCount, type VariableSpec } from '../program/program.ts';
import { mostProbable, toTargets } from './batch-targets.ts';
import { createDropoutMasks } from './dropout-mask.ts';
import type { Images, Trainer, TrainerOptions, TrainerState } from './engine.ts';
import {
  ACCUMULATOR_SLOT,
  AVERAGE_SLOT,
  buildTrainingPrograms,
  microBatchSizeOf,
  type TrainingPrograms,
  weightDecayOf,
} from './training-programs.ts';

const isAccumulator = (name: string): boolean => name.endsWith(`/${ACCUMULATOR_SLOT}`);

/** First values: the weights as given, averages equal to their weights, other slots 0. */
function initialVariables(plan: TrainingPrograms, weights: NetworkWeights): Map<string, Float32Array> {
  const own = new Set(plan.weightNames);
  const average = `/${AVERAGE_SLOT}`;
  return new Map(
    plan.variables.map((spec) => {
      if (own.has(spec.name)) return [spec.name, checkedWeight(spec, weights.get(spec.name))];
      if (spec.name.endsWith(average)) {
        return [spec.name, checkedWeight(spec, weights.get(spec.name.slice(0, -average.length)))];
      }
      return [spec.name, new Float32Array(elementCount(spec.shape))];
    }),
  );
}

function checkedWeight(spec: VariableSpec, data: Float32Array | undefined): Float32Array {
  const size = elementCount(spec.shape);
  if (data?.length === size) return data;
  throw new FoveaError(
    'weights-invalid',
    data === undefined
      ? `The weight "${spec.name}" of shape [${spec.shape.join(', ')}] is missing.`
      : `The weight "${spec.name}" has ${data.length} values; its shape [${spec.shape.join(', ')}] takes ${size}.`,
  );
}

/** Starts training on an executor. */
export async function createTrainer(executor: Executor, options: TrainerOptions): Promise<Trainer> {
  const plan = buildTrainingPrograms(options);
  const session = await executor.createSession({
    variables: plan.variables,
    programs: plan.programs,
    batchSize: options.batchSize,
    initial: initialVariables(plan, options.weights),
  });
  return trainerOf(session, plan, options);
}

function trainerOf(session: Session, plan: TrainingPrograms, options: TrainerOptions): Trainer {
  const { seed, batchSize, labelSmoothing = 0 } = options;
  const microBatchSize = microBatchSizeOf(options);
  const { imageShape, classes } = plan;
  const imageSize = elementCount(imageShape);
  const averages = options.emaDecay !== undefined;
  const trained = new Set(plan.trainedNames);
  const decay = weightDecayOf(options.optimizer);
  const dropouts = plan.dropoutMasks.map(({ input, rate, sampleShape }, layer) => {
    const sampleSize = elementCount(sampleShape);
    return { input, sampleSize, masksOf: createDropoutMasks([seed, layer], batchSize * sampleSize, rate) };
  });
  let batches = 0;
  let updates = 0;

  const [height, width, channels] = imageShape;
  const from = options.viewsFrom ?? { height, width };
  const trainingSize = from.height * from.width * channels;

  const countOf = (images: Images, limit: number, sizeOfOne = imageSize): number => {
    const count = images.length / sizeOfOne;
    if (Number.isInteger(count) && count >= 1 && count <= limit) return count;
    throw new FoveaError(
      'batch-invalid',
      `A batch has ${images.length} values; pictures of [${imageShape.join(', ')}] take ${sizeOfOne} each, and a batch ` +
        `has 1 to ${limit} of them.`,
    );
  };

  const optimizerInputs = (learningRate: number): readonly (readonly [string, Float32Array])[] => {
    const scalars = {
      ...plan.optimizer.scalars(updates + 1, learningRate),
      decay_rate: decay * learningRate,
      // As in Keras, the average starts from the weights after the first update.
      average_rate: updates === 0 ? 1 : 1 - (options.emaDecay ?? 0),
    };
    return Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]);
  };

  return {
    async step({ images, labels, drawn = new Map() }, learningRate) {
      const count = countOf(images, batchSize, trainingSize);
      const { classWeights } = options;
      const { targets, sampleWeights, classIndices } = toTargets(labels, count, {
        classes,
        labelSmoothing,
        classWeights,
      });
      const masks = dropouts.map(
        ({ input, sampleSize, masksOf }) => [input, masksOf(batches, count * sampleSize)] as const,
      );
      const samples = [
        ['images', images],
        ['targets', targets],
        ['sample_weights', sampleWeights],
        ...masks,
        ...drawn,
      ] as const;
      const logits = new Float32Array(count * classes);
      let loss = 0;
      for (let start = 0; start < count; start += microBatchSize) {
        const size = Math.min(microBatchSize, count - start);
        const isLast = start + size === count;
        const ofMicroBatch = (values: InputData) =>
          size === count
            ? values
            : values.subarray((start * values.length) / count, ((start + size) * values.length) / count);
        const inputs = new Map<string, InputData>([
          ...samples.map(([name, values]) => [name, ofMicroBatch(values)] as const),
          ...(isLast ? optimizerInputs(learningRate) : []),
        ]);
        const outputs = await session.run(isLast ? 'update' : 'accumulate', size, inputs);
        loss += outputs.get('loss')?.[0] ?? Number.NaN;
        logits.set(outputs.get('logits') ?? [], start * classes);
      }
      batches++;
      updates++;
      if (!Number.isFinite(loss)) {
        throw new FoveaError(
          'loss-not-finite',
          `The loss of batch ${batches} is ${loss}. Lower the learning rate (it was ${learningRate}), or clip gradients.`,
        );
      }
      const predicted = mostProbable(logits, classes);
      const correct = predicted.reduce((sum, c, sample) => sum + (c === classIndices[sample] ? 1 : 0), 0);
      return { loss, correct };
    },

    async predict(images, count) {
      const probabilities = new Float32Array(count * classes);
      if (count > 0 && countOf(images, count) !== count) {
        throw new FoveaError(
          'batch-invalid',
          `${images.length / imageSize} pictures were given as ${count}.`,
        );
      }
      for (let start = 0; start < count; start += microBatchSize) {
        const size = Math.min(microBatchSize, count - start);
        const part = images.subarray(start * imageSize, (start + size) * imageSize);
        const outputs = await session.run('predict', size, new Map([['images', part]]));
        probabilities.set(outputs.get('probabilities') ?? [], start * classes);
      }
      return probabilities;
    },

    async weights() {
      const variables = await session.readVariables();
      return new Map(
        plan.weightNames.map((name) => {
          const source = averages && trained.has(name) ? `${name}/${AVERAGE_SLOT}` : name;
          return [name, variables.get(source) ?? new Float32Array()];
        }),
      );
    },

    async setWeights(weights) {
      const specs = new Map(plan.variables.map((spec) => [spec.name, spec]));
      const values = new Map<string, Float32Array>();
      for (const [name, data] of weights) {
        const spec = specs.get(name);
        if (spec === undefined || !plan.weightNames.includes(name)) {
          throw new FoveaError(
            'weights-invalid',
            `The network "${options.network.name}" has no weight "${name}".`,
          );
        }
        values.set(name, checkedWeight(spec, data));
        if (averages && trained.has(name)) values.set(`${name}/${AVERAGE_SLOT}`, data);
      }
      await session.writeVariables(values);
    },

    async state(): Promise<TrainerState> {
      const variables = await session.readVariables();
      // The micro-batch size may change before the state is restored.
      for (const { name } of plan.variables) if (isAccumulator(name)) variables.delete(name);
      return { formatVersion: FORMATS.trainerState.version, batches, updates, seed, variables };
    },

    async restore(state) {
      await session.writeVariables(checkedState(state, plan, seed));
      batches = state.batches;
      updates = state.updates;
    },

    dispose: () => session.dispose(),
  };
}

function checkedState(
  state: TrainerState,
  plan: TrainingPrograms,
  seed: number,
): ReadonlyMap<string, Float32Array> {
  const invalid = (problem: string) =>
    new FoveaError(
      'trainer-state-invalid',
      `The state cannot be restored: ${problem}. Start from the weights instead.`,
    );
  if (state.formatVersion !== FORMATS.trainerState.version)
    throw invalid(
      `its format version is ${String(state.formatVersion)}, not ${FORMATS.trainerState.version}`,
    );
  if (state.seed !== seed) throw invalid(`its seed is ${state.seed}, this run's ${seed}`);
  const kept = new Map<string, Float32Array>();
  for (const { name, shape } of plan.variables) {
    if (isAccumulator(name)) continue;
    const found = state.variables.get(name);
    if (found === undefined) throw invalid(`it has no variable "${name}"`);
    if (found.length !== elementCount(shape))
      throw invalid(`"${name}" has ${found.length} values for [${shape.join(', ')}]`);
    kept.set(name, found);
  }
  // Fewer layers may learn than when the state was taken: slots of the others have no use any more.
  const frozen = plan.weightNames.filter((name) => !plan.trainedNames.includes(name));
  for (const name of state.variables.keys()) {
    const isSpare = frozen.some((weight) => name.startsWith(`${weight}/`));
    if (!kept.has(name) && !isSpare) throw invalid(`it has a variable "${name}" that this run has not`);
  }
  return kept;
}
