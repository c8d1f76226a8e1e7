// One ONNX Runtime session of one model version: verified at load, run off the event loop. Knows no pictures.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors.ts';
import type { Manifest } from '../model/manifest.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

export interface ModelSession {
  readonly manifest: Manifest;
  /** Size of the ONNX file: what the session cache counts. */
  readonly sizeBytes: number;
  /**
   * Class probabilities of a batch.
   * @param input float32 `[batch, height, width, channels]`, preprocessed as the manifest says.
   * @returns float32 `[batch, classes]`, row by row, the softmax as the network gives it.
   * @throws {FoveaError} `model-corrupt` where the output has another shape than the labels or is not finite.
   */
  run(input: Float32Array, batch: number): Promise<Float32Array>;
  /** Frees the native memory; the session must not be used afterwards. */
  release(): Promise<void>;
}

export interface LoadSessionOptions {
  /** Threads of one operator; explicit because ONNX Runtime's own guess fails in containers with a CPU quota. */
  readonly threads: number;
}

/**
 * Reads a version's ONNX file, checks its sha256 against the manifest and builds a session.
 * @throws {FoveaError} `model-corrupt` where the file is missing, differs or is no ONNX model.
 */
export async function loadModelSession(
  store: ObjectStore,
  manifest: Manifest,
  { threads }: LoadSessionOptions,
): Promise<ModelSession> {
  const key = keys.modelFile(manifest.model, manifest.version, manifest.onnx.file);
  const stored = await store.get(key);
  if (stored === undefined) throw corrupt(key, 'it is missing');
  const actual = contentHashOf(stored.body);
  if (actual !== manifest.onnx.sha256) {
    throw corrupt(key, `its sha256 is ${actual}, the manifest says ${manifest.onnx.sha256}`);
  }
  const session = await createSession(stored.body, key, threads);
  const { inputName, outputName } = manifest.onnx;
  if (!session.inputNames.includes(inputName) || !session.outputNames.includes(outputName)) {
    await session.release();
    throw corrupt(
      key,
      `it reads [${session.inputNames.join(', ')}] and gives [${session.outputNames.join(', ')}], ` +
        `the manifest says "${inputName}" and "${outputName}"`,
    );
  }
  const { height, width, channels } = manifest.input;

  return {
    manifest,
    sizeBytes: stored.body.byteLength,
    async run(input, batch) {
      const results = await session.run(
        { [inputName]: new Tensor('float32', input, [batch, height, width, channels]) },
        [outputName],
      );
      const output = results[outputName]?.data;
      if (!(output instanceof Float32Array) || output.length !== batch * manifest.labels.length) {
        throw corrupt(
          key,
          `it gave ${output?.length ?? 0} values for ${batch} pictures and ${manifest.labels.length} labels`,
        );
      }
      if (!output.every(Number.isFinite)) throw corrupt(key, 'its output is not finite');
      return output;
    },
    release: () => session.release(),
  };
}

async function createSession(onnx: Uint8Array, key: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(onnx, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Errors only: warnings about unused initializers would go to the process's standard error.
      logSeverityLevel: 3,
    });
  } catch (cause) {
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
