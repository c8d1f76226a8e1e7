// The out-of-memory remedies as a table: what each changes in a job's savings, and what it costs. They are those of Géron's
// Hands-On Machine Learning, chapter 14, exercise 10. job-memory.ts decides when they are taken.

import type { RemedyName, Savings } from '../../core/job/recipe/memory-record.ts';
import type { InputSize, Network } from '../../core/network/description/network.ts';
import { isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { planNetwork } from '../../core/network/plan/plan.ts';
import { cutLayerBelow } from '../../core/network/surgery/split-at.ts';
import type { Base } from '../base/base.ts';

/** The stages of a job in which memory can run out. */
export type MemoryStage = 'features' | 'head' | 'full' | 'scratch' | 'evaluation';

/** Pictures that each stage has in memory at once. */
export type BatchSizes = Readonly<Partial<Record<MemoryStage, number>>>;

/** What the remedies need to know of a job. */
export interface Situation {
  readonly base: Pick<Base, 'defaultInputSize' | 'minInputSize' | 'build'>;
  readonly classes: number;
  /** Batch sizes of the stages before any remedy. */
  readonly batchSizes: BatchSizes;
  /** The first trainable layer of the stage `full`, or the beginning of its name; null where all layers are trainable. */
  readonly unfreezeFrom: string | null;
}

interface Taken {
  readonly savings: Savings;
  /** What the remedy costs, in one sentence. */
  readonly gaveUp: string;
}

/** Takes a remedy; undefined where it can save nothing (more) in that stage. */
type Remedy = (savings: Savings, stage: MemoryStage, situation: Situation) => Taken | undefined;

const REMEDY_TABLE: Readonly<Record<Exclude<RemedyName, 'larger_machine'>, Remedy>> = {
  smaller_batches: (savings, stage, { batchSizes }) => {
    const whole = batchSizes[stage] ?? 1;
    const size = Math.min(whole, savings.partSizes[stage] ?? whole);
    if (size <= 1) return undefined;
    const next = Math.floor(size / 2);
    const isTraining = stage !== 'features' && stage !== 'evaluation';
    return {
      savings: { ...savings, partSizes: { ...savings.partSizes, [stage]: next } },
      gaveUp: isTraining
        ? `Gradients of batches of ${whole} are accumulated over micro-batches of ${next}: the same training, more slowly.`
        : `${next} pictures are computed at a time instead of ${size}: the same numbers, more slowly.`,
    };
  },

  half_precision: (savings, stage) => {
    if (savings.halfPrecision || (stage !== 'features' && stage !== 'head')) return undefined;
    return {
      savings: { ...savings, halfPrecision: true },
      gaveUp: 'Features are stored in half precision: half the memory, with a rounding of about 0.05 %.',
    };
  },

  fewer_layers: (savings, stage, situation) => {
    if (stage !== 'full') return undefined;
    const network = networkOf(savings, situation);
    const from = higherStart(network, savings.unfreezeFrom ?? situation.unfreezeFrom);
    if (from === undefined) return undefined;
    return {
      savings: { ...savings, unfreezeFrom: from },
      gaveUp: `The pretrained layers before "${from}" stay frozen: fewer layers are trained.`,
    };
  },

  smaller_pictures: (savings, stage, situation) => {
    // In the evaluation, the model is already trained for its input size.
    if (stage === 'evaluation') return undefined;
    const { base } = situation;
    const current = inputSizeOf(base, savings);
    const next = { height: smaller(current.height), width: smaller(current.width) };
    const { height, width } = base.defaultInputSize;
    const least = base.minInputSize;
    const isTooSmall =
      next.height < Math.max(least.height, LEAST_SHARE * height) ||
      next.width < Math.max(least.width, LEAST_SHARE * width);
    if (isTooSmall) return undefined;
    const taken = { ...savings, inputSize: next };
    if (!haveSameWeights(networkOf(savings, situation), networkOf(taken, situation))) return undefined;
    return {
      savings: taken,
      gaveUp: `The network's input is ${next.height}×${next.width} instead of ${current.height}×${current.width}, also when it serves; training starts anew.`,
    };
  },
};

/** Sides go down to three quarters, to a multiple of this. */
const SIDE_STEP = 16;
const SIDE_SHARE = 0.75;
/** Smallest share of the network's own input size: in smaller pictures, objects are too small for pretrained layers. */
const LEAST_SHARE = 0.5;

const smaller = (side: number) => Math.floor((SIDE_SHARE * side) / SIDE_STEP) * SIDE_STEP;

/** The input of a job's network. */
export const inputSizeOf = (base: Pick<Base, 'defaultInputSize'>, savings: Savings): InputSize => ({
  ...base.defaultInputSize,
  ...savings.inputSize,
});

/** The network that the trainer builds for the job, with the input size that the savings allow. */
export const networkOf = (
  savings: Savings,
  { base, classes }: Pick<Situation, 'base' | 'classes'>,
): Network => base.build({ inputSize: inputSizeOf(base, savings), classes });

/** Whether two networks have the same weights. They differ where a dense layer reads a flattened feature map. */
function haveSameWeights(a: Network, b: Network): boolean {
  const describe = (network: Network) =>
    JSON.stringify(weightSpecs(network).map(({ key, shape }) => [key, shape]));
  return describe(a) === describe(b);
}

/**
 * A later first trainable layer, with which half of the outputs need to be kept for the backward pass. Undefined where only the
 * classifier would be left.
 */
function higherStart(network: Network, from: string | null): string | undefined {
  const learns = from === null ? () => true : isTrainableFrom(network, from);
  const layers = planNetwork(network).layers.filter((layer) => learns(layer.name));
  const total = layers.reduce((sum, layer) => sum + layer.trainingBytes, 0);
  let left = total;
  for (const layer of layers) {
    if (left <= total / 2) {
      const learning = layers
        .slice(layers.indexOf(layer))
        .filter(({ parameters }) => parameters.trainable > 0);
      // The classifier alone has already been trained by the stage before.
      const starts = learning.slice(0, -1).map(({ name }) => name);
      // Where everything passes through one layer, outputs of the frozen layers can be cached.
      return starts.find((name) => cutLayerBelow(network, name) !== undefined) ?? starts[0];
    }
    left -= layer.trainingBytes;
  }
  return undefined;
}

/** The first allowed remedy that saves something in this stage; undefined where none does, or a larger machine comes first. */
export function nextRemedy(
  allowed: readonly RemedyName[],
  savings: Savings,
  stage: MemoryStage,
  situation: Situation,
): (Taken & { readonly remedy: RemedyName }) | undefined {
  for (const remedy of allowed) {
    const taken = remedy === 'larger_machine' ? undefined : REMEDY_TABLE[remedy](savings, stage, situation);
    if (taken !== undefined) return { remedy, ...taken };
    // Remedies after it in the list are not allowed before it.
    if (remedy === 'larger_machine') return undefined;
  }
  return undefined;
}
