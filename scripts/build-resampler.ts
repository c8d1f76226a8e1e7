// Turns core/image/resample.wat, the text of a WebAssembly module, into core/image/resample-kernel.ts. A test compares the two.

import { readFile, writeFile } from 'node:fs/promises';
import { renderKernel } from './build-resampler/render-kernel.ts';

const folder = new URL('../core/image/', import.meta.url);
const text = await readFile(new URL('resample.wat', folder), 'utf8');
await writeFile(new URL('resample-kernel.ts', folder), await renderKernel(text));
