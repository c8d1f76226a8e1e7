// A model on the wire: OpenAI's list entry, and what Fovea knows beside it.

import { z } from 'zod';
import type { Manifest } from '../core/model/manifest.ts';
import { NAME_PATTERNS, toModelReference } from '../core/model/model-name.ts';
import { count, hasMore, listOf, objectKind, text } from './quantities.ts';

const UNREADABLE = 'null where the version cannot be read';

/** A model as every route answers it, described by one of its versions. */
export const ModelSchema = z
  .object({
    id: text('Its name.'),
    object: objectKind('model'),
    created: z
      .number()
      .int()
      .meta({ description: 'When the version described here was made, in Unix seconds.' }),
    owned_by: text('A constant that OpenAI’s SDKs require.'),
    version: z
      .string()
      .meta({ description: 'The version described here: the live one, unless another was asked for.' }),
    versions: z.array(z.string()).meta({ description: 'All versions, oldest first.' }),
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
      .meta({ description: `Size of its ONNX file; ${UNREADABLE}.` }),
    test_accuracy: z
      .number()
      .nullable()
      .meta({ description: 'Accuracy on the test split, 0 to 1; null where there is no test split.' }),
    test_count: z
      .number()
      .int()
      .nullable()
      .meta({ description: `Pictures of the test split; ${UNREADABLE}.` }),
    report: z
      .string()
      .nullable()
      .meta({ description: 'Path of the report of this version; null where it has none.' }),
    model_version_status: z
      .array(
        z.object({
          version: text('A version.'),
          state: z.literal('AVAILABLE').meta({ description: 'Every version that is listed can be asked.' }),
          status: z
            .object({
              error_code: z.literal('OK').meta({ description: 'A constant.' }),
              error_message: z.literal('').meta({ description: 'A constant.' }),
            })
            .meta({ description: 'A constant.' }),
        }),
      )
      .meta({ description: 'The version described here, as clients of TensorFlow Serving ask for it.' }),
    problem: z
      .object({ code: text('A stable code.'), message: text('What is wrong, and what to do.') })
      .nullable()
      .meta({ description: 'Why this version cannot be used; null where it can.' }),
  })
  .meta({
    id: 'Model',
    description: 'A model, described by its live version or the one that was asked for.',
  });
/** A model as clients get it. */
export type WireModel = z.infer<typeof ModelSchema>;

/** The answer of `GET /v1/models`: one page, by name. */
export const ModelListSchema = z
  .object({ ...listOf(ModelSchema, 'By name.'), has_more: hasMore })
  .meta({ id: 'ModelList', description: 'One page of models.' });

const OWNED_BY = 'fovea';

/**
 * Describes a model by one of its versions.
 * @param versions all versions of the model, oldest first.
 */
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
    model_version_status: [
      { version: manifest.version, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ],
  };
}

/** The entry of a model whose manifest cannot be read. It stays in the list, with the reason. */
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
    model_version_status: [],
  };
}

/** The query parameter that chooses a version of a model. */
export const VersionSchema = z.string().optional().meta({
  description: 'A version number or an alias; by default `live`, or `latest` where no version is live.',
  pattern: NAME_PATTERNS.version,
  example: 'latest',
});

/** The path parameters of the routes of one model. */
export const ModelParamSchema = z.object({
  model: z.string().meta({
    description: 'The name of a model, or `<model>:<version>`.',
    pattern: NAME_PATTERNS.reference,
    example: 'fruit',
  }),
});
