// An architecture of the zoo on the wire.

import { z } from 'zod';
import type { Architecture } from '../core/network/network.ts';
import { DEFAULT_PLAN_CLASSES } from '../core/network/plan-classifier.ts';
import { countParameters, weightSpecs } from '../core/network/weight-specs.ts';

const ArchitectureSchema = z
  .object({
    id: z.string(),
    object: z.literal('architecture'),
    title: z.string(),
    paper: z.string(),
    license: z.string().meta({ description: 'Of the description; weights have their own.' }),
    preprocessing: z.string(),
    input_size: z
      .object({ height: z.number().int(), width: z.number().int(), channels: z.number().int() })
      .meta({ description: 'The default.' }),
    min_input_size: z.object({ height: z.number().int(), width: z.number().int() }),
    parameters: z
      .number()
      .int()
      .meta({ description: `With the default input and ${DEFAULT_PLAN_CLASSES} classes.` }),
    feature_layer: z.string(),
    pretrained: z.array(
      z.object({
        file: z.string(),
        trained_on: z.string(),
        includes_top: z.boolean(),
        license: z.string(),
        url: z.string(),
      }),
    ),
  })
  .meta({ id: 'Architecture' });
export type WireArchitecture = z.infer<typeof ArchitectureSchema>;

export const ArchitectureListSchema = z
  .object({ object: z.literal('list'), data: z.array(ArchitectureSchema) })
  .meta({ id: 'ArchitectureList' });

export function toWireArchitecture(architecture: Architecture): WireArchitecture {
  const { defaultInputSize: inputSize, minInputSize } = architecture;
  const { height, width, channels } = inputSize;
  return {
    id: architecture.name,
    object: 'architecture',
    title: architecture.title,
    paper: architecture.paper,
    license: architecture.license,
    preprocessing: architecture.preprocessing,
    input_size: { height, width, channels },
    min_input_size: { height: minInputSize.height, width: minInputSize.width },
    parameters: countParameters(weightSpecs(architecture.build({ inputSize, classes: DEFAULT_PLAN_CLASSES })))
      .total,
    feature_layer: architecture.featureLayer,
    pretrained: architecture.weightSources.map((source) => ({
      file: source.file,
      trained_on: source.trainedOn,
      includes_top: source.includesTop,
      license: source.license,
      url: source.url,
    })),
  };
}
