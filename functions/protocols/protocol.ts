// What the protocols of other servers share: the way from a request's pictures to the predictor, keys in the places of their clients,
// and errors in their shapes. Each protocol is one file beside this one; nothing else knows their words.

import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { every } from 'hono/combine';
import { FoveaError } from '../../core/errors/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { parseModelReference } from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import type { ImageOutcome, PredictResult } from '../../core/predict/predictor.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import type { ErrorShape } from '../http/error-response.ts';
import { admitKey, BEARER_KEY, type KeyPlace, requireApiKey } from '../http/require-api-key.ts';
import { requireNamed } from '../http/require-names.ts';
import { requireScope, requireScopeFor } from '../http/require-scope.ts';
import { takeTurns } from '../http/take-turns.ts';
import { explainMissingModel } from '../routes/missing-model.ts';
import type { RouteDeps } from '../routes/route-deps.ts';

/** A protocol as the app knows it. */
export interface ServedProtocol {
  /** Whether a request is one of the protocol's, also where nothing answers it: its errors have the protocol's shape. */
  readonly isAsked: (request: { readonly method: string; readonly path: string }) => boolean;
  /** What its clients read of an error. */
  readonly errorShape: ErrorShape;
  readonly routes: (deps: RouteDeps) => Hono<AppEnv>;
}

/** The shape of errors that several servers have in common. */
export const ERROR_TEXT: ErrorShape = ({ error }) => ({ error: error.message });

/** The routes of a protocol, and the middleware that each of them begins with, but for those that hold no data. */
export interface Protocol {
  readonly routes: Hono<AppEnv>;
  readonly guard: MiddlewareHandler<AppEnv>;
  /** The same for a handler whose clients send the key in the body. */
  readonly admit: (c: Context<AppEnv>, token: string | undefined) => Promise<void>;
}

/** The beginning of a protocol: no routes yet. All of them need the scope `predict`. */
export function createProtocol({ keyRing, limitRate }: RouteDeps, keyPlace: KeyPlace = BEARER_KEY): Protocol {
  const routes = new Hono<AppEnv>();
  const keys = keyRing === undefined ? [] : [requireApiKey(keyRing.find, keyPlace), limitRate];
  return {
    routes,
    guard: every(...keys, requireScope('predict')),
    async admit(c, token) {
      if (keyRing !== undefined) {
        await admitKey(c, keyRing.find, token, keyPlace);
        await limitRate(c, async () => undefined);
      }
      requireScopeFor(c, 'predict');
    },
  };
}

/** The prediction of one picture. */
export type Answer = Extract<ImageOutcome, { ok: true }>;

/** The predictions of a request. */
export interface Answers extends Pick<PredictResult, 'model' | 'modelVersion' | 'rejectionThreshold'> {
  /** One for each picture. */
  readonly answers: readonly Answer[];
}

/** More classes than any network has: clients of protocols get the scores of all. */
const ALL_CLASSES = Number.MAX_SAFE_INTEGER;

/**
 * Predicts the pictures of a request, with the scores of all classes.
 * @param reference the model, or `model:version`.
 * @param read reads the pictures; called once it is the request's turn.
 * @throws {FoveaError} the error of the first picture that cannot be read, since these protocols have no place for it; what reading,
 *   admission and the predictor throw.
 */
export async function predictAll(
  deps: RouteDeps,
  c: Context<AppEnv>,
  reference: string,
  read: () => Promise<readonly (Uint8Array | FoveaError)[]>,
): Promise<Answers> {
  const { model, version } = parseModelReference(reference);
  requireNamed(c, { model });
  const result = await takeTurns(deps, c, model, async (turns, signal) => {
    const images = (await read()).map((content) => {
      if (content instanceof FoveaError) throw content;
      return content;
    });
    return deps.predict(c, { model, version, images, topK: ALL_CLASSES, signal, turns });
  });
  const answers = result.outcomes.map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome;
  });
  return { ...result, answers };
}

/**
 * The likeliest label of an answer.
 * @throws {FoveaError} `model-corrupt`.
 */
export function bestOf({ predictions: [best] }: Answer) {
  if (best === undefined) throw new FoveaError('model-corrupt', 'The model has no labels.');
  return best;
}

/** The scores of an answer in the order of the classes. */
export const scoresOf = ({ predictions }: Answer): number[] =>
  [...predictions].sort((a, b) => a.index - b.index).map(({ score }) => score);

/**
 * The manifest of the version that a reference names.
 * @throws {FoveaError} `key-limited`, `model-not-found`, `model-version-not-found` and what reading it throws.
 */
export async function findModel(deps: AppDeps, c: Context<AppEnv>, reference: string): Promise<Manifest> {
  const { model, version } = parseModelReference(reference);
  requireNamed(c, { model });
  const resolved = await resolveVersion(deps.store, model, version).catch(
    explainMissingModel(deps.jobs, model),
  );
  return readManifest(deps.store, model, resolved);
}

/** `model:version` of two path segments. */
export const toReference = (model: string, version: string | undefined): string =>
  version === undefined ? model : `${model}:${version}`;
