// What a stored model says of itself. Written last, so that a version exists exactly when its manifest does.

import { z } from 'zod';
import { ModelInputSchema } from '../image/model-input.ts';
import { FORMATS } from '../storage/formats.ts';

const FileSchema = z.object({
  file: z.string().describe('Name of the file beside this one.'),
  sizeBytes: z.number().int().describe('Of the stored file.'),
  sha256: z.string().describe('Of the stored file.'),
});

const OnnxFileSchema = FileSchema.extend({
  inputName: z.string().describe('Of the input: float32 `[batch, height, width, channels]`.'),
  outputName: z
    .string()
    .describe(
      'Of the output: softmax probabilities, float32 `[batch, classes]`; of the heatmap file `[batch, rows, columns, classes]`.',
    ),
});
/** An ONNX file of a version, and how it is called. */
export type OnnxFile = z.infer<typeof OnnxFileSchema>;

export const ManifestSchema = z.object({
  formatVersion: z.literal(FORMATS.manifest.version).describe('Of the stored manifest.'),
  model: z.string().describe('Name of the model.'),
  version: z.string().describe('Version of the model.'),
  createdAt: z.number().int().describe('Unix seconds.'),
  jobId: z.string().describe('The job that made it.'),
  architecture: z.string().describe('The network.'),
  backbone: z
    .object({
      name: z.string().describe('Of the backbone.'),
      sha256: z.string().describe('Of its file.'),
    })
    .optional()
    .describe(
      'Where the layers are those of a file that a user brought: then there is neither a heatmap nor a form in fewer bits.',
    ),
  dataset: z.string().nullable().describe('Null for a model that was imported as it is.'),
  labels: z.array(z.string()).min(1).describe('Index i of the output is labels[i].'),
  input: ModelInputSchema.describe('What the network takes.'),
  onnx: OnnxFileSchema.describe('The model.'),
  heatmap: OnnxFileSchema.optional().describe(
    'The same network for larger pictures, answering with a map; left out where there is no such form.',
  ),
  calibration: z
    .object({
      /** core/evaluation/temperature.ts. */
      temperature: z.number().positive().describe('Divides the logits.'),
      rejectionThreshold: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .describe(
          'A picture is rejected when its largest calibrated probability is below; null where it is not known.',
        ),
    })
    .optional()
    .describe(
      'What serving makes of the probabilities; left out, they are served as they are and nothing is rejected.',
    ),
  parity: FileSchema.optional().describe(
    'The parity certificate, whose golden pictures are checked when the model is loaded.',
  ),
  report: z
    .object({
      file: z.string().describe('For programs.'),
      page: z.string().describe('For people.'),
    })
    .optional()
    .describe('File names of the report; left out where there is none.'),
  metrics: z
    .object({
      testAccuracy: z
        .number()
        .nullable()
        .describe('Share of the test split that is right, 0 to 1; null where there is none.'),
      testCount: z.number().int().describe('Pictures of the test split.'),
    })
    .describe('What it can do.'),
});
export type Manifest = z.infer<typeof ManifestSchema>;
export const MANIFEST = { ...FORMATS.manifest, schema: ManifestSchema };
