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
    license: z.string().meta({ description: 'License of the description; weights have their own.' }),
    preprocessing: text('How bytes of pixels become input of the network, by its usual name.'),
    input_size: z
      .object({
        height: count('Pixels.'),
        width: count('Pixels.'),
        channels: count('1: gray. 3: red, green, blue.'),
      })
      .meta({ description: 'The default input size.' }),
    min_input_size: z
      .object({ height: count('Pixels.'), width: count('Pixels.') })
      .meta({ description: 'The smallest input for which the network has an output.' }),
    parameters: z
      .number()
      .int()
      .meta({ description: `Number of weights with the default input and ${DEFAULT_PLAN_CLASSES} classes.` }),
    feature_layer: text('The layer whose output a new head reads.'),
    pretrained: z
      .array(
        z.object({
          file: text('Name of the weight file.'),
          trained_on: text('The pictures it was trained on.'),
          includes_top: z.boolean().meta({ description: 'Whether it has the classifier too.' }),
          license: text('License of the weights.'),
          url: text('Where it was published.'),
        }),
      )
      .meta({ description: 'Published weights.' }),
  })
  .meta({ id: 'Architecture', description: 'A network that can be trained and planned.' });
/** One entry of {@link ArchitectureListSchema}. */
export type WireArchitecture = z.infer<typeof ArchitectureSchema>;

/** The answer of `GET /v1/architectures`. */
export const ArchitectureListSchema = z
  .object(listOf(ArchitectureSchema, 'Roughly from the smallest to the largest.'))
  .meta({ id: 'ArchitectureList', description: 'All architectures.' });

/**
 * Describes an architecture for clients. Parameters are counted with its default input and {@link
 * DEFAULT_PLAN_CLASSES} classes.
 */
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
