// The port of ONNX Runtime's sessions: whoever opens one chooses on which thread it computes.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ErrorFacts } from '../errors/error-facts.ts';
import type { ModelInput } from '../image/model-input.ts';

/** The output of a run. */
export interface OnnxOutput {
  /** The values; a Float32Array where the output is float32. */
  readonly values: unknown;
  readonly dims: readonly number[];
}

/** The input of a run, and the names of input and output. */
export interface OnnxRun {
  readonly inputName: string;
  readonly outputName: string;
  /** Float32 values of the shape `dims`, alone in their buffer, which may be transferred to the session's thread. */
  readonly input: Float32Array<ArrayBuffer>;
  readonly dims: readonly number[];
}

/** An encoded picture, and how the network reads it. */
export interface PictureRun {
  readonly bytes: Uint8Array;
  readonly input: ModelInput;
  readonly inputName: string;
  readonly outputName: string;
}

/** Where the time of a picture went, in milliseconds. */
export interface PictureTiming {
  readonly decode: number;
  readonly preprocess: number;
  readonly infer: number;
}

/** The output of a picture, or why it cannot be read. */
export type PictureOutput =
  | { readonly output: OnnxOutput; readonly timing: PictureTiming }
  | { readonly refusal: ErrorFacts; readonly timing: PictureTiming };

/** A loaded ONNX model. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Sessions of ONNX Runtime behind this one, each with its memory. Default: 1. */
  readonly sessions?: number;
  /**
   * Computes one output.
   * @param lane The caller's lane, where there are several: runs of different lanes may compute at once. Default: 0.
   * @throws {Error} of ONNX Runtime.
   */
  run(run: OnnxRun, lane?: number): Promise<OnnxOutput>;
  /** Decodes a picture and computes its output on the session's thread. Absent where that is the caller's. */
  runPicture?(picture: PictureRun, lane?: number): Promise<PictureOutput>;
  /** Frees the native memory. No run may be under way. */
  release(): Promise<void>;
}

/** The options of ONNX Runtime for a session. */
export type OnnxOptions = InferenceSession.SessionOptions;

/** Opens a session of an `.onnx` file. It rejects with the error of ONNX Runtime. */
export type OpenOnnxSession = (onnx: Uint8Array, options: OnnxOptions) => Promise<OnnxSession>;

/**
 * Opens a session on the calling thread. ONNX Runtime's binding for Node computes there, and blocks the thread meanwhile: right where
 * one request is answered at a time.
 */
export const openOnnxSession: OpenOnnxSession = async (onnx, options) => {
  const session = await InferenceSession.create(onnx, options);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run({ inputName, outputName, input, dims }) {
      const results = await session.run({ [inputName]: new Tensor('float32', input, dims) }, [outputName]);
      const { data: values, dims: shape = [] } = results[outputName] ?? {};
      return { values, dims: shape };
    },
    release: () => session.release(),
  };
};
