// An ONNX Runtime session of one file of a model version, which is verified when it is loaded. Knows neither labels nor calibration.

import { contentHashOf } from '../content-hash.ts';
import { errorOf } from '../errors/error-facts.ts';
import { FoveaError } from '../errors/errors.ts';
import { toProgramIncomplete } from '../errors/program-file-missing.ts';
import type { Manifest, OnnxFile } from '../model/manifest.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { OnnxOutput, OnnxSession, OpenOnnxSession, PictureTiming } from './onnx-session.ts';
import { runPicture } from './run-picture.ts';
import { sessionBytes } from './session-bytes.ts';

/** Class probabilities of a run. */
export interface ModelOutput {
  /** Class probabilities, row by row: the network's softmax, before calibration. */
  readonly values: Float32Array;
  /** `[batch, classes]`, or `[batch, rows, columns, classes]` of a heatmap file. */
  readonly dims: readonly number[];
}

/** Class probabilities of one picture, or why it cannot be read. */
export type PicturePrediction =
  | { readonly output: ModelOutput; readonly timing: PictureTiming }
  | { readonly refusal: FoveaError; readonly timing: PictureTiming };

/** A loaded model, ready to predict. */
export interface ModelSession {
  readonly manifest: Manifest;
  /** Memory of all its sessions of ONNX Runtime together, which the session cache counts. */
  readonly sizeBytes: number;
  /**
   * Computes class probabilities of a batch.
   * @param input float32 of the shape `dims`, `[batch, height, width, channels]`, preprocessed as the manifest says. Its buffer may be
   *   transferred to another thread, so it must not be used afterwards.
   * @param lane The caller's lane; see {@link OnnxSession.run}.
   * @throws {FoveaError} `model-corrupt` where the output has another shape than the labels or is not finite.
   */
  run(
    input: Float32Array<ArrayBuffer>,
    dims: readonly [number, number, number, number],
    lane?: number,
  ): Promise<ModelOutput>;
  /**
   * Decodes a picture as the manifest says and computes its class probabilities, on the session's thread.
   * @param lane As for `run`.
   * @throws {FoveaError} as `run`.
   */
  predict(picture: Uint8Array, lane?: number): Promise<PicturePrediction>;
  /** Frees the native memory. The session must not be used afterwards. */
  release(): Promise<void>;
}

/** How a session is opened and how it computes. */
export interface LoadSessionOptions {
  /** Opens the session, on this thread or on another. */
  readonly open: OpenOnnxSession;
  /** Threads of one operator. ONNX Runtime's own choice ignores the CPU quota of containers, so it is given. */
  readonly threads: number;
  /** Whether the memory of a run is kept for the next. False where runs differ in size, since that of the largest would be kept. */
  readonly keepsMemory?: boolean;
}

/**
 * Reads an ONNX file of a version, compares its sha256 with the manifest and opens a session.
 * @throws {FoveaError} `model-corrupt` where the file is missing, has changed or is no ONNX model; `program-incomplete` where a file of the
 *   program is missing.
 */
export async function loadModelSession(
  store: ObjectStore,
  manifest: Manifest,
  onnx: OnnxFile,
  options: LoadSessionOptions,
): Promise<ModelSession> {
  const { inputName, outputName } = onnx;
  const { key, body } = await readOnnxFile(store, manifest, onnx);
  const session = await openOnnxFile(body, key, options);
  if (!session.inputNames.includes(inputName) || !session.outputNames.includes(outputName)) {
    await session.release();
    throw corrupt(
      key,
      `it reads [${session.inputNames.join(', ')}] and gives [${session.outputNames.join(', ')}], ` +
        `the manifest says "${inputName}" and "${outputName}"`,
    );
  }
  const checked = ({ values, dims }: OnnxOutput, batch: number): ModelOutput => {
    const isScores = values instanceof Float32Array && dims.length >= 2;
    if (!isScores || dims[0] !== batch || dims.at(-1) !== manifest.labels.length) {
      const given = `[${dims.join(', ')}] for ${batch} pictures and ${manifest.labels.length} labels`;
      throw corrupt(key, `it gave ${given}`);
    }
    if (!values.every(Number.isFinite)) throw corrupt(key, 'its output is not finite');
    return { values, dims };
  };
  return {
    manifest,
    sizeBytes: (session.sessions ?? 1) * sessionBytes(body.byteLength, manifest.input),
    async run(input, inputDims, lane) {
      const output = await session.run({ inputName, outputName, input, dims: inputDims }, lane);
      return checked(output, inputDims[0]);
    },
    async predict(bytes, lane) {
      const picture = { bytes, input: manifest.input, inputName, outputName };
      const result = session.runPicture
        ? await session.runPicture(picture, lane)
        : await runPicture(picture, (run) => session.run(run, lane));
      const { timing } = result;
      if ('refusal' in result) return { refusal: errorOf(result.refusal), timing };
      return { output: checked(result.output, 1), timing };
    },
    release: () => session.release(),
  };
}

/**
 * Reads an ONNX file of a version, and compares its sha256 with the manifest.
 * @throws {FoveaError} `model-corrupt`.
 */
export async function readOnnxFile(
  store: ObjectStore,
  { model, version }: Manifest,
  { file, sha256 }: OnnxFile,
): Promise<{ readonly key: string; readonly body: Uint8Array }> {
  const key = keys.modelFile(model, version, file);
  const stored = await store.get(key);
  if (stored === undefined) throw corrupt(key, 'it is missing');
  const actual = contentHashOf(stored.body);
  if (actual !== sha256) throw corrupt(key, `its sha256 is ${actual}, the manifest says ${sha256}`);
  return { key, body: stored.body };
}

/**
 * Opens a session of an ONNX file. The caller releases it.
 * @param key for messages.
 * @throws {FoveaError} `model-corrupt` where it is no ONNX model; `program-incomplete`.
 */
export async function openOnnxFile(
  onnx: Uint8Array,
  key: string,
  { open, threads, keepsMemory = true }: LoadSessionOptions,
): Promise<OnnxSession> {
  try {
    return await open(onnx, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: keepsMemory,
      // Only errors, since warnings about unused initializers would go to standard error.
      logSeverityLevel: 3,
      // Idle threads that spin would take the cores from decoders and from other sessions.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    const incomplete = toProgramIncomplete(cause);
    if (incomplete !== undefined) throw incomplete;
    throw corrupt(
      key,
      `ONNX Runtime cannot load it (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    );
  }
}

const corrupt = (key: string, problem: string, cause?: unknown) =>
  new FoveaError(
    'model-corrupt',
    `The model file "${key}" cannot be used: ${problem}. Restore that object from a backup, name another version, or ` +
      'train the model again.',
    { param: 'model', details: { key }, cause },
  );
