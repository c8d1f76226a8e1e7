// ONNX Runtime for Node, and how it is set for training steps.

import type { InferenceSession } from 'onnxruntime-node';

/** The module `onnxruntime-node`. */
export type OnnxRuntime = typeof import('onnxruntime-node');

/** Loads an ONNX graph of a whole training step or prediction; the caller releases the session. */
export const openStepSession = (
  { InferenceSession }: OnnxRuntime,
  onnx: Uint8Array,
  threads: number,
): Promise<InferenceSession> =>
  InferenceSession.create(onnx, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // One block planned for all values of a step is up to twice as large as what they take when each comes and goes.
    enableMemPattern: false,
    // Errors only.
    logSeverityLevel: 3,
    extra: {
      // Threads that wait by spinning take the cores from the pictures of the next batch, and from each other.
      session: { intra_op: { allow_spinning: '0' } },
      // It takes zeros around a pooling's input for the pooling's own padding, which counts as less than any value.
      optimization: { disable_specified_optimizers: 'Pad_Fusion' },
    },
  });
