// `fovea import-backbone`: imports an .onnx file, of this machine or pulled, as a backbone that jobs train classifiers on. It works on
// the data folder itself, because the file may be far larger than a request, and a server fetches nothing that a request names.

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseBackboneName, toArchitectureName } from '../../core/backbone/backbone.ts';
import {
  checkBackboneSize,
  type ImportBackboneRequest,
  type ImportedBackbone,
  importBackbone,
  MAX_BACKBONE_BYTES,
} from '../../core/backbone/import-backbone.ts';
import type { ChosenPooling } from '../../core/backbone/pool-tokens.ts';
import { weightFilesIn } from '../../core/backbone/weight-files.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { type AskedFraming, describePreprocessing, describeResize } from '../../core/image/model-input.ts';
import type { Layout } from '../../core/network/onnx/export-context.ts';
import type { Pooling } from '../../core/network/onnx/pooling.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { HUB_INPUT_FILE, type HubInput, parseHubInput } from '../pull/hub-input.ts';
import { openPull, type Pull, type PullCommandOptions } from '../pull/open-pull.ts';
import { pulledWeights } from '../pull/pulled-weights.ts';
import { isNotThere } from '../pull/request-file.ts';
import { isSource, isUrl } from '../pull/source-address.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { shownStart } from '../terminal/shown-command.ts';
import { toUserPath } from '../terminal/user-path.ts';
import { type PreprocessingOptions, toPreprocessing } from './preprocessing-options.ts';

/** Where exports are in most repositories of a hub. */
const HUB_MODEL = 'onnx/model.onnx';
/** Some hundred bytes are usual. */
const MAX_HUB_INPUT_BYTES = 1e6;

/** The options of `fovea import-backbone`. */
export interface ImportBackboneOptions extends PullCommandOptions, PreprocessingOptions, AskedFraming {
  readonly data: string;
  /** Name of the backbone; default: that of the file without its extension. */
  readonly name?: string;
  readonly size?: { readonly height: number; readonly width: number };
  /** Default: what the hub says. */
  readonly layout?: Layout;
  readonly output?: string;
  readonly outputLayout?: Layout;
  readonly pool?: Pooling;
}

/**
 * Imports a backbone, and prints its input, its features and the next command.
 * @param source A file, a URL, or `org/name` of a hub.
 * @throws {FoveaError} what {@link importBackbone} or pulling throws, or opening the folder.
 */
export async function runImportBackbone(source: string, options: ImportBackboneOptions): Promise<void> {
  const { data, name, size, layout, resize, crop, output, outputLayout, pool } = options;
  const store = await openObjectStore(pathToFileURL(path.resolve(data)).href);
  const { hub, ...model } = await openModel(source, store, options);
  const imported = await importBackbone(
    { store, now: Date.now },
    {
      ...model,
      name: name ?? model.name,
      layout: layout ?? hub?.layout ?? missing('--layout'),
      preprocessing: toPreprocessing(options) ?? hub?.preprocessing ?? missing('--preprocessing'),
      size: size ?? hub?.size,
      ...(resize === undefined && crop === undefined ? hub?.framing : { resize, crop }),
      output,
      outputLayout,
      pool,
    },
  );
  const { backbone, below, weightFiles } = imported;
  const { input, features, source: origin } = backbone;
  console.log(`Backbone "${backbone.name}": ${(backbone.sizeBytes / 1e6).toFixed(1)} MB
  input     ${input.height}×${input.width}×${input.channels}, preprocessing ${describePreprocessing(input.preprocessing)}, resize ${describeResize(input)}
  features  ${features} from "${origin.output}"${describeOutput(imported)}
${describeWeights(weightFiles)}${output === undefined ? describeBelow(below) : ''}Train on it with: ${shownStart({ data })}, and a job of "model": "${toArchitectureName(backbone.name)}"`);
}

/** A model, and what the hub that it is from says of its input. */
interface OpenedModel extends Pick<ImportBackboneRequest, 'name' | 'onnx' | 'weightFiles'> {
  readonly hub?: HubInput | undefined;
}

function missing(option: '--layout' | '--preprocessing'): never {
  throw new FoveaError(
    'backbone-input-unsupported',
    option === '--layout'
      ? 'Say with --layout nchw or nhwc in which order the input has its axes: nchw in PyTorch, nhwc in TensorFlow.'
      : 'Say with --preprocessing, or with --mean and --std, how pixels become the input, as the network was trained.',
    { param: option.slice(2) },
  );
}

/** Reads the model from this machine, or pulls it. */
async function openModel(
  source: string,
  store: ObjectStore,
  options: PullCommandOptions & { readonly name?: string },
): Promise<OpenedModel> {
  const file = toUserPath(source);
  // What is named like a file is never looked for on a hub, which need not learn the names of files here.
  const isPulled =
    isUrl(source) || (isSource(source) && path.extname(source) !== '.onnx' && !existsSync(file));
  if (!isPulled) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true)
      throw new UsageError(
        `There is no file "${file}". Name an .onnx file, its URL, or a repository of a hub as org/name.`,
      );
    checkBackboneSize(found.size);
    return {
      name: path.parse(file).name,
      onnx: await readFile(file),
      weightFiles: weightFilesIn(path.dirname(file)),
    };
  }
  const { address, pull } = openPull(source, store, options);
  const { url, name, other } = address(source, HUB_MODEL);
  // Before hours of a download, and not after them.
  parseBackboneName(options.name ?? name);
  const limits = { maxBytes: MAX_BACKBONE_BYTES };
  const pulled = await pull(url, { ...limits, kind: 'onnx' });
  return {
    name,
    hub: other === undefined ? undefined : await pullHubInput(other(HUB_INPUT_FILE), pull),
    onnx: await readFile(pulled.path),
    weightFiles: pulledWeights(url, (beside) => pull(beside, { ...limits, isBeside: true })),
  };
}

/** What a repository says of its model's input; undefined where it has no such file. */
async function pullHubInput(url: URL, pull: Pull['pull']): Promise<HubInput | undefined> {
  try {
    const { path: file } = await pull(url, { maxBytes: MAX_HUB_INPUT_BYTES, kind: 'json', isBeside: true });
    return parseHubInput(await readFile(file, 'utf8'));
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
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
