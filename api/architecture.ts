// An architecture of the zoo on the wire.

import { z } from 'zod';
import type { Architecture } from '../core/network/description/network.ts';
import { countParameters, weightSpecs } from '../core/network/description/weight-specs.ts';
import { DEFAULT_PLAN_CLASSES } from '../core/network/plan/plan-classifier.ts';
import { count, listOf, objectKind, text } from './quantities.ts';

const ArchitectureSchema = z
  .object({
    id: text('Its name, as `model` of a job takes it.'),
    object: objectKind('architecture'),
    title: text('As its paper spells it.'),
    paper: text('Where it was described.'),
    license: z.string().meta({ description: 'Of the description; weights have their own.' }),
    preprocessing: text('What is made of the bytes of a pixel, by its usual name.'),
    input_size: z
      .object({
        height: count('Pixels.'),
        width: count('Pixels.'),
        channels: count('1: gray. 3: red, green, blue.'),
      })
      .meta({ description: 'The default.' }),
    min_input_size: z
      .object({ height: count('Pixels.'), width: count('Pixels.') })
      .meta({ description: 'The least for which the network has an output.' }),
    parameters: z
      .number()
      .int()
      .meta({ description: `With the default input and ${DEFAULT_PLAN_CLASSES} classes.` }),
    feature_layer: text('The layer whose output a new head reads.'),
    pretrained: z
      .array(
        z.object({
          file: text('Name of the weight file.'),
          trained_on: text('The pictures it was trained on.'),
          includes_top: z.boolean().meta({ description: 'Whether it has the classifier too.' }),
          license: text('Of the weights.'),
          url: text('Where it was published.'),
        }),
      )
      .meta({ description: 'Published weights.' }),
  })
  .meta({ id: 'Architecture', description: 'A network that can be trained and planned.' });
export type WireArchitecture = z.infer<typeof ArchitectureSchema>;

export const ArchitectureListSchema = z
  .object(listOf(ArchitectureSchema, 'About the smallest first.'))
  .meta({ id: 'ArchitectureList', description: 'All architectures.' });

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
