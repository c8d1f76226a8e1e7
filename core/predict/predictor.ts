// From picture bytes to ranked labels: resolves the version, keeps sessions loaded, runs pictures in batches, and says
// where the time went. Knows no HTTP.

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

export interface PredictRequest {
  readonly model: string;
  /** A version number or an alias; `latest` where left out. */
  readonly version?: string | undefined;
  /** Encoded pictures; of none, the answer has the model's version alone. */
  readonly images: readonly Uint8Array[];
  /** How many labels to give a picture, at least 1. */
  readonly topK: number;
  /** Asks for a map of one class over every picture. */
  readonly heatmap?: HeatmapRequest | undefined;
  /** Who waits for the answer is gone: pictures that still wait for their turn are let go. */
  readonly signal?: AbortSignal | undefined;
}

export interface HeatmapRequest {
  /** A label, or the index of a class; `top` is the likeliest class of each picture. */
  readonly label: string;
  /** How many times the network's own input size the picture is looked at, at least 1; see {@link computeHeatmap}. */
  readonly scale: number;
  /** Whether the map is also drawn over the picture. */
  readonly draws?: boolean;
}

/** {@link HeatmapRequest.label} of the likeliest class. */
export const TOP_CLASS = 'top';

/** What became of one picture. */
export type ImageOutcome =
  | {
      readonly ok: true;
      /** Best first; scores calibrated. */
      readonly predictions: readonly LabelScore[];
      /** Whether the best score is below the model's threshold: the picture may show none of its classes. */
      readonly isRejected: boolean;
      /** Only where it was asked for; `png` only where it was to be drawn. */
      readonly heatmap?: Heatmap & { readonly png?: Uint8Array };
    }
  | { readonly ok: false; readonly error: FoveaError };

/** Milliseconds. `decode` sums over the pictures, which overlap; `total` is what the caller waited. */
export interface PredictTiming {
  /** Reading the model and building its session; near 0 where it was in memory. */
  readonly load: number;
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  /** Reading, decoding and running for heatmaps, all together; only where they were asked for. */
  readonly heatmap?: number;
  readonly total: number;
}

export interface PredictResult {
  readonly model: string;
  readonly modelVersion: string;
  /** Scores below it are rejected; null where the model has no threshold. */
  readonly rejectionThreshold: number | null;
  /** One for each picture, in their order. */
  readonly outcomes: readonly ImageOutcome[];
  readonly timingMs: PredictTiming;
}

export interface Predictor {
  /**
   * Predicts every picture; one that cannot be read has its own error and does not disturb the others.
   * @throws {FoveaError} `model-not-found`, `model-version-not-found`, `model-corrupt`, `format-newer`; of heatmaps
   *   `heatmap-unavailable`, `heatmap-too-large`, `label-unknown`. What the signal was aborted with.
   */
  predict(request: PredictRequest): Promise<PredictResult>;
  /** Releases all sessions as soon as nobody uses them, also those that are still being loaded. */
  close(): void;
}

export interface PredictorDeps {
  readonly store: ObjectStore;
  /** Opens sessions; on the thread that predicts where it is left out. */
  readonly openSession?: OpenOnnxSession;
  /** Threads of one session; all cores by default. */
  readonly threads?: number;
  /**
   * Bytes of ONNX files that may stay loaded, with 8 MiB for each, so that thousands of small models take neither
   * all memory nor all file handles. ONNX Runtime's own memory is about twice that.
   */
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
  const { openSession: open = openOnnxSession, onReleaseError = () => undefined } = deps;
  // One picture may take half a gigabyte while it is decoded, so requests take turns.
  const decodeLimit = pLimit(availableParallelism());
  // A heatmap takes many times the memory of a prediction.
  const heatmapLimit = pLimit(1);
  const sessions = createSessionCache<ModelSession>({ maxBytes: maxCachedBytes, onReleaseError });

  /** Names the session of a version by the manifest's etag: a model deleted and made again is another session. */
  async function sessionKey(model: string, version: string): Promise<string> {
    const manifestKey = keys.modelFile(model, version, MANIFEST_FILE);
    const info = await store.head(manifestKey);
    // Where it was deleted meanwhile, reading it says so.
    return info === undefined ? manifestKey : `${manifestKey}@${info.etag}`;
  }

  /** Checks what was asked for before anything runs, and gives what draws the maps. */
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
function toBatch(images: readonly DecodedImage[], input: ModelInput): Float32Array<ArrayBuffer> {
  const pictureLength = inputLength(input);
  const batch = new Float32Array(images.length * pictureLength);
  images.forEach((image, index) => {
    toNetworkInput(image, input, batch, index * pictureLength);
  });
  return batch;
}
