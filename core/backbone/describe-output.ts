// Finds out what the output of an imported model is, by what it is for two pictures, and how it becomes a feature vector.

import { FoveaError } from '../errors/errors.ts';
import type { ModelInput } from '../image/model-input.ts';
import type { Layout } from '../network/onnx/export-context.ts';
import type { OutputLayout } from '../network/onnx/feature-model.ts';
import { type ChosenPooling, choosePooling, type PoolingHints } from './pool-tokens.ts';
import type { ProbedOutput } from './probe-backbone.ts';

/** What the output of a model is: a vector for each picture, a feature map, or the tokens of a vision transformer. */
export interface DescribedOutput {
  /** Without the batch. */
  readonly shape: readonly number[];
  /** Layout of a feature map, whose mean over its places is taken. */
  readonly layout: OutputLayout;
  /** Length of the vector that becomes of it. */
  readonly features: number;
  /** How tokens are pooled; absent for other outputs. */
  readonly pooled?: ChosenPooling;
}

/**
 * Finds out what the output for two pictures is: a vector; a feature map with the proportions of the picture; or tokens.
 * @param asked Layout of a feature map that could be of either.
 * @throws {FoveaError} `backbone-output-unsupported`.
 */
export function describeOutput(
  { dims }: ProbedOutput,
  input: ModelInput,
  asked: Layout | undefined,
  hints: PoolingHints,
): DescribedOutput {
  const [batch, ...shape] = dims;
  const shown = `[${dims.join(', ')}]`;
  if (batch === 2 && shape.length === 2 && !shape.includes(0)) {
    const [tokens = 0, width = 0] = shape;
    const pooled = choosePooling([tokens, width], input, hints);
    return { shape, layout: 'tokens', features: width, pooled };
  }
  if (hints.asked !== undefined) {
    throw new FoveaError(
      'backbone-output-unsupported',
      `The output for 2 pictures has the shape ${shown}, and --pool is for tokens, [batch, tokens, width]. Leave it out, or name a ` +
        'value of tokens with --output.',
      { param: 'pool', details: { received: [...dims] } },
    );
  }
  if (batch !== 2 || shape.includes(0)) {
    throw outputUnsupported(`The output for 2 pictures has the shape ${shown}.`, { received: [...dims] });
  }
  if (shape.length === 1) return { shape, layout: 'vector', features: shape[0] as number };
  const [a = 0, b = 0, c = 0] = shape;
  const candidates = [
    { shape, layout: 'nchw', features: a, isMap: isShrunken(b, c, input) },
    { shape, layout: 'nhwc', features: c, isMap: isShrunken(a, b, input) },
  ] as const;
  const isMeant = ({ layout, isMap }: (typeof candidates)[number]) => isMap && layout === (asked ?? layout);
  const [found, other] = shape.length === 3 ? candidates.filter(isMeant) : [];
  // The layout of the input does not tell that of the output: converters to ONNX keep it outside and change it inside.
  if (found !== undefined && other !== undefined) {
    throw new FoveaError(
      'backbone-output-unsupported',
      `The output for 2 pictures of ${input.height}×${input.width} has the shape ${shown}: a map of ${found.features} channels as ` +
        `${found.layout}, or of ${other.features} as ${other.layout}. Say which with --output-layout.`,
      { param: 'output_layout', details: { received: [...dims] } },
    );
  }
  if (found !== undefined) return found;
  throw outputUnsupported(
    `The output for 2 pictures of ${input.height}×${input.width} has the shape ${shown}.`,
    { received: [...dims] },
  );
}

/** Whether a feature map may be the picture made smaller: it has the same proportions, with each side rounded. */
const isShrunken = (height: number, width: number, input: ModelInput): boolean =>
  height <= input.height &&
  width <= input.width &&
  Math.abs(height * input.width - width * input.height) < input.height + input.width;

/** The error of an output that gives no features. */
export const outputUnsupported = (problem: string, details: Readonly<Record<string, unknown>>) =>
  new FoveaError(
    'backbone-output-unsupported',
    `${problem} Features must be a vector for each picture, [batch, features], a feature map, [batch, channels, height, width] or ` +
      '[batch, height, width, channels], or tokens, [batch, tokens, width]. Name such a value with --output.',
    { param: 'output', details },
  );
