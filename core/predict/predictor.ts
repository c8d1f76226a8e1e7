// From picture bytes to ranked labels: resolves the version, keeps sessions loaded, runs pictures in batches, and says
// where the time went. Knows no HTTP.

import { availableParallelism } from 'node:os';
import { FoveaError } from '../errors.ts';
import type { DecodedImage } from '../image/decode-image.ts';
import { decodeForInput, inputLength, toNetworkInput } from '../image/decode-to-input.ts';
import type { ModelInput } from '../model/manifest.ts';
import { MANIFEST_FILE, readManifest } from '../model/read-manifest.ts';
import { resolveVersion } from '../model/versions.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { createGate, type Gate } from './gate.ts';
import { loadModelSession, type ModelSession } from './model-session.ts';
import { createSessionCache } from './session-cache.ts';
import { type LabelScore, topK } from './top-k.ts';

export interface PredictRequest {
  readonly model: string;
  /** A version number or an alias; `latest` where left out. */
  readonly version?: string | undefined;
  /** Encoded pictures; at least one. */
  readonly images: readonly Uint8Array[];
  /** How many labels to give a picture, at least 1. */
  readonly topK: number;
}

/** What became of one picture. */
export type ImageOutcome =
  | { readonly ok: true; readonly predictions: readonly LabelScore[] }
  | { readonly ok: false; readonly error: FoveaError };

/** Milliseconds. `decode` sums over the pictures, which overlap; `total` is what the caller waited. */
export interface PredictTiming {
  /** Reading the model and building its session; near 0 where it was in memory. */
  readonly load: number;
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  readonly total: number;
}

export interface PredictResult {
  readonly model: string;
  readonly modelVersion: string;
  /** One for each picture, in their order. */
  readonly outcomes: readonly ImageOutcome[];
  readonly timingMs: PredictTiming;
}

export interface Predictor {
  /**
   * Predicts every picture; one that cannot be read has its own error and does not disturb the others.
   * @throws {FoveaError} `model-not-found`, `model-version-not-found`, `model-corrupt`, `model-format-newer`.
   */
  predict(request: PredictRequest): Promise<PredictResult>;
  /** Releases all sessions as soon as nobody uses them. */
  close(): void;
}

export interface PredictorDeps {
  readonly store: ObjectStore;
  /** Threads of one session; all cores by default. */
  readonly threads?: number;
  /** Bytes of ONNX files that may stay loaded. ONNX Runtime's own memory is about twice that. */
  readonly maxCachedBytes?: number;
  /** Told of a session whose native memory could not be freed. */
  readonly onReleaseError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;
/** Holds every network of the zoo at once, and stays well inside a function of 2 GB. */
const DEFAULT_MAX_CACHED_BYTES = 512 * MIB;
/** Pictures decoded and run together: bounds memory (16 × 299² × 3 floats = 17 MB); larger batches gain nothing on CPUs. */
const BATCH_SIZE = 16;

/** A {@link Predictor} over the models of a store. */
export function createPredictor(deps: PredictorDeps): Predictor {
  const { store, threads = availableParallelism(), maxCachedBytes = DEFAULT_MAX_CACHED_BYTES } = deps;
  const { onReleaseError = () => undefined } = deps;
  // One picture may take half a gigabyte while it is decoded, so requests take turns.
  const decodeGate = createGate(availableParallelism());
  const sessions = createSessionCache<ModelSession>({ maxBytes: maxCachedBytes, onReleaseError });

  /** Names the session of a version by the manifest's etag: a model deleted and made again is another session. */
  async function sessionKey(model: string, version: string): Promise<string> {
    const manifestKey = keys.modelFile(model, version, MANIFEST_FILE);
    const info = await store.head(manifestKey);
    return `${manifestKey}@${info?.etag ?? ''}`;
  }

  return {
    async predict({ model, version: wanted, images, topK: k }) {
      const started = performance.now();
      const version = await resolveVersion(store, model, wanted);
      const load = async () =>
        loadModelSession(store, await readManifest(store, model, version), { threads });
      return sessions.withValue(await sessionKey(model, version), load, async (session) => {
        const loaded = performance.now();
        const timing = { decode: 0, preprocess: 0, infer: 0 };
        const outcomes: ImageOutcome[] = [];
        for (let start = 0; start < images.length; start += BATCH_SIZE) {
          outcomes.push(
            ...(await predictBatch(session, images.slice(start, start + BATCH_SIZE), {
              k,
              decodeGate,
              timing,
            })),
          );
        }
        const total = performance.now() - started;
        return {
          model,
          modelVersion: version,
          outcomes,
          timingMs: { load: loaded - started, ...timing, total },
        };
      });
    },
    close: () => sessions.clear(),
  };
}

interface MutableTiming {
  decode: number;
  preprocess: number;
  infer: number;
}

async function predictBatch(
  session: ModelSession,
  images: readonly Uint8Array[],
  {
    k,
    decodeGate,
    timing,
  }: { readonly k: number; readonly decodeGate: Gate; readonly timing: MutableTiming },
): Promise<ImageOutcome[]> {
  const { input, labels } = session.manifest;
  const decoded = await Promise.all(
    images.map((image) =>
      decodeGate(async () => {
        const started = performance.now();
        const result = await decodeOrExplain(image, input);
        timing.decode += performance.now() - started;
        return result;
      }),
    ),
  );
  const readable = decoded.filter((image): image is DecodedImage => !(image instanceof FoveaError));
  const preprocessStarted = performance.now();
  const batch = toBatch(readable, input);
  const inferStarted = performance.now();
  const probabilities = readable.length === 0 ? batch : await session.run(batch, readable.length);
  timing.preprocess += inferStarted - preprocessStarted;
  timing.infer += performance.now() - inferStarted;

  let row = 0;
  return decoded.map((image) => {
    if (image instanceof FoveaError) return { ok: false, error: image };
    const scores = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
    row += 1;
    return { ok: true, predictions: topK(scores, labels, k) };
  });
}

/** A picture that cannot be read is an answer; anything else that goes wrong is not, and throws. */
async function decodeOrExplain(image: Uint8Array, input: ModelInput): Promise<DecodedImage | FoveaError> {
  try {
    return await decodeForInput(image, input);
  } catch (error) {
    if (error instanceof FoveaError) return error;
    throw error;
  }
}

/** Pictures side by side, float32 `[batch, height, width, channels]`. */
function toBatch(images: readonly DecodedImage[], input: ModelInput): Float32Array {
  const pictureLength = inputLength(input);
  const batch = new Float32Array(images.length * pictureLength);
  images.forEach((image, index) => {
    toNetworkInput(image, input, batch, index * pictureLength);
  });
  return batch;
}
