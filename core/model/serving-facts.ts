// What the `.onnx` file of a model says of how it is served, so that the file alone can be imported again: one text of JSON in the file's
// metadata, which other programs leave alone. The one place that writes and reads it.

import { z } from 'zod';
import { withMetadata } from '../network/onnx/onnx-schema.ts';
import { type Manifest, ManifestSchema } from './manifest.ts';

/** The facts of a manifest without which a file's answers are not those of the model. */
export type ServingFacts = Pick<Manifest, 'labels' | 'input' | 'calibration'>;

/** The name of the text in the metadata. */
const METADATA_KEY = 'fovea';

const FactsSchema = ManifestSchema.pick({ labels: true, input: true, calibration: true }).extend({
  format: z.literal(1),
});

/** Writes facts into an `.onnx` file that has none. */
export const withServingFacts = (
  onnx: Uint8Array,
  { labels, input, calibration }: ServingFacts,
): Uint8Array =>
  withMetadata(onnx, [
    { key: METADATA_KEY, value: JSON.stringify({ format: 1, labels, input, calibration }) },
  ]);

/** Reads the facts out of a file's metadata, which is untrusted; undefined where there are none, or they are of a format that is not known. */
export function readServingFacts(metadata: ReadonlyMap<string, string>): ServingFacts | undefined {
  const text = metadata.get(METADATA_KEY);
  if (text === undefined) return undefined;
  try {
    return FactsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
