// The manifest of a model version. It is written last, so that a version exists exactly when its manifest does.

import { z } from 'zod';
import { InputFormatSchema, ModelInputSchema } from '../image/model-input.ts';
import { FORMATS } from '../storage/formats.ts';

const FileSchema = z.object({
  file: z.string().describe('Name of the file beside this one.'),
  sizeBytes: z.number().int().describe('Size of the stored file.'),
  sha256: z.string().describe('Hash of the stored file, in hexadecimal.'),
});

const OnnxFileSchema = FileSchema.extend({
  inputName: z.string().describe('Name of the input, which is float32 `[batch, height, width, channels]`.'),
  outputName: z
    .string()
    .describe(
      'Name of the output: softmax probabilities, float32 `[batch, classes]`; in the heatmap file `[batch, rows, columns, classes]`.',
    ),
});
const Int8FileSchema = OnnxFileSchema.extend({
  isEquivalent: z
    .boolean()
    .describe(
      'Whether its answers are as good as those of the model itself, by the rule of servers that choose by themselves.',
    ),
});
/** An ONNX file of a version, and the names of its input and output. */
export type OnnxFile = z.infer<typeof OnnxFileSchema>;

/** Name of the served model's file. */
export const ONNX_FILE = 'model.onnx';

/** The manifest as it is stored. */
export const ManifestSchema = z.object({
  formatVersion: InputFormatSchema.describe('Number of the format of the stored manifest.'),
  model: z.string().describe('Name of the model.'),
  version: z.string().describe('Version of the model.'),
  createdAt: z.number().int().describe('When it was made, in Unix seconds.'),
  jobId: z.string().describe('The job that made it.'),
  architecture: z.string().describe('The network.'),
  backbone: z
    .object({
      name: z.string().describe('Name of the backbone.'),
      sha256: z.string().describe('Hash of its file.'),
    })
    .optional()
    .describe(
      'The imported backbone on which the model is built. Such a model has neither heatmaps nor reduced-precision variants.',
    ),
  dataset: z.string().nullable().describe('Name of the dataset; null for a model that was imported.'),
  labels: z.array(z.string()).min(1).describe('Index i of the output is labels[i].'),
  input: ModelInputSchema.describe('What the network takes.'),
  onnx: OnnxFileSchema.describe('The model.'),
  int8: Int8FileSchema.optional().describe(
    'The same model in 8-bit integers, which a server may serve instead; absent where there is none.',
  ),
  heatmap: OnnxFileSchema.optional().describe(
    'The same network in fully convolutional form, for heatmaps; absent where there is no such form.',
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
          'A picture is rejected when its largest calibrated probability is below this; null where there is no threshold.',
        ),
    })
    .optional()
    .describe(
      'How probabilities are calibrated in serving. Where it is absent, they are served unchanged and nothing is rejected.',
    ),
  parity: FileSchema.optional().describe(
    'The parity certificate, whose golden pictures are checked when the model is loaded.',
  ),
  pictureIndex: z
    .object({
      file: z
        .string()
        .describe(
          'Name of the file beside this one. It is not downloaded: it names pictures of the dataset.',
        ),
      featureName: z
        .string()
        .describe('Name of the value inside the model that is the feature of a picture.'),
    })
    .optional()
    .describe(
      'The features of training pictures, by which predictions are explained; absent where there are none.',
    ),
  report: z
    .object({
      file: z.string().describe('Name of the report for programs.'),
      page: z.string().describe('Name of the report for people.'),
    })
    .optional()
    .describe('Files of the report; absent where there is none.'),
  metrics: z
    .object({
      testAccuracy: z
        .number()
        .nullable()
        .describe('Accuracy on the test split, 0 to 1; null where there is no test split.'),
      testCount: z.number().int().describe('Number of pictures in the test split.'),
    })
    .describe('Metrics of the model.'),
});
/** What a version is made of, how its input is prepared and what it can do. */
export type Manifest = z.infer<typeof ManifestSchema>;
/** The stored format of manifests. */
export const MANIFEST = { ...FORMATS.manifest, schema: ManifestSchema };
