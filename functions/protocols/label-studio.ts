// A model as the backend of Label Studio: it asks for pre-labels of tasks, and orders tasks by their scores. What people label comes back by an
// export, not by its webhooks.

import type { Context } from 'hono';
import { z } from 'zod';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { toModelReference } from '../../core/model/model-name.ts';
import { listVersions } from '../../core/model/versions.ts';
import type { ImageOutcome } from '../../core/predict/predictor.ts';
import { keys } from '../../core/storage/keys.ts';
import type { AppEnv } from '../deps/deps.ts';
import { requireObjects, requirePicturesOf, uploadsAndObjects } from '../http/named-objects.ts';
import { readBody } from '../http/read-body.ts';
import { assertCount } from '../http/read-images.ts';
import { parseJsonBody } from '../http/read-json.ts';
import { DATASET_FILES, readUploads } from '../http/read-uploads.ts';
import { readUrls } from '../http/read-urls.ts';
import { BEARER_KEY, type KeyPlace } from '../http/require-api-key.ts';
import { takeTurns } from '../http/take-turns.ts';
import type { RouteDeps } from '../routes/route-deps.ts';
import { type ChoicesConfig, readLabelConfig } from './label-config.ts';
import { createProtocol, findModel, type ServedProtocol } from './protocol.ts';

const BASIC = /^basic +(?<credentials>[A-Za-z0-9+/=]+) *$/i;
/** Label Studio sends user and password that are typed into the connection of the model; any user will do. */
const KEY_PLACE: KeyPlace = {
  read(c) {
    const { credentials } = BASIC.exec(c.req.header('authorization') ?? '')?.groups ?? {};
    if (credentials === undefined) return BEARER_KEY.read(c);
    const text = Buffer.from(credentials, 'base64').toString();
    return text.slice(text.indexOf(':') + 1);
  },
  advice: 'connect the model with "Basic Auth", any user and the API key as the password',
  param: 'Authorization',
};

/** An old server sends the configuration as `schema` only when it connects. */
const SetupSchema = z.object({ schema: z.string() });
const PredictSchema = z.object({
  tasks: z.array(z.object({ data: z.record(z.string(), z.unknown()) })).min(1),
  label_config: z.string(),
});

type Content = Uint8Array | FoveaError;
/** All classes, as the choices may leave out the likeliest ones. */
const ALL_CLASSES = Number.MAX_SAFE_INTEGER;
const CONTENT_PATH = /^\/v1\/datasets\/([^/]+)\/files\/content$/;

/** Everything below `/label-studio`. */
export const LABEL_STUDIO: ServedProtocol = {
  isAsked: ({ path }) => /^\/label-studio(?:\/|$)/.test(path),
  errorShape: ({ error }) => ({ error: error.message, code: error.code }),
  routes: labelStudioRoutes,
};

/** The routes of the protocol. */
function labelStudioRoutes(deps: RouteDeps) {
  const { store, limits, predict } = deps;
  const { routes, guard } = createProtocol(deps, KEY_PLACE);
  const referenceOf = (c: Context<AppEnv>) => c.req.param('model') ?? '';

  routes.get('/label-studio/:model/health', guard, (c) => c.json({ status: 'UP', model_class: 'Fovea' }));

  routes.post('/label-studio/:model/setup', guard, async (c) => {
    const { schema } = parseJsonBody(await readBody(c, limits.jsonBodyBytes), SetupSchema);
    const manifest = await findModel(deps, c, referenceOf(c));
    requireCommonLabel(manifest, readLabelConfig(schema, 'schema'));
    return c.json({ model_version: toModelReference(manifest.model, manifest.version) });
  });

  routes.on(['GET', 'POST'], '/label-studio/:model/versions', guard, async (c) => {
    const { model } = await findModel(deps, c, referenceOf(c));
    const versions = (await listVersions(store, model)).toReversed();
    return c.json({ versions: versions.map((version) => toModelReference(model, version)) });
  });

  routes.post('/label-studio/:model/predict', guard, async (c) => {
    const { model, version } = await findModel(deps, c, referenceOf(c));
    const { config, contents, result } = await takeTurns(deps, c, model, async (turns, signal) => {
      const body = parseJsonBody(await readBody(c, limits.predictBodyBytes), PredictSchema);
      assertCount(body.tasks.length, limits);
      const config = readLabelConfig(body.label_config, 'label_config');
      const named = body.tasks.map(({ data }) => data[config.field]);
      const contents = await readPictures(deps, c, named, signal);
      const images = contents.filter((content) => content instanceof Uint8Array);
      const result = await predict(c, { model, version, images, topK: ALL_CLASSES, signal, turns });
      return { config, contents, result };
    });
    const model_version = toModelReference(result.model, result.modelVersion);
    let next = 0;
    const results = contents.map((content) => {
      const outcome: ImageOutcome | undefined =
        content instanceof FoveaError ? { ok: false, error: content } : result.outcomes[next++];
      return { ...toResult(config, outcome), model_version };
    });
    return c.json({ results, model_version });
  });

  // A model learns by jobs: what people label is not taken from here.
  for (const call of ['webhook', 'train'])
    routes.post(`/label-studio/:model/${call}`, guard, async (c) => {
      await readBody(c, limits.jsonBodyBytes);
      return c.json({ status: 'ignored' });
    });
  return routes;
}

/** @throws {FoveaError} `request-invalid` where nothing that the model says is a choice. */
function requireCommonLabel({ model, labels }: Manifest, { choices }: ChoicesConfig): void {
  if (choices.size === 0 || labels.some((label) => choices.has(label))) return;
  const some = (names: readonly string[]) =>
    names
      .slice(0, 10)
      .map((name) => JSON.stringify(name))
      .join(', ');
  throw new FoveaError(
    'request-invalid',
    `No label of model "${model}" (${some(labels)}) is a choice of the project (${some([...choices.keys()])}). ` +
      'Give a choice the name of a label, as its value or its alias.',
    { param: 'schema' },
  );
}

/** The likeliest label that is a choice. Label Studio orders by `score`, the least sure first. */
function toResult({ fromName, toName, choices }: ChoicesConfig, outcome: ImageOutcome | undefined) {
  if (outcome?.ok !== true) {
    const { code, message } = outcome?.error ?? {};
    return { result: [], score: 0, error: { code, message } };
  }
  const best = outcome.predictions.find(({ label }) => choices.size === 0 || choices.has(label));
  if (best === undefined) return { result: [], score: 0 };
  const { label, score } = best;
  const value = { choices: [choices.get(label) ?? label] };
  return { result: [{ from_name: fromName, to_name: toName, type: 'choices', value, score }], score };
}

/** Where a task's picture is. */
type Place =
  | { readonly kind: 'bytes'; readonly content: Content }
  | { readonly kind: 'dataset' | 'object' | 'url'; readonly name: string };

/** The pictures of tasks, or an error in their places. @throws {FoveaError} `scope-missing`, `key-limited`; of limits and memory. */
async function readPictures(
  { store, limits, fetchPicture }: RouteDeps,
  c: Context<AppEnv>,
  named: readonly unknown[],
  signal: AbortSignal,
): Promise<Content[]> {
  const places = named.map((name, index) => toPlace(c, name, `tasks.${index}`, limits.uploadBytes));
  const contents: Content[] = places.map((place) =>
    place.kind === 'bytes' ? place.content : new FoveaError('image-empty', 'The picture was not read.'),
  );
  const reading = { ...limits, share: c.get('bodyTerms').share };
  const read = async (
    kind: Exclude<Place['kind'], 'bytes'>,
    readAll: (names: readonly string[], params: (index: number) => string) => Promise<readonly Content[]>,
  ) => {
    const found = places.flatMap((place, index) =>
      place.kind === kind ? [{ index, name: place.name }] : [],
    );
    if (found.length === 0) return;
    const got = await readAll(
      found.map(({ name }) => name),
      (index) => `tasks.${found[index]?.index}`,
    );
    for (const [at, { index }] of found.entries()) contents[index] = got[at] as Content;
  };
  await read('dataset', (names, params) => {
    for (const name of names) requirePicturesOf(c, name.split('/')[0]);
    return readUploads(store, names, reading, params, DATASET_FILES);
  });
  await read('object', (names, params) => {
    requireObjects(c, store.url, names);
    return readUploads(store, names, reading, params, uploadsAndObjects(store.url));
  });
  await read('url', (names, params) =>
    readUrls(fetchPicture, names, reading, params, signal).catch((error: unknown) => {
      // Where nothing is fetched, that is an error of these pictures alone.
      if (isFoveaError(error, 'image-url-refused')) return names.map(() => error);
      throw error;
    }),
  );
  return contents;
}

function toPlace(c: Context<AppEnv>, name: unknown, param: string, limitBytes: number): Place {
  if (typeof name !== 'string')
    return { kind: 'bytes', content: unknownPlace(String(JSON.stringify(name)), param) };
  if (/^\s*data:/i.test(name)) return { kind: 'bytes', content: decodeBase64(name, param, limitBytes) };
  if (name.startsWith(keys.datasets())) return { kind: 'dataset', name: name.slice(keys.datasets().length) };
  if (name.startsWith('s3://') || name.startsWith(keys.uploads())) return { kind: 'object', name };
  if (!/^https?:\/\//i.test(name))
    return { kind: 'bytes', content: unknownPlace(JSON.stringify(name), param) };
  // What is in the own store is not fetched.
  const own = toOwnPicture(name, c.get('publicOrigin'));
  return own === undefined ? { kind: 'url', name } : { kind: 'dataset', name: own };
}

/** The place in a dataset of an address of this server; undefined for other addresses. */
function toOwnPicture(address: string, origin: string | undefined): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const [, dataset = ''] = CONTENT_PATH.exec(url.pathname) ?? [];
  const path = url.searchParams.get('path');
  if (url.origin !== origin || dataset === '' || path === null) return undefined;
  // As a value of a query it is decoded without an error.
  return `${new URLSearchParams(`name=${dataset.replaceAll('+', '%2B')}`).get('name')}/${path}`;
}

const SHOWN_CHARACTERS = 200;
const unknownPlace = (shown: string, param: string) =>
  new FoveaError(
    'image-key-invalid',
    `${shown.slice(0, SHOWN_CHARACTERS)} is no place of a picture: tasks have a data URL, an https address, "datasets/<dataset>/<class>/<file>", ` +
      'the key of an upload, or s3:// in the own bucket. Files that were uploaded to Label Studio itself are not read.',
    { param },
  );
