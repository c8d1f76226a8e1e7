// Predicts the labels of pictures: resolves the version, keeps sessions loaded, runs pictures in batches, and measures where the time
// goes. Knows no HTTP.

import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { monotonicMs } from '../clock.ts';
import { type FoveaError, isFoveaError } from '../errors/errors.ts';
import { scaleByTemperature } from '../evaluation/temperature.ts';
import type { LaneTurns } from '../lanes/lane-scheduler.ts';
import type { Manifest } from '../model/manifest.ts';
import { type NearPicture, nearestPictures } from '../model/picture-index.ts';
import { readManifest } from '../model/read-manifest.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { calibrationOf } from './calibration-of.ts';
import { checkParity } from './check-parity.ts';
import { drawHeatmap } from './draw-heatmap.ts';
import {
  type ExplainedVersion,
  findIndex,
  loadFeatureSession,
  loadIndex,
  toExplainedVersion,
} from './explainer.ts';
import { computeHeatmap, findClass, type Heatmap, heatmapFileOf } from './heatmap.ts';
import { loadModelSession, type ModelSession } from './model-session.ts';
import { type OpenOnnxSession, openOnnxSession, type PictureTiming } from './onnx-session.ts';
import {
  type ChosenFile,
  chooseFile,
  hasIntegerInstructions,
  type ServedPrecision,
} from './served-precision.ts';
import { assertLoadable, type ServingMemory } from './serving-memory.ts';
import { createSessionCache, type Releasable, type SessionCacheUse } from './session-cache.ts';
import { type LabelScore, topK } from './top-k.ts';
import { createVersionCache } from './version-cache.ts';

/** Which pictures to predict, with which model. */
export interface PredictRequest {
  readonly model: string;
  /** A version number or an alias. Default: `live`. */
  readonly version?: string | undefined;
  /** 0 to 1, which chooses between a live version and its canary: equal numbers choose the same. Default: random. */
  readonly draw?: number | undefined;
  /** Encoded pictures. Without any, the answer has only the model's version. */
  readonly images: readonly Uint8Array[];
  /** Number of labels for each picture, at least 1. */
  readonly topK: number;
  /** Asks for a heatmap of one class over every picture. */
  readonly heatmap?: HeatmapRequest | undefined;
  /** Asks for the training pictures that are the most alike. */
  readonly explain?: ExplainRequest | undefined;
  /** Ends the prediction, e.g. where the client has gone: pictures that wait for their turn are not decoded. */
  readonly signal?: AbortSignal | undefined;
  /** Is told of each picture when it is computed, or could not be read: how long its parts took. */
  readonly onPicture?: ((timing: PictureTiming) => void) | undefined;
  /** Where pictures take turns with those of other requests. Default: lanes of the predictor's own. */
  readonly turns?: LaneTurns | undefined;
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

/** Which explanation to give for every picture. */
export interface ExplainRequest {
  /** Training pictures for each picture, at least 1. */
  readonly count: number;
  /** Why whoever asks may not see pictures of a dataset; undefined where they may. */
  readonly refuse: (dataset: string) => FoveaError | undefined;
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
      /** The training pictures that are the most alike, the nearest first; present where the request asks for them and the version has some. */
      readonly nearest?: readonly NearPicture[];
    }
  | { readonly ok: false; readonly error: FoveaError };

/**
 * Where the time went, in milliseconds. `decode`, `preprocess` and `infer` are sums over all pictures, which are computed in parallel, so
 * they can exceed `total`; `total` is what the caller waited.
 */
export interface PredictTiming {
  /** Whether this prediction had to load the model, since it was not in memory. */
  readonly isCold: boolean;
  /** Reading the model and building its session, or waiting for another prediction that does; near 0 where it was in memory. */
  readonly load: number;
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
  /** Loading, decoding and computing for heatmaps, all together; absent where none was asked for. */
  readonly heatmap?: number;
  /** The same for explanations. */
  readonly explain?: number;
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
  /** By what the predictions are explained, or why they are not; absent where the request does not ask for it. */
  readonly explained?: ExplainedVersion | FoveaError;
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
  /** Forgets what the aliases of a model meant a moment ago: its versions have changed in this process. */
  forget(model: string): void;
  /** Releases what is loaded of a model, or of one version, as soon as it is not in use: it was deleted. */
  drop(model: string, version?: string): void;
  /** Releases all sessions as soon as they are not in use, also those that are still being loaded. */
  close(): void;
}

/** A predictor that keeps models loaded. */
export interface CachingPredictor extends Predictor {
  /** The sessions of models and heatmaps that are loaded, and how they were used. */
  readonly cache: SessionCacheUse;
}

/** A version in memory. */
export interface Loaded {
  readonly model: string;
  readonly version: string;
  readonly precision: ChosenFile['precision'];
  /** Why this file, as a log says it. */
  readonly why: ChosenFile['why'];
}

/** The store, and how sessions are opened and cached. */
export interface PredictorDeps {
  readonly store: ObjectStore;
  /** Opens sessions. Default: on the calling thread. */
  readonly openSession?: OpenOnnxSession;
  /** Which file of a version is run. Default: the model itself. */
  readonly precision?: ServedPrecision;
  /** Threads of one session. Default: all cores. */
  readonly threads?: number;
  /** Memory of the models that stay loaded, as {@link sessionBytes} counts it; at most {@link MAX_CACHED_MODELS} do. Default: 512 MiB. */
  readonly maxCachedBytes?: number;
  /** Refuses models that could never be loaded. Default: all are tried. */
  readonly servingMemory?: ServingMemory | undefined;
  /** Source of the choice between a live version and its canary, in [0, 1). */
  readonly random?: () => number;
  /** Monotonic milliseconds, by which versions are remembered for a moment. */
  readonly clock?: () => number;
  /** Is told of a version that is loaded, and which of its files is run. */
  readonly onLoaded?: (loaded: Loaded) => void;
  /** Is told of a file of 8-bit integers that cannot be used. The model itself is run instead. */
  readonly onFallback?: (
    fallback: Omit<Loaded, 'precision' | 'why'> & { readonly error: FoveaError },
  ) => void;
  /** Is told of a session whose native memory could not be freed. */
  readonly onReleaseError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;
/** Enough for a large network, or for eight of MobileNetV2's size on two cores. */
const DEFAULT_MAX_CACHED_BYTES = 512 * MIB;
/** Models that stay loaded, however small they are. */
export const MAX_CACHED_MODELS = 256;

/** Makes a predictor over the models of a store. Nothing is loaded before it is needed. */
export function createPredictor(deps: PredictorDeps): CachingPredictor {
  const { store, threads = availableParallelism(), maxCachedBytes = DEFAULT_MAX_CACHED_BYTES } = deps;
  const { openSession: open = openOnnxSession, clock = monotonicMs, onReleaseError = () => undefined } = deps;
  const { random = Math.random } = deps;
  const { precision = 'float32', onLoaded = () => undefined, onFallback = () => undefined } = deps;
  const versions = createVersionCache(store, clock);
  // A picture may take half a gigabyte while it is decoded, so pictures take turns.
  const ownTurns = turnsWithoutQueue(availableParallelism());
  // A heatmap takes many times the memory of a prediction.
  const heatmapLimit = pLimit(1);
  const sessions = createSessionCache<Releasable>({
    maxBytes: maxCachedBytes,
    maxCount: MAX_CACHED_MODELS,
    onReleaseError,
  });

  /** Loads a file and checks it. */
  async function loadFile(
    manifest: Manifest,
    { precision: used, why, onnx }: ChosenFile,
  ): Promise<ModelSession> {
    if (deps.servingMemory !== undefined) assertLoadable(manifest, deps.servingMemory, onnx);
    const session = await loadModelSession(store, manifest, onnx, { open, threads });
    try {
      await checkParity(store, session, used);
    } catch (error) {
      await session.release();
      throw error;
    }
    onLoaded({ model: manifest.model, version: manifest.version, precision: used, why });
    return session;
  }

  /** Loads a version. Where its file of 8-bit integers is damaged, or gives other answers on this machine, that is the model itself. */
  async function loadVersion(manifest: Manifest): Promise<ModelSession> {
    const chosen = chooseFile(manifest, precision, hasIntegerInstructions);
    if (chosen.precision === 'float32') return loadFile(manifest, chosen);
    try {
      return await loadFile(manifest, chosen);
    } catch (error) {
      if (!isFoveaError(error, 'model-parity-failed') && !isFoveaError(error, 'model-corrupt')) throw error;
      const why = 'its file of 8-bit integers cannot be used';
      const session = await loadFile(manifest, { precision: 'float32', why, onnx: manifest.onnx });
      onFallback({ model: manifest.model, version: manifest.version, error });
      return session;
    }
  }

  /** Checks the request before anything runs, and gives the function that adds heatmaps to outcomes. */
  function prepareHeatmaps(
    key: string,
    manifest: Manifest,
    { label, scale, draws = false }: HeatmapRequest,
    turns: LaneTurns,
  ) {
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
            const heatmap = await heatmapLimit(() =>
              turns.run(() => computeHeatmap(session, image, classIndex, scale)),
            );
            const png = draws ? await drawHeatmap(image, manifest.input, heatmap) : undefined;
            result.push({ ...outcome, heatmap: { ...heatmap, ...(png === undefined ? {} : { png }) } });
          }
        }
        return result;
      });
  }

  /** What an index is cached as. Its state is in the name, so that pictures that have left it are not shown. */
  const indexName = (key: string, etag: string) => `${key}#index:${etag}`;
  /** The state in which the index of each version was last found. */
  const indexStates = new Map<string, string>();

  /**
   * Adds the nearest training pictures to outcomes. A version without an index, and whoever may not see its pictures, get the reason
   * instead: a prediction does not fail for want of an explanation.
   */
  async function explainOutcomes(
    key: string,
    manifest: Manifest,
    { count, refuse }: ExplainRequest,
    images: readonly Uint8Array[],
    outcomes: readonly ImageOutcome[],
    turns: LaneTurns,
  ): Promise<Pick<PredictResult, 'outcomes' | 'explained'>> {
    const refusal = manifest.dataset === null ? undefined : refuse(manifest.dataset);
    if (refusal !== undefined) return { outcomes, explained: refusal };
    try {
      const found = await findIndex(store, manifest);
      const before = indexStates.get(key);
      if (before !== undefined && before !== found.etag) sessions.drop(indexName(key, before));
      indexStates.set(key, found.etag);
      const loadLayers = () => loadFeatureSession(store, manifest, found.featureName, { open, threads });
      return await sessions.withValue(
        indexName(key, found.etag),
        () => loadIndex(store, found),
        ({ index }) =>
          sessions.withValue(`${key}#features`, loadLayers, async (layers) => {
            const explained = await allOf(
              outcomes.map(async (outcome, position): Promise<ImageOutcome> => {
                const image = images[position];
                if (!outcome.ok || image === undefined) return outcome;
                const feature = await turns.run((lane) => layers.featureOf(image, lane));
                return { ...outcome, nearest: nearestPictures(index, feature, count) };
              }),
            );
            return { outcomes: explained, explained: toExplainedVersion(index, manifest) };
          }),
      );
    } catch (error) {
      if (!isFoveaError(error, 'explanation-unavailable')) throw error;
      return { outcomes, explained: error };
    }
  }

  return {
    async predict({
      model,
      version: wanted,
      draw = random(),
      images,
      topK: k,
      heatmap,
      explain,
      signal,
      onPicture,
      turns = ownTurns,
    }) {
      const started = performance.now();
      const { version, identity: key } = await versions.resolve(model, wanted, draw);
      let isCold = false;
      const load = async () => {
        isCold = true;
        return loadVersion(await readManifest(store, model, version));
      };
      return sessions.withValue(key, load, async (session) => {
        const heatmaps = heatmap && prepareHeatmaps(key, session.manifest, heatmap, turns);
        const { rejectionThreshold } = calibrationOf(session.manifest);
        const loaded = performance.now();
        const timing = { decode: 0, preprocess: 0, infer: 0 };
        const outcomes = await allOf(
          images.map((image) =>
            turns.run((lane) => {
              signal?.throwIfAborted();
              return predictOne(session, image, { k, lane, timing, onPicture });
            }),
          ),
        );
        const predicted = performance.now();
        const mapped = heatmaps === undefined ? outcomes : await heatmaps(images, outcomes);
        const drawn = performance.now();
        const explained =
          explain && (await explainOutcomes(key, session.manifest, explain, images, mapped, turns));
        const ended = performance.now();
        return {
          model,
          modelVersion: version,
          rejectionThreshold,
          outcomes: mapped,
          ...explained,
          timingMs: {
            isCold,
            load: loaded - started,
            ...timing,
            ...(heatmaps === undefined ? {} : { heatmap: drawn - predicted }),
            ...(explained === undefined ? {} : { explain: ended - drawn }),
            total: ended - started,
          },
        };
      });
    },
    forget: versions.forget,
    drop(model, version) {
      versions.forget(model);
      sessions.drop(version === undefined ? keys.model(model) : `${keys.model(model)}${version}/`);
    },
    close: () => sessions.close(),
    get cache() {
      return sessions.use;
    },
  };
}

/** Turns that nobody else takes: so many pictures at once, the others wait. */
function turnsWithoutQueue(lanes: number): LaneTurns {
  const limit = pLimit(lanes);
  return { run: (piece) => limit(() => piece(0)) };
}

/** The results, once all have ended: a session must not be let go while a picture is computed. @throws the first error. */
async function allOf<T>(running: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(running);
  return Promise.all(running);
}

type MutableTiming = { -readonly [Part in keyof PictureTiming]: number };

interface PictureOptions {
  readonly k: number;
  readonly lane: number;
  /** Is added to. */
  readonly timing: MutableTiming;
  readonly onPicture: PredictRequest['onPicture'];
}

/** Predicts one picture. The error of a picture that cannot be read is its outcome; any other error is thrown. */
async function predictOne(
  session: ModelSession,
  image: Uint8Array,
  { k, lane, timing, onPicture }: PictureOptions,
): Promise<ImageOutcome> {
  const { labels } = session.manifest;
  const prediction = await session.predict(image, lane);
  timing.decode += prediction.timing.decode;
  timing.preprocess += prediction.timing.preprocess;
  timing.infer += prediction.timing.infer;
  onPicture?.(prediction.timing);
  if ('refusal' in prediction) return { ok: false, error: prediction.refusal };
  const { temperature, rejectionThreshold } = calibrationOf(session.manifest);
  const probabilities = scaleByTemperature(prediction.output.values, labels.length, temperature);
  const predictions = topK(probabilities, labels, k);
  const isRejected = rejectionThreshold !== null && (predictions[0]?.score ?? 0) < rejectionThreshold;
  return { ok: true, predictions, isRejected };
}
