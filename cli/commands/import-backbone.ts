// `fovea import-backbone`: an .onnx file of this machine becomes what jobs train a classifier on. Works on the data folder
// itself, as the file is here and may be far larger than a request.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { toArchitectureName } from '../../core/backbone/backbone.ts';
import { checkBackboneSize, importBackbone } from '../../core/backbone/import-backbone.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { Layout } from '../../core/network/onnx/export-context.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { shownStart } from '../terminal/shown-command.ts';

export interface ImportBackboneOptions {
  readonly data: string;
  /** Left out, that of the file without its ending. */
  readonly name?: string;
  readonly size?: { readonly height: number; readonly width: number };
  readonly layout: Layout;
  readonly preprocessing: ModelInput['preprocessing'];
  readonly output?: string;
  readonly outputLayout?: Layout;
}

export async function runImportBackbone(file: string, options: ImportBackboneOptions): Promise<void> {
  const { data, name = path.parse(file).name, ...request } = options;
  checkBackboneSize((await stat(file)).size);
  const onnx = await readFile(file);
  const dataDir = path.resolve(data);
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const { backbone, outputShape, outputLayout, below } = await importBackbone(
    { store, now: Date.now },
    { ...request, name, onnx },
  );
  const { input, features, source } = backbone;
  const made =
    outputLayout === 'vector' ? '' : `, the mean of a map [${outputShape.join(', ')}] (${outputLayout})`;
  console.log(`Backbone "${backbone.name}": ${(backbone.sizeBytes / 1e6).toFixed(1)} MB
  input     ${input.height}×${input.width}×${input.channels}, preprocessing ${input.preprocessing}
  features  ${features} from "${source.output}"${made}
${request.output === undefined ? describeBelow(below) : ''}Train on it with: ${shownStart({ data })}, and a job of "model": "${toArchitectureName(backbone.name)}"`);
}

/** Whoever has exported a whole classifier wants what its last layers read. */
const describeBelow = (below: readonly string[]) =>
  `  below     ${below.map((name) => `"${name}"`).join('\n            ')}
If the features are a classifier's answers, end further down: --output with one of these values, under another --name.
`;
