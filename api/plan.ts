// Plans on the wire: what may be asked, and what is answered.

import { z } from 'zod';
import { PLAN_ACCOUNTING } from '../core/network/plan.ts';
import {
  type ClassifierPlan,
  DEFAULT_PLAN_BATCH_SIZE,
  DEFAULT_PLAN_CLASSES,
  PLAN_LIMITS,
} from '../core/network/plan-classifier.ts';

const count = (max: number) => z.number().int().min(1).max(max);
const side = count(PLAN_LIMITS.side).optional();

export const CreatePlanSchema = z
  .strictObject({
    model: z.string().min(1).meta({ description: 'An architecture.', example: 'three_conv_cnn' }),
    input_size: z
      .strictObject({ height: side, width: side, channels: z.union([z.literal(1), z.literal(3)]).optional() })
      .optional()
      .meta({ description: "What is left out is the architecture's own." }),
    classes: count(PLAN_LIMITS.classes).default(DEFAULT_PLAN_CLASSES),
    until: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'A layer to stop after, e.g. to leave the classifier out.', example: 'conv3' }),
    batch_size: count(PLAN_LIMITS.batchSize).default(DEFAULT_PLAN_BATCH_SIZE),
    images: count(PLAN_LIMITS.images)
      .optional()
      .meta({ description: 'Pictures of an epoch; left out, nothing is said of epochs.' }),
    gpu: z.string().min(1).optional().meta({
      description: 'T4, A10G, L4, A100, L40S or H100; left out, all of them.',
      example: 'T4',
    }),
    usd_per_hour: z
      .number()
      .min(0)
      .optional()
      .meta({ description: "Price of the GPU's machine, instead of the one in the table. Needs `gpu`." }),
  })
  .meta({ id: 'CreatePlan' });
export type CreatePlanRequest = z.output<typeof CreatePlanSchema>;

const bytes = z.number().int();

const PlanLayerSchema = z.object({
  name: z.string(),
  type: z.string(),
  output_shape: z.array(z.number().int()).meta({ description: 'Without the batch.' }),
  parameters: z.number().int(),
  trainable_parameters: z.number().int(),
  flops: z.number().int().meta({ description: PLAN_ACCOUNTING.flops }),
  output_bytes: bytes.meta({ description: '0 where the layer passes its input on.' }),
  alive_bytes: bytes.meta({ description: 'Outputs alive while this layer is computed.' }),
});

const PlanGpuSchema = z.object({
  gpu: z.string(),
  instance_type: z.string(),
  memory_bytes: bytes,
  usable_bytes: bytes,
  largest_batch: z.number().int(),
  fits: z.boolean().meta({ description: 'Whether `batch_size` fits.' }),
  pictures_per_second: z.number(),
  effective_flops: z.number().meta({ description: 'Operations a second that the estimate comes to.' }),
  usd_per_hour: z.number(),
  epoch: z
    .object({ images: z.number().int(), seconds: z.number(), usd: z.number() })
    .nullable()
    .meta({ description: 'Null where the batch does not fit or `images` was not given.' }),
  basis: z.object({ memory: z.string(), speed: z.string(), figures: z.string(), price: z.string() }),
});

export const PlanSchema = z
  .object({
    object: z.literal('plan'),
    model: z.string(),
    input_size: z.object({ height: z.number().int(), width: z.number().int(), channels: z.number().int() }),
    classes: z.number().int(),
    until: z.string().nullable().meta({ description: 'The last layer, where one was asked for.' }),
    parameters: z.object({ total: z.number().int(), trainable: z.number().int(), bytes }),
    flops: z.number().int().meta({ description: PLAN_ACCOUNTING.flops }),
    prediction: z.object({ bytes, activation_bytes: bytes, peak_layer: z.string(), accounting: z.string() }),
    training: z.object({
      batch_size: z.number().int(),
      bytes,
      activation_bytes: bytes,
      accounting: z.string(),
      gradient_bytes: bytes,
      optimizer_bytes: bytes,
      backward_bytes: bytes,
      total_bytes: bytes,
      total_accounting: z.string(),
    }),
    gpus: z.array(PlanGpuSchema),
    layers: z.array(PlanLayerSchema),
  })
  .meta({ id: 'Plan' });
export type WirePlan = z.infer<typeof PlanSchema>;

export function toWirePlan({
  model,
  inputSize,
  classes,
  until,
  network,
  training,
  gpus,
}: ClassifierPlan): WirePlan {
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
      basis: estimate.basis,
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
