// Reads a classifier of an `.onnx` file: its input, its scores and its labels, by the graph, its metadata and the files beside it, and
// checks by running it that it gives one score for each label.

import { checkBackboneSize } from '../backbone/import-backbone.ts';
import { mergeWeights } from '../backbone/merge-weights.ts';
import { probeModel } from '../backbone/probe-backbone.ts';
import type { WeightFiles } from '../backbone/weight-files.ts';
import { FoveaError } from '../errors/errors.ts';
import { describePreprocessing, type ModelInput, type Preprocessing } from '../image/model-input.ts';
import { preprocessPixels } from '../image/preprocess-pixels.ts';
import { inColorOrder } from '../image/to-normalization.ts';
import { readServingFacts, type ServingFacts } from '../model/serving-facts.ts';
import type { ClassifierOnnx } from '../network/onnx/attach-head.ts';
import { type AppendedActivation, toClassifierModel } from '../network/onnx/classifier-model.ts';
import type { Layout } from '../network/onnx/export-context.ts';
import { cutAtOutput } from '../network/onnx/feature-model.ts';
import { readGraphHead } from '../network/onnx/graph-head.ts';
import { type GraphTail, readGraphTail } from '../network/onnx/graph-tail.ts';
import { DATA_TYPE, decodeValueInfo, type ValueInfo } from '../network/onnx/onnx-schema.ts';
import { decodePacked, type PackedModel } from '../network/onnx/packed-model.ts';
import { constantsOf, readMetadata, readNodes } from '../network/onnx/read-graph.ts';
import { uniformAt } from '../random.ts';
import type { AskedSettings } from './asked-settings.ts';
import { type ExportHints, readProperties } from './export-hints.ts';
import { createKnownFacts, type KnownFacts } from './known-facts.ts';
import { checkLabels, parsePrintedLabels } from './read-labels.ts';

/** A classifier in the served form. */
export interface OnnxClassifier extends ClassifierOnnx {
  readonly labels: readonly string[];
  /** Without the framing. */
  readonly input: Pick<ModelInput, 'height' | 'width' | 'channels' | 'preprocessing'>;
  readonly layout: Layout;
  /** The value that the last dense layer reads; undefined where the graph shows none. */
  readonly features: string | undefined;
  /** What was settled, and by what, in words. */
  readonly facts: ReadonlyMap<string, string>;
  /** What the file says of how Fovea served it; undefined where another program has written it. */
  readonly own: ServingFacts | undefined;
}

const MAX_SIDE = 2048;
/** Metadata of a file at most, in characters. */
const MAX_METADATA = 4_000_000;
/** How far a sum of probabilities may be from 1. */
const SUM_TOLERANCE = 1e-3;
const INPUT_TYPES: readonly number[] = [DATA_TYPE.float32, DATA_TYPE.float16, DATA_TYPE.uint8, 11];

const unsupported = (problem: string, details: Readonly<Record<string, unknown>> = {}) =>
  new FoveaError('model-unsupported', `The model cannot be imported: ${problem}`, { param: 'file', details });

/**
 * Reads a classifier.
 * @throws {FoveaError} `model-unsupported`; `model-setting-needed`, naming what the files do not tell; `labels-invalid`;
 *   `backbone-unreadable`, `backbone-ops-unsupported`, `backbone-external-data`, `backbone-too-large`.
 */
export async function readOnnxClassifier(
  onnx: Uint8Array,
  weightFiles: WeightFiles,
  hints: ExportHints,
  asked: AskedSettings,
): Promise<OnnxClassifier> {
  checkBackboneSize(onnx.byteLength);
  const whole = decodePacked(onnx);
  const nodes = readNodes(whole);
  const constantOf = constantsOf(whole, nodes);
  const texts = readMetadata(onnx);
  const own = readServingFacts(texts);
  const metadata = own === undefined ? hintsOfMetadata(texts) : hintsOfOwn(own);
  const facts = createKnownFacts();

  const output = facts.require(
    'output',
    [
      [asked.output, 'asked for'],
      [onlyScores(whole, nodes), 'the outputs of the graph'],
    ],
    'the name of the output with the scores',
  ).value;
  const tail = readGraphTail(nodes, constantOf, output);
  if (tail.operator === 'ArgMax')
    throw unsupported(
      `its output "${output.slice(0, 80)}" is the number of the best class (ArgMax), and the scores of all classes are needed. Name the value ` +
        `that ArgMax reads: output "${(tail.operand ?? '').slice(0, 80)}".`,
      { output, scores: tail.operand },
    );
  const cut = cutAtOutput(whole, tail.scores);
  const picture = onlyPicture(cut);
  const head = readGraphHead(nodes, constantOf, picture.name);

  const layout = facts.require(
    'layout',
    [
      [asked.layout, 'asked for'],
      [layoutOfShape(picture), 'the shape of the input'],
      [head.layout, 'the first layers of the graph'],
    ],
    'the order of its axes: nchw as in PyTorch, or nhwc as in TensorFlow',
  ).value;
  const size = readSize(facts, picture, layout, asked, [metadata, hints], head.channels);
  const preprocessing = settlePreprocessing(facts, asked, [metadata, hints], {
    ...head,
    isBytes: picture.dataType === DATA_TYPE.uint8,
    isGray: size.channels === 1,
  });

  const { model } = await mergeWeights(cut, weightFiles, onnx.byteLength, checkBackboneSize);
  const ends = { ...size, layout, classes: 1, isBinary: false };
  const rows = await probe(
    toClassifierModel(model, { ...ends, activation: 'none' }).onnx,
    size,
    preprocessing,
  );
  const activation = settleActivation(facts, asked, [metadata, hints], tail, rows);
  const { labels, isBinary } = settleLabels(
    facts,
    asked,
    [metadata, hints],
    tail,
    rows[0]?.length ?? 0,
    activation,
  );
  const isOneLogit = isBinary && activation === 'softmax';
  const served = toClassifierModel(model, {
    ...ends,
    activation: isOneLogit ? 'sigmoid' : activation,
    classes: labels.length,
    isBinary,
  });
  checkScores(await probe(served.onnx, size, preprocessing), labels.length);
  return {
    ...served,
    labels,
    input: { ...size, preprocessing },
    layout,
    features: tail.features,
    facts: facts.words,
    own,
  };
}

/** What a file of Fovea's own says. Whatever comes last in its graph, its scores are probabilities. */
const hintsOfOwn = ({ labels, input: { preprocessing } }: ServingFacts): ExportHints => ({
  labels,
  preprocessing,
  activation: 'none',
});

/** What the metadata inside the file says. Ultralytics writes the classes as Python prints them, and its task. */
function hintsOfMetadata(metadata: ReadonlyMap<string, string>): ExportHints {
  const text = (key: string) => {
    const value = metadata.get(key);
    return value === undefined || value.length > MAX_METADATA ? undefined : value;
  };
  const task = text('task');
  if (task !== undefined && task !== 'classify' && text('stride') !== undefined)
    throw unsupported(
      `its metadata says that its task is ${JSON.stringify(task.slice(0, 80))}; only classifiers can be imported.`,
    );
  const labels = ['names', 'classes', 'labels'].flatMap((key) => parsePrintedLabels(text(key) ?? '') ?? []);
  return {
    ...readProperties(Object.fromEntries(metadata)),
    ...(labels.length === 0 ? {} : { labels }),
    ...(task === 'classify' ? { preprocessing: 'unit' as const } : {}),
  };
}

/** The only output that can be scores: the maps of classes, or the only tensor of floats. */
function onlyScores({ graph }: PackedModel, nodes: ReturnType<typeof readNodes>): string | undefined {
  const outputs = graph.output.map(decodeValueInfo);
  const maps = outputs.filter(({ name }) =>
    nodes.some(({ opType, output }) => opType === 'ZipMap' && output.includes(name)),
  );
  const floats = outputs.filter(
    ({ dataType }) => dataType === DATA_TYPE.float32 || dataType === DATA_TYPE.float16,
  );
  const candidates = [maps, floats, outputs].find((list) => list.length === 1);
  return candidates?.[0]?.name;
}

function onlyPicture({ graph }: PackedModel): ValueInfo {
  const inputs = graph.input.map(decodeValueInfo);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw unsupported(
      `its scores are computed from ${inputs.length} inputs, ${inputs.map(({ name }) => JSON.stringify(name.slice(0, 80))).join(', ')}; they ` +
        'must need one picture and nothing else.',
    );
  const shape = `[${input.dimensions.map((size) => size ?? 'open').join(', ')}]`;
  if (input.dimensions.length !== 4 || !INPUT_TYPES.includes(input.dataType))
    throw unsupported(
      `its input "${input.name.slice(0, 80)}" is ${shape} of type ${input.dataType}; a batch of pictures with 4 axes in float32, float16, ` +
        'float64 or uint8 is needed.',
    );
  const [batch] = input.dimensions;
  if (batch !== undefined && batch !== 1)
    throw unsupported(
      `its input ${shape} takes ${batch} pictures at a time; one, or any number, is needed. Export it with a batch of 1.`,
    );
  return input;
}

const isChannels = (size: number | undefined) => size === 1 || size === 3;

function layoutOfShape({ dimensions: [, a, b, c] }: ValueInfo): Layout | undefined {
  const isFirst = isChannels(a) && !isChannels(c);
  const isLast = isChannels(c) && !isChannels(a);
  // With open sides, or pictures of 3 pixels, the graph must tell.
  if (b !== undefined && isFirst) return 'nchw';
  if (b !== undefined && isLast) return 'nhwc';
  return undefined;
}

function readSize(
  facts: KnownFacts,
  { dimensions }: ValueInfo,
  layout: Layout,
  asked: AskedSettings,
  hints: readonly ExportHints[],
  convolved: number | undefined,
) {
  const [, a, b, c] = dimensions;
  const [channels, height, width] = layout === 'nchw' ? [a, b, c] : [c, a, b];
  const shape = height === undefined || width === undefined ? undefined : { height, width };
  const side = hints.find(({ imageSize }) => imageSize !== undefined)?.imageSize;
  const { value: size } = facts.require(
    'size',
    [
      // The shape of an input cannot be argued with.
      [shape, 'the shape of the input'],
      [asked.size, 'asked for'],
      [hints.find((hint) => hint.size !== undefined)?.size, 'the files beside the model'],
      [side === undefined ? undefined : { height: side, width: side }, 'the files beside the model'],
    ],
    'height and width of its input in pixels',
  );
  const isSide = (value: number) => Number.isInteger(value) && value >= 1 && value <= MAX_SIDE;
  if (!isSide(size.height) || !isSide(size.width))
    throw unsupported(
      `its pictures are ${size.height}×${size.width}; at most ${MAX_SIDE} pixels a side are allowed.`,
    );
  if (asked.size !== undefined && (asked.size.height !== size.height || asked.size.width !== size.width))
    throw unsupported(
      `its input is ${size.height}×${size.width}, and ${asked.size.height}×${asked.size.width} was asked for.`,
    );
  const count = facts.require(
    'channels',
    [
      [channels, 'the shape of the input'],
      [convolved, 'the first convolution'],
      [3, 'usual'],
    ],
    'their number',
  ).value;
  if (count !== 1 && count !== 3)
    throw unsupported(`its input has ${count} channels as ${layout}; 1 or 3 are allowed. Check the layout.`);
  return { ...size, channels: count as 1 | 3 };
}

function settlePreprocessing(
  facts: KnownFacts,
  asked: AskedSettings,
  hints: readonly ExportHints[],
  head: ReturnType<typeof readGraphHead> & { readonly isBytes: boolean; readonly isGray: boolean },
): Preprocessing {
  const wanted = asked.preprocessing && describePreprocessing(asked.preprocessing);
  if (head.isBytes && wanted !== undefined && wanted !== 'none')
    throw unsupported(
      `its input is uint8, which takes pixels as they are, and the preprocessing ${wanted} was asked for. Leave the preprocessing out, or export ` +
        'the model with an input of float32.',
      { preprocessing: wanted },
    );
  const shown = `the graph, which begins with ${head.operators.join(', ')}`;
  const { value: known } = facts.require<Preprocessing>(
    'preprocessing',
    [
      [head.isBytes ? 'none' : undefined, 'the type of the input, uint8'],
      [asked.preprocessing, 'asked for'],
      ...hints.map((hint) => [hint.preprocessing, 'the files of the model'] as const),
      [head.range === 'byte' ? 'none' : undefined, shown],
      [head.range === 'unit' ? 'unit' : undefined, shown],
    ],
    'how pixels become its input: tf (-1 to 1), unit (0 to 1), none (0 to 255), torch, caffe, or mean and std',
  );
  const order = facts.settle('color order', [
    [asked.colorOrder, 'asked for'],
    ...hints.map((hint) => [hint.colorOrder, 'the files of the model'] as const),
  ]);
  if (head.isGray || order === undefined) return known;
  return inColorOrder(known, order.value);
}

async function probe(
  onnx: Uint8Array,
  { height, width, channels }: Pick<ModelInput, 'height' | 'width' | 'channels'>,
  preprocessing: Preprocessing,
): Promise<readonly Float32Array[]> {
  const pictures = [0, 1, 2].map((seed) => {
    const pixels = Uint8Array.from({ length: height * width * channels }, (_, i) => 256 * uniformAt(seed, i));
    return {
      values: preprocessPixels(pixels, channels, preprocessing),
      dims: [1, height, width, channels],
    };
  });
  const rows = await probeModel(onnx, pictures);
  const wrong = rows.find(({ dims, values }) => dims[0] !== 1 || !values.every(Number.isFinite));
  if (wrong === undefined) return rows.map(({ values }) => values);
  throw unsupported(
    `its scores for one picture have the shape [${wrong.dims.join(', ')}], or are not finite numbers. Check layout, size and preprocessing ` +
      `(${describePreprocessing(preprocessing)}).`,
  );
}

const isDistribution = (row: Float32Array) =>
  row.length > 1 &&
  row.every((value) => value >= 0 && value <= 1 + SUM_TOLERANCE) &&
  Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) <= SUM_TOLERANCE;

function settleActivation(
  facts: KnownFacts,
  asked: AskedSettings,
  hints: readonly ExportHints[],
  { ending, operator }: GraphTail,
  rows: readonly Float32Array[],
): AppendedActivation {
  const shown = `the graph, which ends with ${operator}`;
  return facts.require<AppendedActivation>(
    'activation',
    [
      [asked.activation, 'asked for'],
      [ending === 'softmax' || ending === 'sigmoid' ? 'none' : undefined, shown],
      [ending === 'logarithm' ? 'exponential' : undefined, shown],
      [hints.find((hint) => hint.activation !== undefined)?.activation, 'the files beside the model'],
      [
        rows.length > 0 && rows.every(isDistribution) ? 'none' : undefined,
        'measured: its scores add up to 1',
      ],
      [ending === 'none' ? 'softmax' : undefined, shown],
    ],
    'what is still to be applied to its output: none, softmax or sigmoid',
  ).value;
}

function settleLabels(
  facts: KnownFacts,
  asked: AskedSettings,
  hints: readonly ExportHints[],
  tail: GraphTail,
  scores: number,
  activation: AppendedActivation,
): { labels: readonly string[]; isBinary: boolean } {
  const { value, from } = facts.require<readonly string[]>(
    'labels',
    [
      [asked.labels, 'asked for'],
      ...hints.map((hint) => [hint.labels, 'the files of the model'] as const),
      [tail.labels, 'the graph'],
    ],
    `the names of its ${scores} classes, in the order of its output`,
  );
  const labels = checkLabels(value, from);
  const isBinary = scores === 1 && labels.length === 2 && activation !== 'exponential';
  if (labels.length === scores || isBinary) return { labels, isBinary };
  throw new FoveaError(
    'labels-invalid',
    `The network has ${scores} scores, and there are ${labels.length} labels (${from}). Give the name of every class, in the order of its ` +
      'output.',
    { param: 'labels', details: { received: labels.length, allowed: scores } },
  );
}

function checkScores(rows: readonly Float32Array[], classes: number): void {
  const wrong = rows.find(
    (row) =>
      row.length !== classes || row.some((value) => value < -SUM_TOLERANCE || value > 1 + SUM_TOLERANCE),
  );
  if (wrong === undefined) return;
  throw new FoveaError(
    'model-setting-needed',
    `The scores of the model for noise are ${[...wrong.slice(0, 5)].map((value) => value.toPrecision(3)).join(', ')}, not from 0 to 1: ` +
      'softmax or sigmoid is not inside. Give activation: softmax or sigmoid.',
    { param: 'activation' },
  );
}
