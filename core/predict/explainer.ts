// Explains predictions by training pictures: those whose features are the most alike. The features come from the model's own file, cut off
// below its classes, in a session that only explanations open. Knows no HTTP.

import { errorOf } from '../errors/error-facts.ts';
import { FoveaError } from '../errors/errors.ts';
import type { Manifest } from '../model/manifest.ts';
import { type PictureIndex, unpackPictureIndex } from '../model/picture-index.ts';
import { cutAtOutput } from '../network/onnx/feature-model.ts';
import { decodePacked, encodePacked } from '../network/onnx/packed-model.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type LoadSessionOptions, openOnnxFile, readOnnxFile } from './model-session.ts';
import { runPicture } from './run-picture.ts';
import { sessionBytes } from './session-bytes.ts';

/** What the explanations of one version have in common. */
export interface ExplainedVersion {
  /** The dataset's name when the version was made. */
  readonly dataset: string;
  /** The labels of the version. */
  readonly labels: readonly string[];
  /** Pictures in the index. */
  readonly indexedPictures: number;
  /** Pictures that the version was trained on. */
  readonly trainedPictures: number;
}

/** Computes features of pictures. */
export interface FeatureSession {
  /** Memory of its sessions of ONNX Runtime, which the session cache counts. */
  readonly sizeBytes: number;
  /**
   * The feature of a picture, as the served model computes it.
   * @param lane The caller's lane; see OnnxSession.run.
   * @throws {FoveaError} what decoding the picture throws.
   */
  featureOf(picture: Uint8Array, lane: number): Promise<Float32Array>;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** An index in memory, as the session cache keeps it. */
export interface LoadedIndex {
  readonly index: PictureIndex;
  readonly sizeBytes: number;
  release(): Promise<void>;
}

/** Bytes that the names of a picture take in memory. */
const NAMES_BYTES = 300;

/** Where the index of a version is, and in which state. */
export interface FoundIndex {
  readonly key: string;
  /** Changes when pictures leave the index. */
  readonly etag: string;
  readonly featureName: string;
}

/**
 * Finds the index of a version.
 * @throws {FoveaError} `explanation-unavailable` where it has none.
 */
export async function findIndex(
  store: ObjectStore,
  { model, version, dataset, pictureIndex }: Manifest,
): Promise<FoundIndex> {
  const unavailable = (reason: string) =>
    new FoveaError(
      'explanation-unavailable',
      `Predictions of version "${version}" of model "${model}" cannot be explained: ${reason}`,
      { param: 'explain' },
    );
  if (dataset === null)
    throw unavailable('it was imported, and the pictures that it was trained on are not known.');
  if (pictureIndex === undefined)
    throw unavailable('it has no index of its training pictures. A model that is trained now gets one.');
  const key = keys.modelFile(model, version, pictureIndex.file);
  const info = await store.head(key);
  if (info === undefined)
    throw unavailable(
      'its index of training pictures is gone. Restore it from a backup, or train the model again.',
    );
  return { key, etag: info.etag, featureName: pictureIndex.featureName };
}

/** Loads an index. @throws {FoveaError} `explanation-unavailable`, `format-newer`. */
export async function loadIndex(store: ObjectStore, { key }: FoundIndex): Promise<LoadedIndex> {
  const stored = await store.get(key);
  const index = unpackPictureIndex(key, stored?.body ?? new Uint8Array());
  return {
    index,
    sizeBytes: index.features.length + NAMES_BYTES * index.pictures.length,
    release: async () => undefined,
  };
}

/** What the explanations by an index have in common. */
export const toExplainedVersion = (
  { dataset, pictures, trainedPictures }: PictureIndex,
  { labels }: Manifest,
): ExplainedVersion => ({ dataset, labels, indexedPictures: pictures.length, trainedPictures });

/**
 * Loads the layers of a version up to its features.
 * @throws {FoveaError} `model-corrupt`, `program-incomplete`.
 */
export async function loadFeatureSession(
  store: ObjectStore,
  manifest: Manifest,
  featureName: string,
  options: LoadSessionOptions,
): Promise<FeatureSession> {
  const { input, onnx } = manifest;
  const { key, body } = await readOnnxFile(store, manifest, onnx);
  const cut = toFeatureOnnx(body, featureName);
  const session = await openOnnxFile(cut, key, options);
  return {
    sizeBytes: (session.sessions ?? 1) * sessionBytes(cut.byteLength, input),
    async featureOf(bytes, lane) {
      const picture = { bytes, input, inputName: onnx.inputName, outputName: featureName };
      const result = session.runPicture
        ? await session.runPicture(picture, lane)
        : await runPicture(picture, (run) => session.run(run, lane));
      if ('refusal' in result) throw errorOf(result.refusal);
      return result.output.values as Float32Array;
    },
    release: () => session.release(),
  };
}

/** The layers of an exported classifier up to one value, which becomes the only output. */
export const toFeatureOnnx = (onnx: Uint8Array, featureName: string): Uint8Array =>
  encodePacked(cutAtOutput(decodePacked(onnx), featureName));
