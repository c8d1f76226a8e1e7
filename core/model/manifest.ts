// What a stored model says of itself. Written last, so that a version exists exactly when its manifest does.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';

const FileSchema = z.object({ file: z.string(), sizeBytes: z.number().int(), sha256: z.string() });

/** The input contract of a model: everything that turns bytes into the network's input. */
export const ModelInputSchema = z.object({
  height: z.number().int().positive(),
  width: z.number().int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  preprocessing: z.enum(['tf', 'torch', 'caffe', 'unit', 'none']),
  /** How the picture is brought to height × width. */
  resize: z.enum(['stretch', 'cover', 'contain']),
});
export type ModelInput = z.infer<typeof ModelInputSchema>;

const OnnxFileSchema = FileSchema.extend({
  /** float32 `[batch, height, width, channels]`. */
  inputName: z.string(),
  /** Softmax probabilities, float32 `[batch, classes]`; of the heatmap file `[batch, rows, columns, classes]`. */
  outputName: z.string(),
});
/** An ONNX file of a version, and how it is called. */
export type OnnxFile = z.infer<typeof OnnxFileSchema>;

export const ManifestSchema = z.object({
  formatVersion: z.literal(FORMATS.manifest.version),
  model: z.string(),
  version: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  jobId: z.string(),
  architecture: z.string(),
  /** Where the layers are those of a file that a user brought: then there is neither a heatmap nor a form in fewer bits. */
  backbone: z.object({ name: z.string(), sha256: z.string() }).optional(),
  /** Null for a model that was imported as it is. */
  dataset: z.string().nullable(),
  /** Index i of the output is labels[i]. */
  labels: z.array(z.string()).min(1),
  input: ModelInputSchema,
  onnx: OnnxFileSchema,
  /** The same network for larger pictures, answering with a map; left out where there is no such form. */
  heatmap: OnnxFileSchema.optional(),
  /** What serving makes of the probabilities; left out, they are served as they are and nothing is rejected. */
  calibration: z
    .object({
      /** Divides the logits; core/evaluation/temperature.ts. */
      temperature: z.number().positive(),
      /** A picture is rejected when its largest calibrated probability is below; null where it is not known. */
      rejectionThreshold: z.number().min(0).max(1).nullable(),
    })
    .optional(),
  /** The parity certificate, whose golden pictures are checked when the model is loaded. */
  parity: FileSchema.optional(),
  /** File names of the report, for programs and for people; left out where there is none. */
  report: z.object({ file: z.string(), page: z.string() }).optional(),
  metrics: z.object({ testAccuracy: z.number().nullable(), testCount: z.number().int() }),
});
export type Manifest = z.infer<typeof ManifestSchema>;
export const MANIFEST = { ...FORMATS.manifest, schema: ManifestSchema };
