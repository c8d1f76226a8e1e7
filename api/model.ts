// A model on the wire: OpenAI's list entry, and what Fovea knows beside it.

import { z } from 'zod';
import type { Manifest } from '../core/model/manifest.ts';
import { toModelReference } from '../core/model/model-name.ts';

export const ModelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.number().int().meta({ description: 'Unix seconds; of the version described here.' }),
    owned_by: z.string(),
    version: z
      .string()
      .meta({ description: 'The version described here: the latest one, unless another was asked for.' }),
    versions: z.array(z.string()).meta({ description: 'Oldest first.' }),
    architecture: z.string().nullable(),
    dataset: z.string().nullable(),
    labels: z.array(z.string()),
    input: z
      .object({ height: z.number().int(), width: z.number().int(), channels: z.number().int() })
      .nullable(),
    size_bytes: z.number().int().nullable(),
    test_accuracy: z.number().nullable(),
    test_count: z.number().int().nullable(),
    report: z
      .string()
      .nullable()
      .meta({ description: 'Path of the report of this version; null where it has none.' }),
    problem: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Why this version cannot be used; null where it can.' }),
  })
  .meta({ id: 'Model' });
export type WireModel = z.infer<typeof ModelSchema>;

export const ModelListSchema = z
  .object({ object: z.literal('list'), data: z.array(ModelSchema) })
  .meta({ id: 'ModelList' });

const OWNED_BY = 'fovea';

export function toWireModel(manifest: Manifest, versions: readonly string[]): WireModel {
  const { height, width, channels } = manifest.input;
  return {
    id: manifest.model,
    object: 'model',
    created: manifest.createdAt,
    owned_by: OWNED_BY,
    version: manifest.version,
    versions: [...versions],
    architecture: manifest.architecture,
    dataset: manifest.dataset,
    labels: manifest.labels,
    input: { height, width, channels },
    size_bytes: manifest.onnx.sizeBytes,
    test_accuracy: manifest.metrics.testAccuracy,
    test_count: manifest.metrics.testCount,
    report:
      manifest.report === undefined
        ? null
        : `/v1/models/${encodeURIComponent(toModelReference(manifest.model, manifest.version))}/report`,
    problem: null,
  };
}

/** The entry of a model whose manifest cannot be read: it stays in the list, and says why. */
export function toBrokenWireModel(
  {
    model,
    version,
    versions,
  }: { readonly model: string; readonly version: string; readonly versions: readonly string[] },
  problem: { readonly code: string; readonly message: string },
): WireModel {
  return {
    id: model,
    object: 'model',
    created: 0,
    owned_by: OWNED_BY,
    version,
    versions: [...versions],
    architecture: null,
    dataset: null,
    labels: [],
    input: null,
    size_bytes: null,
    test_accuracy: null,
    test_count: null,
    report: null,
    problem: { code: problem.code, message: problem.message },
  };
}

export const ModelParamSchema = z.object({
  model: z.string().meta({
    description: 'The name of a model, or `<model>:<version>`.',
    example: 'fruit',
  }),
});
