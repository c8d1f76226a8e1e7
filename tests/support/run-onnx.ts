// Running an ONNX model once, for tests.

import * as ort from 'onnxruntime-node';

/** Outputs by name for one float32 input; the session is released. */
export async function runOnnx(
  model: Uint8Array,
  input: Float32Array,
  shape: readonly number[],
): Promise<ReadonlyMap<string, { readonly values: Float32Array; readonly shape: readonly number[] }>> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 2, logSeverityLevel: 3 });
  try {
    const [inputName = ''] = session.inputNames;
    const results = await session.run({ [inputName]: new ort.Tensor('float32', input, shape) });
    return new Map(
      session.outputNames.map((name) => {
        const tensor = results[name] as ort.Tensor;
        return [name, { values: tensor.data as Float32Array, shape: tensor.dims }];
      }),
    );
  } finally {
    await session.release();
  }
}
