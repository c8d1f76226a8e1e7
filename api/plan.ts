// Plans on the wire: what may be asked, and what is answered.

import { z } from 'zod';
import { describeJobOnGpu } from '../core/job/estimate/job-on-gpu.ts';
import { PLAN_ACCOUNTING } from '../core/network/plan/plan.ts';
import {
  type ClassifierPlan,
  DEFAULT_PLAN_BATCH_SIZE,
  DEFAULT_PLAN_CLASSES,
  PLAN_LIMITS,
} from '../core/network/plan/plan-classifier.ts';
import { count, objectKind, text } from './quantities.ts';

const upTo = (max: number, description: string) => z.number().int().min(1).max(max).meta({ description });
const side = upTo(PLAN_LIMITS.side, 'Pixels.').optional();

/** The body of `POST /v1/plans`. Unknown fields are refused. */
export const CreatePlanSchema = z
  .strictObject({
    model: z.string().min(1).meta({ description: 'An architecture.', example: 'three_conv_cnn' }),
    input_size: z
      .strictObject({
        height: side,
        width: side,
        channels: z.literal([1, 3]).optional().meta({ description: '1: gray. 3: red, green, blue.' }),
      })
      .optional()
      .meta({ description: "Size of the input; omitted fields have the architecture's defaults." }),
    classes: upTo(PLAN_LIMITS.classes, 'Classes of the classifier.').default(DEFAULT_PLAN_CLASSES),
    until: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'A layer to stop after, e.g. to leave the classifier out.', example: 'conv3' }),
    batch_size: upTo(PLAN_LIMITS.batchSize, 'Pictures of a mini-batch.').default(DEFAULT_PLAN_BATCH_SIZE),
    images: upTo(PLAN_LIMITS.images, 'Pictures of an epoch. Without it the plan has no epochs.').optional(),
    gpu: z.string().min(1).optional().meta({
      description: 'T4, A10G, L4, A100, L40S or H100. Without it the plan is for all of them.',
      example: 'T4',
    }),
    usd_per_hour: z
      .number()
      .min(0)
      .optional()
      .meta({ description: "Price of the GPU's machine, instead of the one in the table. Needs `gpu`." }),
  })
  .meta({ id: 'CreatePlan', description: 'A network, and how it is to be used.' });
/** The body as clients write it. */
export type CreatePlanBody = z.input<typeof CreatePlanSchema>;
/** The body as the server reads it, with defaults. */
export type CreatePlanRequest = z.output<typeof CreatePlanSchema>;

const bytes = (of: string) => count(`Bytes ${of}.`);

const PlanLayerSchema = z.object({
  name: text('Name of the layer.'),
  type: text('Kind of layer.'),
  output_shape: z.array(z.number().int()).meta({ description: 'Shape of its output, without the batch.' }),
  parameters: count('Numbers in its weights.'),
  trainable_parameters: count('Those that learn.'),
  flops: count(PLAN_ACCOUNTING.flops),
  output_bytes: count('Bytes of its output; 0 where the layer passes its input on.'),
  alive_bytes: bytes('of outputs alive while this layer is computed'),
});

const PlanGpuSchema = z.object({
  gpu: text('Name of the GPU.'),
  instance_type: text('The machine that has it.'),
  memory_bytes: bytes('of its memory, as sold'),
  usable_bytes: bytes('of that for the network'),
  largest_batch: count('Pictures of the largest batch that fits; 0 where not even one picture fits.'),
  fits: z.boolean().meta({ description: 'Whether `batch_size` fits.' }),
  pictures_per_second: z.number().meta({ description: 'Pictures a second in training.' }),
  effective_flops: z.number().meta({ description: 'Floating-point operations a second in training.' }),
  usd_per_hour: z.number().meta({ description: 'Price of the machine.' }),
  epoch: z
    .object({
      images: count('Pictures.'),
      seconds: z.number().meta({ description: 'Seconds that it takes.' }),
      usd: z.number().meta({ description: 'What it costs.' }),
    })
    .nullable()
    .meta({ description: 'One epoch; null where the batch does not fit or `images` was not given.' }),
  basis: z
    .object({
      memory: text('What memory rests on.'),
      speed: text('What speed rests on.'),
      figures: text('Where the figures of the GPU are from.'),
      price: text('Where the price is from.'),
      job: z
        .string()
        .nullable()
        .meta({
          description:
            'What a job with the default recipe would take on this GPU, and how it trains; null where `images` was not given, and ' +
            'for another input than the network has in a job.',
        }),
    })
    .meta({ description: 'What the numbers rest on, in sentences.' }),
});

/** The answer of `POST /v1/plans`. */
export const PlanSchema = z
  .object({
    object: objectKind('plan'),
    model: text('The architecture.'),
    input_size: z
      .object({
        height: count('Pixels.'),
        width: count('Pixels.'),
        channels: count('1: gray. 3: red, green, blue.'),
      })
      .meta({ description: 'What the network takes.' }),
    classes: count('Classes of the classifier.'),
    until: z.string().nullable().meta({ description: 'The last layer, where one was asked for.' }),
    parameters: z
      .object({
        total: count('Numbers in the weights.'),
        trainable: count('Those that learn.'),
        bytes: bytes('of all'),
      })
      .meta({ description: 'Weights of the network.' }),
    flops: count(PLAN_ACCOUNTING.flops),
    prediction: z
      .object({
        bytes: bytes('of parameters and outputs at the peak'),
        activation_bytes: bytes('of the outputs alone'),
        peak_layer: text('The layer at whose computation the peak is.'),
        accounting: text('What is counted.'),
      })
      .meta({ description: 'Memory of predicting one picture.' }),
    training: z
      .object({
        batch_size: count('Pictures of a mini-batch.'),
        bytes: bytes('of parameters and activations'),
        activation_bytes: bytes('of the activations alone'),
        accounting: text('What is counted in both.'),
        gradient_bytes: bytes('of gradients of parameters, on top'),
        optimizer_bytes: bytes('of the slots of the optimizer, on top'),
        backward_bytes: bytes('of gradients of outputs on their way back, on top'),
        total_bytes: bytes('of all'),
        total_accounting: text('What is counted in all.'),
      })
      .meta({ description: 'Memory of training with a mini-batch.' }),
    gpus: z.array(PlanGpuSchema).meta({ description: 'What training takes and costs on each GPU.' }),
    layers: z.array(PlanLayerSchema).meta({ description: 'Layers in the order in which they are computed.' }),
  })
  .meta({ id: 'Plan', description: 'What a network needs before it runs.' });
/** A plan as clients get it. */
export type WirePlan = z.infer<typeof PlanSchema>;

/** Makes the wire's plan from the computed one. */
export function toWirePlan(plan: ClassifierPlan): WirePlan {
  const { model, inputSize, classes, until, network, training, gpus } = plan;
  const { height, width, channels } = inputSize;
  return {
    object: 'plan',
    model,
    input_size: { height, width, channels },
    classes,
    until: until ?? null,
    parameters: { ...network.parameters, bytes: network.parameterBytes },
    flops: network.flops,
    prediction: {
      bytes: network.prediction.bytes,
      activation_bytes: network.prediction.activationBytes,
      peak_layer: network.prediction.peakLayer,
      accounting: PLAN_ACCOUNTING.prediction,
    },
    training: {
      batch_size: training.batchSize,
      bytes: training.bytes,
      activation_bytes: training.activationBytes,
      accounting: PLAN_ACCOUNTING.training,
      gradient_bytes: training.gradientBytes,
      optimizer_bytes: training.optimizerBytes,
      backward_bytes: training.backwardBytes,
      total_bytes: training.totalBytes,
      total_accounting: PLAN_ACCOUNTING.total,
    },
    gpus: gpus.map((estimate) => ({
      gpu: estimate.gpu,
      instance_type: estimate.instanceType,
      memory_bytes: estimate.memoryBytes,
      usable_bytes: estimate.usableBytes,
      largest_batch: estimate.largestBatch,
      fits: estimate.fits,
      pictures_per_second: estimate.picturesPerSecond,
      effective_flops: estimate.effectiveFlops,
      usd_per_hour: estimate.usdPerHour,
      epoch: estimate.epoch,
      basis: { ...estimate.basis, job: describeJobOnGpu(plan, estimate) },
    })),
    layers: network.layers.map((layer) => ({
      name: layer.name,
      type: layer.type,
      // A plan's input is closed, and with it every shape.
      output_shape: layer.outputShape.map((n) => n ?? 0),
      parameters: layer.parameters.total,
      trainable_parameters: layer.parameters.trainable,
      flops: layer.flops,
      output_bytes: layer.outputBytes,
      alive_bytes: layer.liveBytes,
    })),
  };
}
