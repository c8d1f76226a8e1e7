// Plans a classifier by the name of its architecture. Checks the request, and knows no HTTP.

import type { ErrorCode } from '../../errors/error-codes.ts';
import { FoveaError } from '../../errors/errors.ts';
import { findGpu, GPUS } from '../../pricing/gpus.ts';
import { cheapestMachineWith } from '../../pricing/machines.ts';
import { findArchitecture } from '../architectures/architectures.ts';
import type { InputSize } from '../description/network.ts';
import { cutAfter } from '../surgery/split-at.ts';
import { estimateTraining, type TrainingEstimate } from './estimate-training.ts';
import { type NetworkPlan, planNetwork, planTraining, type TrainingMemory } from './plan.ts';

/** Number of classes of ImageNet, for which most of the architectures were made. */
export const DEFAULT_PLAN_CLASSES = 1000;
/** Pictures of a mini-batch where a request names no batch size. */
export const DEFAULT_PLAN_BATCH_SIZE = 32;
/** Bounds that keep every number of a plan an exact integer. */
export const PLAN_LIMITS = {
  side: 16_384,
  classes: 1_000_000,
  batchSize: 65_536,
  images: 1_000_000_000,
} as const;

/** Which network to plan, and how it is used. */
export interface PlanRequest {
  /** Name of an architecture. */
  readonly model: string;
  /** Size of the input; omitted fields have the architecture's defaults. */
  readonly inputSize?: Partial<InputSize>;
  readonly classes?: number;
  /** The layer to stop after, e.g. to plan without the classifier. Default: the whole network. */
  readonly until?: string;
  readonly batchSize?: number;
  /** Pictures of an epoch. */
  readonly images?: number;
  /** Default: all GPUs of the table. */
  readonly gpu?: string;
  /** Price of the GPU's machine, instead of the price in the table. Needs {@link gpu}. */
  readonly usdPerHour?: number;
}

/** What a classifier needs before it runs: memory, arithmetic, and time and price on GPUs. */
export interface ClassifierPlan {
  readonly model: string;
  readonly title: string;
  readonly inputSize: InputSize;
  readonly classes: number;
  readonly until: string | undefined;
  readonly network: NetworkPlan;
  readonly training: TrainingMemory;
  /** One for each GPU that was asked for, smallest memory first. */
  readonly gpus: readonly TrainingEstimate[];
}

/**
 * Plans prediction and training of an architecture.
 *
 * @throws {FoveaError} `architecture-unknown`, `input-too-small`, `input-too-large`, `channels-unsupported`,
 * `classes-out-of-range`, `batch-size-out-of-range`, `images-out-of-range`, `gpu-unknown`, `price-invalid`,
 * `layer-unknown`.
 */
export function planClassifier(request: PlanRequest): ClassifierPlan {
  const { classes = DEFAULT_PLAN_CLASSES, batchSize = DEFAULT_PLAN_BATCH_SIZE, images, usdPerHour } = request;
  const architecture = findArchitecture(request.model);
  const inputSize = { ...architecture.defaultInputSize, ...request.inputSize };
  for (const side of ['height', 'width'] as const) checkAtMost(side, inputSize[side], PLAN_LIMITS.side);
  if (classes > PLAN_LIMITS.classes)
    throw outOfRange('classes', 'number of classes', classes, PLAN_LIMITS.classes);
  checkCount('batch_size', 'batch size', batchSize, PLAN_LIMITS.batchSize);
  if (images !== undefined) checkCount('images', 'number of pictures', images, PLAN_LIMITS.images);
  if (usdPerHour !== undefined && request.gpu === undefined) {
    throw new FoveaError(
      'price-invalid',
      `A price of US$ ${usdPerHour} an hour was given, but no GPU: name the GPU whose machine costs that.`,
      { param: 'usd_per_hour' },
    );
  }
  const gpus = request.gpu === undefined ? GPUS : [findGpu(request.gpu)];

  const built = architecture.build({ inputSize, classes });
  const network = planNetwork(request.until === undefined ? built : cutAfter(built, request.until));
  return {
    model: architecture.name,
    title: architecture.title,
    inputSize,
    classes,
    until: request.until,
    network,
    training: planTraining(network, { batchSize }),
    gpus: gpus.map((gpu) =>
      estimateTraining(network, {
        gpu,
        machine: cheapestMachineWith(gpu.name),
        batchSize,
        ...(images === undefined ? {} : { images }),
        ...(usdPerHour === undefined ? {} : { usdPerHour }),
      }),
    ),
  };
}

function checkAtMost(side: 'height' | 'width', value: number, maximum: number): void {
  if (value <= maximum) return;
  throw new FoveaError(
    'input-too-large',
    `A plan cannot have a ${side} of ${value}: at most ${maximum} pixels are allowed.`,
    { param: side, details: { received: value, maximum } },
  );
}

function checkCount(param: CountParam, what: string, value: number, maximum: number): void {
  if (!Number.isInteger(value) || value < 1 || value > maximum) throw outOfRange(param, what, value, maximum);
}

const OUT_OF_RANGE = {
  classes: 'classes-out-of-range',
  batch_size: 'batch-size-out-of-range',
  images: 'images-out-of-range',
} as const satisfies Readonly<Record<string, ErrorCode>>;
type CountParam = keyof typeof OUT_OF_RANGE;

const outOfRange = (param: CountParam, what: string, received: number, maximum: number) =>
  new FoveaError(
    OUT_OF_RANGE[param],
    `The ${what} cannot be ${received}: it must be a whole number from 1 to ${maximum}.`,
    { param, details: { received, minimum: 1, maximum } },
  );

/** Names what a plan is for, e.g. `ResNet50 on 224×224×3, 1000 classes`. */
export function describePlan({ title, inputSize, classes, until }: ClassifierPlan): string {
  const { height, width, channels } = inputSize;
  const part = until === undefined ? `${classes} classes` : `up to ${until}`;
  return `${title} on ${height}×${width}×${channels}, ${part}`;
}
