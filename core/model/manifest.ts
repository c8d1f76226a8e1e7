// What a stored model says of itself. Written last, so that a version exists exactly when its manifest does.

import { z } from 'zod';

/** Raised when a reader of the previous version could no longer serve a model. */
export const MANIFEST_FORMAT_VERSION = 1;

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

export const ManifestSchema = z.object({
  formatVersion: z.literal(MANIFEST_FORMAT_VERSION),
  model: z.string(),
  version: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  jobId: z.string(),
  architecture: z.string(),
  dataset: z.string(),
  /** Index i of the output is labels[i]. */
  labels: z.array(z.string()).min(1),
  input: ModelInputSchema,
  onnx: FileSchema.extend({
    /** float32 `[batch, height, width, channels]`. */
    inputName: z.string(),
    /** Softmax probabilities, float32 `[batch, classes]`. */
    outputName: z.string(),
  }),
  metrics: z.object({ testAccuracy: z.number().nullable(), testCount: z.number().int() }),
});
export type Manifest = z.infer<typeof ManifestSchema>;
