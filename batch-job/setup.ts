// Entry point of `fovea setup`: builds a native back end of TensorFlow, shows progress, and says what to do where it cannot.

import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { cacheDirectory } from '../core/cache-directory.ts';
import { isFoveaError } from '../core/errors/errors.ts';
import { nativeDirectory } from './tensorflow/setup/native-directory.ts';
import { setUpNative } from './tensorflow/setup/setup.ts';

const { values } = parseArgs({
  options: {
    gpu: { type: 'boolean', default: false },
    imported: { type: 'boolean', default: false },
  },
});
const variant = values.gpu ? 'gpu' : 'cpu';

const MIB = 2 ** 20;
const bar = new SingleBar(
  { format: '  {bar} {value}/{total} MiB', barsize: 32, clearOnComplete: true },
  Presets.shades_classic,
);
let lastMessage = '';

try {
  const { built, directory } = await setUpNative({
    variant,
    directory: nativeDirectory(cacheDirectory(process.env), variant),
    env: process.env,
    imported: values.imported,
    onProgress: ({ message, done, total }) => {
      if (message !== lastMessage) {
        bar.stop();
        console.log(`${message} …`);
        lastMessage = message;
      }
      if (done === undefined || total === undefined || !process.stdout.isTTY) return;
      if (!bar.isActive) bar.start(Math.round(total / MIB), 0);
      bar.update(Math.round(done / MIB));
    },
  });
  bar.stop();
  console.log(built ? 'Jobs use it from now on.' : `Nothing to do: it is already in ${directory}.`);
} catch (error) {
  bar.stop();
  if (!isFoveaError(error)) throw error;
  console.error(`\nfovea setup: ${error.message}`);
  process.exitCode = 1;
}
