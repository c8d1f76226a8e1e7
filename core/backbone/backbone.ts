// Imported backbones: what is stored of them, and how jobs name them. import-backbone.ts decides which files are accepted, and stores
// them in one form: from pictures in Keras's layout to one vector for each picture.

import { z } from 'zod';
import { contentHashOf } from '../content-hash.ts';
import { editDistance } from '../edit-distance.ts';
import { FoveaError } from '../errors/errors.ts';
import { InputFormatSchema, ModelInputSchema } from '../image/model-input.ts';
import { IMPORTED_PREFIX } from '../network/architectures/architectures.ts';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Longest name: `<dataset>-onnx-<name>` must fit the name of a model. */
const NAME_MAX_LENGTH = 40;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;
/** Number of names that a message suggests. */
const NAMES_SHOWN = 5;

/** The record of an imported backbone, as it is stored. */
export const BackboneSchema = z.object({
  formatVersion: InputFormatSchema,
  name: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  /** Hash of the stored file, which maps float32 `[batch, height, width, channels]` to float32 `[batch, features]`. */
  sha256: z.string(),
  sizeBytes: z.number().int(),
  input: ModelInputSchema,
  /** Length of the feature vectors. */
  features: z.number().int().positive(),
  /** The imported `.onnx` file: its hash, and the value of its graph that became the features. */
  source: z.object({ sha256: z.string(), output: z.string() }),
});
/** What is known of an imported backbone. */
export type Backbone = z.infer<typeof BackboneSchema>;
/** The stored format of backbones. */
export const BACKBONE = { ...FORMATS.backbone, schema: BackboneSchema };

/** The name in `onnx:<name>`; undefined for the name of an architecture. */
export const toBackboneName = (architecture: string): string | undefined =>
  architecture.startsWith(IMPORTED_PREFIX) ? architecture.slice(IMPORTED_PREFIX.length) : undefined;

/** The name by which jobs name an imported backbone: `onnx:<name>`. */
export const toArchitectureName = (backbone: string): string => `${IMPORTED_PREFIX}${backbone}`;

/**
 * Checks the name of a backbone, which is untrusted input.
 * @param param the field of the request that the error names.
 * @throws {FoveaError} `backbone-name-invalid`.
 */
export function parseBackboneName(value: string, param = 'name'): string {
  if (NAME.test(value)) return value;
  throw new FoveaError(
    'backbone-name-invalid',
    `${JSON.stringify(value.slice(0, 80))} cannot be the name of a backbone: it must be 1 to ${NAME_MAX_LENGTH} characters of ` +
      'A-Z, a-z, 0-9, ".", "_" and "-", starting with a letter or a digit.',
    { param },
  );
}

/**
 * Reads the record of a backbone.
 * @throws {FoveaError} `backbone-name-invalid`; `backbone-not-found`, naming similar ones.
 */
export async function readBackbone(store: ObjectStore, name: string, param = 'model'): Promise<Backbone> {
  const found = await readJson(store, keys.backbone(parseBackboneName(name, param)), BACKBONE);
  if (found !== undefined) return found.value;
  const names: string[] = [];
  for await (const known of store.listFolders(keys.backbones())) names.push(known);
  const near = names.toSorted((a, b) => editDistance(name, a) - editDistance(name, b)).slice(0, NAMES_SHOWN);
  throw new FoveaError(
    'backbone-not-found',
    `There is no imported backbone "${name}". ` +
      (near.length === 0
        ? 'There are none yet'
        : `There are, the most similar first: ${near.map((known) => `"${known}"`).join(', ')}`) +
      '. "fovea import-backbone" makes one of an .onnx file.',
    { param, details: { received: name, similar: near } },
  );
}

/**
 * Reads the `.onnx` file of a backbone and checks its hash.
 * @throws {FoveaError} `backbone-corrupt`.
 */
export async function loadBackboneFile(
  store: ObjectStore,
  { name, sha256 }: Backbone,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const key = keys.backboneFile(name, sha256);
  const stored = await store.get(key, options);
  if (stored !== undefined && contentHashOf(stored.body) === sha256) return stored.body;
  throw new FoveaError(
    'backbone-corrupt',
    `The backbone file "${key}" cannot be used: ${stored === undefined ? 'it is missing' : 'its sha256 is not the one in its name'}. ` +
      `Restore it from a copy, or delete "${keys.backbone(name)}" and import the backbone again.`,
    { param: 'model', details: { key } },
  );
}
