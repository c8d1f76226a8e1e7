// A model on the wire: OpenAI's list entry, and what Fovea knows beside it.

import { z } from 'zod';
import type { Manifest } from '../core/model/manifest.ts';
import { NAME_PATTERNS, toModelReference } from '../core/model/model-name.ts';
import { count, hasMore, listOf, objectKind, text } from './quantities.ts';

const UNREADABLE = 'null where the version cannot be read';

export const ModelSchema = z
  .object({
    id: text('Its name.'),
    object: objectKind('model'),
    created: z.number().int().meta({ description: 'Unix seconds; of the version described here.' }),
    owned_by: text('Always the same; OpenAI’s SDKs require it.'),
    version: z
      .string()
      .meta({ description: 'The version described here: the latest one, unless another was asked for.' }),
    versions: z.array(z.string()).meta({ description: 'Oldest first.' }),
    architecture: z
      .string()
      .nullable()
      .meta({ description: `The network; ${UNREADABLE}.` }),
    dataset: z
      .string()
      .nullable()
      .meta({ description: `What it was trained on; null where it was imported, and ${UNREADABLE}.` }),
    labels: z.array(z.string()).meta({ description: 'The classes; empty where it cannot be read.' }),
    input: z
      .object({
        height: count('Pixels.'),
        width: count('Pixels.'),
        channels: count('1: gray. 3: red, green, blue.'),
      })
      .nullable()
      .meta({ description: `What the network takes; ${UNREADABLE}.` }),
    size_bytes: z
      .number()
      .int()
      .nullable()
      .meta({ description: `Of its ONNX file; ${UNREADABLE}.` }),
    test_accuracy: z
      .number()
      .nullable()
      .meta({ description: 'Share of the test split that is right, 0 to 1; null where there is none.' }),
    test_count: z
      .number()
      .int()
      .nullable()
      .meta({ description: `Pictures of the test split; ${UNREADABLE}.` }),
    report: z
      .string()
      .nullable()
      .meta({ description: 'Path of the report of this version; null where it has none.' }),
    problem: z
      .object({ code: text('Stable.'), message: text('What is wrong, and what to do.') })
      .nullable()
      .meta({ description: 'Why this version cannot be used; null where it can.' }),
  })
  .meta({ id: 'Model', description: 'A model, as its latest version or the one that was asked for.' });
export type WireModel = z.infer<typeof ModelSchema>;

export const ModelListSchema = z
  .object({ ...listOf(ModelSchema, 'By name.'), has_more: hasMore })
  .meta({ id: 'ModelList', description: 'One page of models.' });

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

/** Which version is meant; in a query string. */
export const VersionSchema = z.string().optional().meta({
  description: 'A version number or an alias; `latest` by default.',
  pattern: NAME_PATTERNS.version,
  example: 'latest',
});

export const ModelParamSchema = z.object({
  model: z.string().meta({
    description: 'The name of a model, or `<model>:<version>`.',
    pattern: NAME_PATTERNS.reference,
    example: 'fruit',
  }),
});
