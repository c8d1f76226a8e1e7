// Writes small weight files as Keras does, in the layout of `save_weights` to `.h5`.

import { File, ready } from 'h5wasm';

let filesWritten = 0;

/** The bytes of a weight file with one layer, whose kernel has these values. */
export async function kerasFile(kernel: readonly number[]): Promise<Buffer> {
  const { FS } = await ready;
  const path = `/test-${filesWritten++}.h5`;
  const file = new File(path, 'w');
  file.create_attribute('layer_names', ['dense']);
  const layer = file.create_group('dense');
  layer.create_attribute('weight_names', ['dense/kernel:0']);
  layer.create_group('dense').create_dataset({
    name: 'kernel:0',
    data: Float32Array.from(kernel),
    shape: [kernel.length, 1],
  });
  file.close();
  const bytes = Buffer.from(FS.readFile(path) as Uint8Array);
  FS.unlink(path);
  return bytes;
}
