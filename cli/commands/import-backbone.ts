// `fovea import-backbone`: imports an .onnx file of this machine as a backbone that jobs train classifiers on. It works on
// the data folder itself, because the file is on this machine and may be far larger than a request.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { toArchitectureName } from '../../core/backbone/backbone.ts';
import {
  checkBackboneSize,
  type ImportedBackbone,
  importBackbone,
} from '../../core/backbone/import-backbone.ts';
import type { ChosenPooling } from '../../core/backbone/pool-tokens.ts';
import { weightFilesIn } from '../../core/backbone/weight-files.ts';
import { describePreprocessing, describeResize, type Preprocessing } from '../../core/image/model-input.ts';
import type { Layout } from '../../core/network/onnx/export-context.ts';
import type { Pooling } from '../../core/network/onnx/find-pooling.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { shownStart } from '../terminal/shown-command.ts';

/** The options of `fovea import-backbone`. */
export interface ImportBackboneOptions {
  readonly data: string;
  /** Name of the backbone; default: that of the file without its extension. */
  readonly name?: string;
  readonly size?: { readonly height: number; readonly width: number };
  readonly layout: Layout;
  readonly preprocessing: Preprocessing;
  readonly output?: string;
  readonly outputLayout?: Layout;
  readonly pool?: Pooling;
}

/**
 * Imports the backbone in `file`, and prints its input, its features and the next command.
 * @throws {FoveaError} what {@link importBackbone} throws, or opening the folder.
 */
export async function runImportBackbone(file: string, options: ImportBackboneOptions): Promise<void> {
  const { data, name = path.parse(file).name, ...request } = options;
  checkBackboneSize((await stat(file)).size);
  const onnx = await readFile(file);
  const dataDir = path.resolve(data);
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const imported = await importBackbone(
    { store, now: Date.now },
    { ...request, name, onnx, weightFiles: weightFilesIn(path.dirname(file)) },
  );
  const { backbone, below, weightFiles } = imported;
  const { input, features, source } = backbone;
  console.log(`Backbone "${backbone.name}": ${(backbone.sizeBytes / 1e6).toFixed(1)} MB
  input     ${input.height}×${input.width}×${input.channels}, preprocessing ${describePreprocessing(input.preprocessing)}, resize ${describeResize(input)}
  features  ${features} from "${source.output}"${describeOutput(imported)}
${describeWeights(weightFiles)}${request.output === undefined ? describeBelow(below) : ''}Train on it with: ${shownStart({ data })}, and a job of "model": "${toArchitectureName(backbone.name)}"`);
}

const TAKEN = { cls: 'the class token', mean: 'the mean' } satisfies Record<Pooling, string>;
const BECAUSE = {
  request: '',
  graph: ', which the graph takes, too',
  count: ', by their number (--pool chooses otherwise)',
} satisfies Record<ChosenPooling['by'], string>;

function describeOutput({ outputShape, outputLayout, pooled }: ImportedBackbone): string {
  const shape = `[${outputShape.join(', ')}]`;
  if (pooled !== undefined) return `, ${TAKEN[pooled.pooling]} of tokens ${shape}${BECAUSE[pooled.by]}`;
  return outputLayout === 'vector' ? '' : `, the mean of a feature map ${shape} (${outputLayout})`;
}

/** Names the weight files: one of most exports, hundreds of some. */
function describeWeights(weightFiles: readonly string[]): string {
  if (weightFiles.length === 0) return '';
  const [first, ...others] = weightFiles;
  const more = others.length === 0 ? '' : ` and ${others.length} more files`;
  return `  weights   from "${first}"${more}, now inside\n`;
}

/** Names values before the output: whoever has exported a whole classifier needs what its last layers read. */
const describeBelow = (below: readonly string[]) =>
  `  earlier   ${below.map((name) => `"${name}"`).join('\n            ')}
If the features are a classifier's probabilities or logits, import an earlier value instead: --output with one of these, and another --name.
`;
