// Pictures of a batch mixed in pairs, and their labels with them: mixup (Zhang et al. 2018) blends, CutMix (Yun et al.
// 2019) pastes. Seeded by seed, epoch and the number of the batch.

import { type Augmentation, mixesPictures } from '../../../core/job/recipe.ts';
import { deriveSeed, permutation, uniformAt } from '../../../core/random.ts';
import type { Batch } from '../../tensorflow/engine.ts';
import type { ExampleBatch } from '../examples.ts';

export interface MixOptions {
  readonly augmentation: Pick<Augmentation, 'mixup' | 'cutmix'>;
  readonly seed: number;
  readonly classes: number;
  /** `[height, width, channels]` of one picture. */
  readonly shape: readonly [number, number, number];
}

const STREAM = 0x6d6978;
const PAIRS = 1;
/** Attempts of Jöhnk's method need two draws each, and one attempt in 1 + alpha succeeds or so. */
const MAX_ATTEMPTS = 200;

/** Beta(alpha, alpha) by Jöhnk's method (1964), made for alpha ≤ 1 and right for all. */
function betaDraw(alpha: number, seed: number): number {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const x = uniformAt(seed, 2 * attempt) ** (1 / alpha);
    const y = uniformAt(seed, 2 * attempt + 1) ** (1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
  return 0.5;
}

/** A transform for fit, or undefined where nothing is mixed. */
export function createBatchMixer({
  augmentation,
  seed,
  classes,
  shape,
}: MixOptions): ((batch: ExampleBatch, epoch: number, index: number) => Batch) | undefined {
  if (!mixesPictures(augmentation)) return undefined;
  const { mixup, cutmix } = augmentation;
  const size = shape[0] * shape[1] * shape[2];
  return ({ images, labels, count }, epoch, index) => {
    const stream = deriveSeed(seed, STREAM, epoch, index);
    const isBlend = mixup > 0 && (cutmix === 0 || uniformAt(stream, 0) < 0.5);
    const drawn = betaDraw(isBlend ? mixup : cutmix, deriveSeed(stream, 2));
    // Each picture is its own first: the larger share is always its own.
    const own = Math.max(drawn, 1 - drawn);
    const partners = permutation(count, deriveSeed(stream, PAIRS));
    const mixed = Float32Array.from(images);
    const share = isBlend ? own : 1 - paste(mixed, images, partners, size, shape, 1 - own, stream);
    if (isBlend) blend(mixed, images, partners, size, own);
    const targets = new Float32Array(count * classes);
    labels.forEach((label, i) => {
      const other = labels[partners[i] as number] as number;
      targets[i * classes + label] = (targets[i * classes + label] as number) + share;
      targets[i * classes + other] = (targets[i * classes + other] as number) + 1 - share;
    });
    return { images: mixed, labels: targets };
  };
}

function blend(
  mixed: Float32Array,
  images: Float32Array,
  partners: Int32Array,
  size: number,
  own: number,
): void {
  partners.forEach((partner, i) => {
    for (let k = 0; k < size; k++) {
      mixed[i * size + k] =
        own * (images[i * size + k] as number) + (1 - own) * (images[partner * size + k] as number);
    }
  });
}

/** Pastes the same rectangle of each partner; gives its share of the area. */
function paste(
  mixed: Float32Array,
  images: Float32Array,
  partners: Int32Array,
  size: number,
  [height, width, channels]: readonly [number, number, number],
  area: number,
  stream: number,
): number {
  const rows = Math.round(Math.sqrt(area) * height);
  const columns = Math.round(Math.sqrt(area) * width);
  const top = Math.floor(uniformAt(stream, 3) * (height - rows + 1));
  const left = Math.floor(uniformAt(stream, 4) * (width - columns + 1));
  partners.forEach((partner, i) => {
    for (let y = top; y < top + rows; y++) {
      const from = (y * width + left) * channels;
      const to = from + columns * channels;
      mixed.set(images.subarray(partner * size + from, partner * size + to), i * size + from);
    }
  });
  return (rows * columns) / (height * width);
}
