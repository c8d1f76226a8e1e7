// What is trained on a GPU: networks of ours, the same of timm, and in which variants.

import type { TrainVariant } from './train-worker.ts';

/** Most important first. */
export const TRAIN_NETWORKS = [
  { name: 'resnet50', timm: 'resnet50' },
  { name: 'mobilenet_v2_1.0', timm: 'mobilenetv2_100' },
  { name: 'xception', timm: 'legacy_xception' },
  { name: 'efficientnet_b0', timm: 'efficientnet_b0' },
] as const;

/** @param batches The first is measured in every variant, the others in the quickest. */
export function trainVariants(batches: readonly number[], kinds: 'all' | 'mixed'): readonly TrainVariant[] {
  const [first = 256, ...others] = batches;
  const mixed = (['float16', 'bfloat16'] as const).map(
    (precision): TrainVariant => ({ batch: first, precision, feed: 'resident' }),
  );
  if (kinds === 'mixed') return mixed;
  return [
    ...mixed,
    { batch: first, precision: 'float32', feed: 'resident' },
    { batch: first, precision: 'float16', feed: 'pixels' },
    ...others.map((batch): TrainVariant => ({ batch, precision: 'float16', feed: 'resident' })),
  ];
}

export const torchVariants = (batches: readonly number[]) => [
  ...batches.map((batch) => ({ batch, compile: false })),
  { batch: batches[0] ?? 256, compile: true },
];
