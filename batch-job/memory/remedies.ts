// The remedies against a want of memory, as a table: what each changes in a job's savings, and what is given up by it. They
// are those of Géron's Hands-On Machine Learning, chapter 14, exercise 10. When they are taken is job-memory.ts's.

import type { RemedyName, Savings } from '../../core/job/recipe/memory-record.ts';
import type { InputSize, Network } from '../../core/network/description/network.ts';
import { isTrainableFrom } from '../../core/network/description/trainable-from.ts';
import { weightSpecs } from '../../core/network/description/weight-specs.ts';
import { planNetwork } from '../../core/network/plan/plan.ts';
import { cutLayerBelow } from '../../core/network/surgery/split-at.ts';
import type { Base } from '../base/base.ts';

/** Parts of a job that memory can run out in. */
export type MemoryStage = 'features' | 'head' | 'full' | 'scratch' | 'evaluation';

export type BatchSizes = Readonly<Partial<Record<MemoryStage, number>>>;

/** What the remedies need to know of a job. */
export interface Situation {
  readonly base: Pick<Base, 'defaultInputSize' | 'minInputSize' | 'build'>;
  readonly classes: number;
  /** Pictures that a stage takes at once unless memory runs out. */
  readonly batchSizes: BatchSizes;
  /** The first layer that learns in the stage `full`, or the beginning of its name; null where all do. */
  readonly unfreezeFrom: string | null;
}

interface Taken {
  readonly savings: Savings;
  /** One sentence. */
  readonly gaveUp: string;
}

/** Undefined where the remedy has nothing (more) to give in that stage. */
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
        ? `Batches of ${whole} are taken ${next} at a time and their gradients added up: the same training, more slowly.`
        : `${next} pictures are taken at a time in place of ${size}: the same numbers, more slowly.`,
    };
  },

  half_precision: (savings, stage) => {
    if (savings.halfPrecision || (stage !== 'features' && stage !== 'head')) return undefined;
    return {
      savings: { ...savings, halfPrecision: true },
      gaveUp: 'Features are kept in 16 bits: half the memory, and a rounding of about 0.05 %.',
    };
  },

  fewer_layers: (savings, stage, situation) => {
    if (stage !== 'full') return undefined;
    const network = networkOf(savings, situation);
    const from = higherStart(network, savings.unfreezeFrom ?? situation.unfreezeFrom);
    if (from === undefined) return undefined;
    return {
      savings: { ...savings, unfreezeFrom: from },
      gaveUp: `The pretrained layers below "${from}" stay as they are: fewer layers learn.`,
    };
  },

  smaller_pictures: (savings, stage, situation) => {
    // The model that is judged is trained already.
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
      gaveUp: `The network sees pictures of ${next.height}×${next.width} in place of ${current.height}×${current.width}, in service too; training starts anew.`,
    };
  },
};

/** Sides go down to three quarters, to a multiple of this. */
const SIDE_STEP = 16;
const SIDE_SHARE = 0.75;
/** Of the network's own size: below half of it, what pretrained layers look for is too small to be found. */
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

/** Not so where a dense layer reads a flattened map. */
function haveSameWeights(a: Network, b: Network): boolean {
  const describe = (network: Network) =>
    JSON.stringify(weightSpecs(network).map(({ key, shape }) => [key, shape]));
  return describe(a) === describe(b);
}

/** The layer from which on half of the outputs that are kept for the backward pass come; undefined at the classifier. */
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
      // The classifier alone is what the stage before has trained.
      const starts = learning.slice(0, -1).map(({ name }) => name);
      // Where all pass through one layer, what the frozen ones make of the pictures is kept, and need not be made again.
      return starts.find((name) => cutLayerBelow(network, name) !== undefined) ?? starts[0];
    }
    left -= layer.trainingBytes;
  }
  return undefined;
}

/** The first of the allowed remedies that has something to give. */
export function nextRemedy(
  allowed: readonly RemedyName[],
  savings: Savings,
  stage: MemoryStage,
  situation: Situation,
): (Taken & { readonly remedy: RemedyName }) | undefined {
  for (const remedy of allowed) {
    const taken = remedy === 'larger_machine' ? undefined : REMEDY_TABLE[remedy](savings, stage, situation);
    if (taken !== undefined) return { remedy, ...taken };
    // What comes after it in the list is not wanted before it.
    if (remedy === 'larger_machine') return undefined;
  }
  return undefined;
}
