// Decides how the tokens of a vision transformer become one feature vector.

import { FoveaError } from '../errors/errors.ts';
import type { ModelInput } from '../image/model-input.ts';
import type { Pooling } from '../network/onnx/pooling.ts';

/** Networks have channels in multiples of it. */
const CHANNEL_MULTIPLE = 8;

/** How tokens are pooled, and what said so: whoever imports, the graph behind the tokens, or the number of tokens. */
export interface ChosenPooling {
  readonly pooling: Pooling;
  readonly by: 'request' | 'graph' | 'count';
}

/** What is known of how to pool. */
export interface PoolingHints {
  /** What was asked for. */
  readonly asked: Pooling | undefined;
  /** From findPooling. */
  readonly graph: Pooling | 'unclear' | undefined;
}

/**
 * Chooses the pooling: what was asked for; else what the graph does with the tokens; else by their number. One token for each patch
 * of the picture has no class token, so the mean is taken. One token more is a class token.
 *
 * @param shape Number of tokens and their width.
 * @throws {FoveaError} `backbone-output-unsupported` where none of that tells.
 */
export function choosePooling(
  [tokens, width]: readonly [number, number],
  input: ModelInput,
  { asked, graph }: PoolingHints,
): ChosenPooling {
  if (asked !== undefined) return { pooling: asked, by: 'request' };
  if (graph === 'cls' || graph === 'mean') return { pooling: graph, by: 'graph' };
  const isOnePerPatch = isGrid(tokens, input);
  const hasOneMore = isGrid(tokens - 1, input);
  // A feature map whose places are in one axis has its channels where tokens have their number.
  const mayBeChannels = tokens % CHANNEL_MULTIPLE === 0 && isGrid(width, input);
  if (graph === undefined && hasOneMore && !isOnePerPatch) return { pooling: 'cls', by: 'count' };
  if (graph === undefined && isOnePerPatch && !hasOneMore && !mayBeChannels)
    return { pooling: 'mean', by: 'count' };
  throw new FoveaError(
    'backbone-output-unsupported',
    `The output for 2 pictures of ${input.height}×${input.width} has the shape [2, ${tokens}, ${width}]. As tokens, those are ` +
      `${tokens} of width ${width}, and neither the graph nor their number tells how they become one vector. Say it: --pool cls takes ` +
      'the first token, which is the class token of ViT, DINOv2 and CLIP; --pool mean takes the mean of all tokens. Or name another ' +
      'value with --output.',
    { param: 'pool', details: { received: [2, tokens, width], allowed: ['cls', 'mean'] } },
  );
}

/** Whether a picture, cut into square patches of any one size, has so many of them; a rest is left out or padded. */
function isGrid(count: number, { height, width }: ModelInput): boolean {
  return Array.from({ length: Math.min(height, width) }, (_, i) => i + 1).some(
    (patch) =>
      count === Math.floor(height / patch) * Math.floor(width / patch) ||
      count === Math.ceil(height / patch) * Math.ceil(width / patch),
  );
}
