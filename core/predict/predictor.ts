// Predicts the labels of pictures: resolves the version, keeps sessions loaded, runs pictures in batches, and measures where the time
// goes. Knows no HTTP.

import { availableParallelism } from 'node:os';
import pLimit, { type LimitFunction } from 'p-limit';
import { FoveaError } from '../errors/errors.ts';
import { scaleByTemperature } from '../evaluation/temperature.ts';
import type { DecodedImage } from '../image/decode-image.ts';
import { decodeForInput, inputLength, toNetworkInput } from '../image/decode-to-input.ts';
import type { ModelInput } from '../image/model-input.ts';
import type { Manifest } from '../model/manifest.ts';
import { MANIFEST_FILE, readManifest } from '../model/read-manifest.ts';
import { resolveVersion } from '../model/versions.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { calibrationOf } from './calibration-of.ts';
import { checkParity } from './check-parity.ts';
import { drawHeatmap } from './draw-heatmap.ts';
import { computeHeatmap, findClass, type Heatmap, heatmapFileOf } from './heatmap.ts';
import { loadModelSession, type ModelSession } from './model-session.ts';
import { type OpenOnnxSession, openOnnxSession } from './onnx-session.ts';
import { createSessionCache } from './session-cache.ts';
import { type LabelScore, topK } from './top-k.ts';

/** Which pictures to predict, with which model. */
export interface PredictRequest {
  readonly model: string;
  /** A version number or an alias. Default: `latest`. */
  readonly version?: string | undefined;
  /** Encoded pictures. Without any, the answer has only the model's version. */
  readonly images: readonly Uint8Array[];
  /** Number of labels for each picture, at least 1. */
  readonly topK: number;
  /** Asks for a heatmap of one class over every picture. */
  readonly heatmap?: HeatmapRequest | undefined;
  /** Ends the prediction, e.g. where the client has gone: pictures that wait for their turn are not decoded. */
  readonly signal?: AbortSignal | undefined;
}

/** Which heatmap to compute for every picture. */
export interface HeatmapRequest {
  /** A label, the index of a class, or `top` for the likeliest class of each picture. */
  readonly label: string;
  /** Factor from the network's input size to that of the enlarged picture, at least 1; see {@link computeHeatmap}. */
  readonly scale: number;
  /** Whether the map is also drawn over the picture. */
  readonly draws?: boolean;
}

/** The {@link HeatmapRequest.label} that means the likeliest class. */
export const TOP_CLASS = 'top';

/** The prediction for one picture, or why there is none. */
export type ImageOutcome =
  | {
      readonly ok: true;
      /** The likeliest labels, best first, with calibrated scores. */
      readonly predictions: readonly LabelScore[];
      /** Whether the best score is below the model's threshold: the picture may show none of its classes. */
      readonly isRejected: boolean;
      /** Present where the request asks for it, and `png` where it asks for a drawing. */
      readonly heatmap?: Heatmap & { readonly png?: Uint8Array };
    }
  | { readonly ok: false; readonly error: FoveaError };

/** Where the time went, in milliseconds. `decode` is the sum over all pictures, which are decoded in parallel, so it can exceed `total`; `total` is what the caller waited. */
export interface PredictTiming {
  /** Reading the model and building its session; near 0 where it was in memory. */
  readonly load: number;
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  /** Loading, decoding and computing for heatmaps, all together; absent where none was asked for. */
  readonly heatmap?: number;
  readonly total: number;
}

/** The outcome of every picture. */
export interface PredictResult {
  readonly model: string;
  readonly modelVersion: string;
  /** Scores below it are rejected; null where the model has no threshold. */
  readonly rejectionThreshold: number | null;
  /** One for each picture, in their order. */
  readonly outcomes: readonly ImageOutcome[];
  readonly timingMs: PredictTiming;
}

/** Predicts with the models of a store. */
export interface Predictor {
  /**
   * Predicts every picture. One that cannot be read has its own error and does not disturb the others.
   * @throws {FoveaError} `model-not-found`, `model-version-not-found`, `model-corrupt`, `model-parity-failed`, `format-newer`; for
   *   heatmaps `heatmap-unavailable`, `heatmap-too-large`, `label-unknown`. Also the reason of an aborted signal.
   */
  predict(request: PredictRequest): Promise<PredictResult>;
  /** Releases all sessions as soon as they are not in use, also those that are still being loaded. */
  close(): void;
}

/** The store, and how sessions are opened and cached. */
export interface PredictorDeps {
  readonly store: ObjectStore;
  /** Opens sessions. Default: on the calling thread. */
  readonly openSession?: OpenOnnxSession;
  /** Threads of one session. Default: all cores. */
  readonly threads?: number;
  /**
   * Bytes of ONNX files that may stay loaded, with 8 MiB added for each, so that thousands of small models exhaust neither memory nor
   * file handles. ONNX Runtime itself takes about twice as much memory.
   */
  readonly maxCachedBytes?: number;
  /** Is told of a session whose native memory could not be freed. */
  readonly onReleaseError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;
/** Enough for most networks of the zoo at once, and well within a function of 2 GB. */
const DEFAULT_MAX_CACHED_BYTES = 512 * MIB;
/** Pictures that are decoded and run together. It limits memory (16 × 299² × 3 floats are 17 MB); larger batches gain nothing on CPUs. */
const BATCH_SIZE = 16;

/** Makes a predictor over the models of a store. Nothing is loaded before it is needed. */
export function createPredictor(deps: PredictorDeps): Predictor {
  const { store, threads = availableParallelism(), maxCachedBytes = DEFAULT_MAX_CACHED_BYTES } = deps;
  const { openSession: open = openOnnxSession, onReleaseError = () => undefined } = deps;
  // A picture may take half a gigabyte while it is decoded, so requests take turns.
  const decodeLimit = pLimit(availableParallelism());
  // A heatmap takes many times the memory of a prediction.
  const heatmapLimit = pLimit(1);
  const sessions = createSessionCache<ModelSession>({ maxBytes: maxCachedBytes, onReleaseError });

  /** The cache key of a version's session. It has the manifest's etag: a model that was deleted and made again has another session. */
  async function sessionKey(model: string, version: string): Promise<string> {
    const manifestKey = keys.modelFile(model, version, MANIFEST_FILE);
    const info = await store.head(manifestKey);
    // Where it was deleted meanwhile, reading it says so.
    return info === undefined ? manifestKey : `${manifestKey}@${info.etag}`;
  }

  /** Checks the request before anything runs, and gives the function that adds heatmaps to outcomes. */
  function prepareHeatmaps(key: string, manifest: Manifest, request: HeatmapRequest, signal?: AbortSignal) {
    const { label, scale, draws = false } = request;
    const file = heatmapFileOf(manifest, scale);
    const wanted = label === TOP_CLASS ? undefined : findClass(manifest, label);
    const load = () => loadModelSession(store, manifest, file, { open, threads, keepsMemory: false });
    return (images: readonly Uint8Array[], outcomes: readonly ImageOutcome[]): Promise<ImageOutcome[]> =>
      sessions.withValue(`${key}#heatmap`, load, async (session) => {
        const result: ImageOutcome[] = [];
        for (const [position, outcome] of outcomes.entries()) {
          const image = images[position];
          const classIndex = wanted ?? (outcome.ok ? outcome.predictions[0]?.index : undefined);
          if (!outcome.ok || image === undefined || classIndex === undefined) result.push(outcome);
          else {
            const heatmap = await heatmapLimit(async () => {
              signal?.throwIfAborted();
              return computeHeatmap(session, image, classIndex, scale);
            });
            const png = draws ? await drawHeatmap(image, manifest.input, heatmap) : undefined;
            result.push({ ...outcome, heatmap: { ...heatmap, ...(png === undefined ? {} : { png }) } });
          }
        }
        return result;
      });
  }

  return {
    async predict({ model, version: wanted, images, topK: k, heatmap, signal }) {
      const started = performance.now();
      const version = await resolveVersion(store, model, wanted);
      const load = async () => {
        const manifest = await readManifest(store, model, version);
        const session = await loadModelSession(store, manifest, manifest.onnx, { open, threads });
        try {
          await checkParity(store, session);
        } catch (error) {
          await session.release();
          throw error;
        }
        return session;
      };
      const key = await sessionKey(model, version);
      return sessions.withValue(key, load, async (session) => {
        const heatmaps = heatmap && prepareHeatmaps(key, session.manifest, heatmap, signal);
        const { rejectionThreshold } = calibrationOf(session.manifest);
        const loaded = performance.now();
        const timing = { decode: 0, preprocess: 0, infer: 0 };
        const outcomes: ImageOutcome[] = [];
        for (let start = 0; start < images.length; start += BATCH_SIZE) {
          outcomes.push(
            ...(await predictBatch(session, images.slice(start, start + BATCH_SIZE), {
              k,
              decodeLimit,
              timing,
              signal,
            })),
          );
        }
        const timingMs = { load: loaded - started, ...timing };
        if (heatmaps === undefined) {
          return {
            model,
            modelVersion: version,
            rejectionThreshold,
            outcomes,
            timingMs: { ...timingMs, total: performance.now() - started },
          };
        }
        const predicted = performance.now();
        const withHeatmaps = await heatmaps(images, outcomes);
        const ended = performance.now();
        return {
          model,
          modelVersion: version,
          rejectionThreshold,
          outcomes: withHeatmaps,
          timingMs: { ...timingMs, heatmap: ended - predicted, total: ended - started },
        };
      });
    },
    close: () => sessions.close(),
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
    decodeLimit,
    timing,
    signal,
  }: {
    readonly k: number;
    readonly decodeLimit: LimitFunction;
    readonly timing: MutableTiming;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ImageOutcome[]> {
  const { input, labels } = session.manifest;
  const decoded = await Promise.all(
    images.map((image) =>
      decodeLimit(async () => {
        signal?.throwIfAborted();
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
  const dims = [readable.length, input.height, input.width, input.channels] as const;
  const output = readable.length === 0 ? batch : (await session.run(batch, dims)).values;
  const { temperature, rejectionThreshold } = calibrationOf(session.manifest);
  const probabilities = scaleByTemperature(output, labels.length, temperature);
  timing.preprocess += inferStarted - preprocessStarted;
  timing.infer += performance.now() - inferStarted;

  let row = 0;
  return decoded.map((image) => {
    if (image instanceof FoveaError) return { ok: false, error: image };
    const scores = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
    row += 1;
    const predictions = topK(scores, labels, k);
    const isRejected = rejectionThreshold !== null && (predictions[0]?.score ?? 0) < rejectionThreshold;
    return { ok: true, predictions, isRejected };
  });
}

/** Decodes a picture. The error of a picture that cannot be read is a result; any other error is thrown. */
async function decodeOrExplain(image: Uint8Array, input: ModelInput): Promise<DecodedImage | FoveaError> {
  try {
    return await decodeForInput(image, input);
  } catch (error) {
    if (error instanceof FoveaError) return error;
    throw error;
  }
}

/** The input of a batch of pictures, float32 `[batch, height, width, channels]`. */
function toBatch(images: readonly DecodedImage[], input: ModelInput): Float32Array<ArrayBuffer> {
  const pictureLength = inputLength(input);
  const batch = new Float32Array(images.length * pictureLength);
  images.forEach((image, index) => {
    toNetworkInput(image, input, batch, index * pictureLength);
  });
  return batch;
}
