// The floor: decoding and running the network in a bare loop, without a server. One process for each core, one thread each.
// Arguments: data folder, model, seconds, files. Prints how many pictures it answered, and its seconds.

import { readFile } from 'node:fs/promises';
import { decodeToInput } from '../../core/image/decode-to-input.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { loadModelSession } from '../../core/predict/model-session.ts';
import { openOnnxSession } from '../../core/predict/onnx-session.ts';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { VERSION } from './publish-network.ts';

const [dataDir = '', model = '', seconds = '1', ...files] = process.argv.slice(2);
const store = createFilesystemStore({ root: dataDir });
const manifest = await readManifest(store, model, VERSION);
const session = await loadModelSession(store, manifest, manifest.onnx, { open: openOnnxSession, threads: 1 });
const pictures = await Promise.all(files.map((file) => readFile(file)));
const { height, width, channels } = manifest.input;
let answered = 0;
const answer = async () => {
  const picture = pictures[answered % pictures.length] ?? new Uint8Array();
  const input = await decodeToInput(picture, manifest.input);
  await session.run(new Float32Array(input), [1, height, width, channels]);
  answered += 1;
};
for (let warmUp = 0; warmUp < 5; warmUp++) await answer();
answered = 0;
// All begin together.
process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));
const began = performance.now();
while (performance.now() - began < Number(seconds) * 1000) await answer();
process.send?.({ answered, seconds: (performance.now() - began) / 1000 });
process.disconnect?.();
