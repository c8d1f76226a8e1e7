// ONNX Runtime behind a port: where a session computes is the choice of whoever opens it.

import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface OnnxOutput {
  /** Float32Array of a model as we expect them. */
  readonly values: unknown;
  readonly dims: readonly number[];
}

export interface OnnxRun {
  readonly inputName: string;
  readonly outputName: string;
  /** Float32 of the shape `dims`, alone in its buffer. Given away: it may be moved to where the session is. */
  readonly input: Float32Array<ArrayBuffer>;
  readonly dims: readonly number[];
}

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @throws {Error} ONNX Runtime's own. */
  run(run: OnnxRun): Promise<OnnxOutput>;
  /** Frees the native memory; no run may be under way. */
  release(): Promise<void>;
}

export type OnnxOptions = InferenceSession.SessionOptions;

/** @throws {Error} ONNX Runtime's own. */
export type OpenOnnxSession = (onnx: Uint8Array, options: OnnxOptions) => Promise<OnnxSession>;

/**
 * A session on the thread that asks: ONNX Runtime's binding for Node computes there, and nothing else happens on it
 * meanwhile. Right where one request is answered at a time.
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
