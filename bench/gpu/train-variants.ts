// The networks that are trained on a GPU, here and with timm, and in which variants.

import type { TrainVariant } from './train-worker.ts';

/** The networks and their names in timm, the most important first. */
export const TRAIN_NETWORKS = [
  { name: 'resnet50', timm: 'resnet50' },
  { name: 'mobilenet_v2_1.0', timm: 'mobilenetv2_100' },
  { name: 'xception', timm: 'legacy_xception' },
  { name: 'efficientnet_b0', timm: 'efficientnet_b0' },
] as const;

/**
 * The variants that are measured of each network.
 *
 * @param batches Batch sizes. The first is measured in every variant, the others in the fastest.
 * @param kinds `compiled`: a few, because each is compiled for half a minute and more.
 */
export function trainVariants(
  batches: readonly number[],
  kinds: 'all' | 'compiled' | 'towers',
): readonly TrainVariant[] {
  const [first = 256, ...others] = batches;
  if (kinds === 'towers')
    return (['bfloat16', 'float32'] as const).flatMap((precision) =>
      [1, 2].map((towers): TrainVariant => ({ batch: first, precision, feed: 'pixels', towers })),
    );
  const mixed: readonly TrainVariant[] = [
    { batch: first, precision: 'bfloat16', feed: 'resident' },
    { batch: first, precision: 'bfloat16', feed: 'staged' },
  ];
  if (kinds === 'compiled') return mixed;
  return [
    ...mixed,
    { batch: first, precision: 'float16', feed: 'resident' },
    { batch: first, precision: 'float32', feed: 'resident' },
    { batch: first, precision: 'bfloat16', feed: 'pixels' },
    ...others.map((batch): TrainVariant => ({ batch, precision: 'bfloat16', feed: 'resident' })),
  ];
}
