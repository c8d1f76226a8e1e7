// Mixes the pictures of a batch in pairs, and their labels with them: mixup (Zhang et al. 2018) averages two pictures,
// CutMix (Yun et al. 2019) pastes a rectangle. The draws depend on seed, epoch and the number of the batch alone.

import { type Augmentation, mixesPictures } from '../../core/job/recipe/recipe.ts';
import { deriveSeed, permutation, uniformAt } from '../../core/random.ts';
import { type Mixture, toMixInputs } from '../augmentation/device-views.ts';
import type { Batch, PreprocessedBatch } from '../tensorflow/engine/engine.ts';
import type { ExampleBatch, PixelBatch } from './example-source.ts';

/** How strongly pictures are mixed, and what they are. */
export interface MixOptions {
  readonly augmentation: Pick<Augmentation, 'mixup' | 'cutmix'>;
  readonly seed: number;
  readonly classes: number;
  /** `[height, width, channels]` of one picture. */
  readonly shape: readonly [number, number, number];
}

const STREAM = 0x6d6978;
const PAIRS = 1;
/** Attempts of Jöhnk's method, which takes two draws for each; about one attempt in 1 + alpha succeeds. */
const MAX_ATTEMPTS = 200;

/** A draw of Beta(alpha, alpha) by Jöhnk's method (1964), which is efficient for alpha ≤ 1 and correct for all. */
function betaDraw(alpha: number, seed: number): number {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const x = uniformAt(seed, 2 * attempt) ** (1 / alpha);
    const y = uniformAt(seed, 2 * attempt + 1) ** (1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
  return 0.5;
}

type MixtureOptions = Pick<MixOptions, 'augmentation' | 'seed' | 'shape'>;

/** Draws how the `count` pictures of the batch `index` of an epoch are mixed. */
export function drawMixture(
  { augmentation: { mixup, cutmix }, seed, shape: [height, width] }: MixtureOptions,
  count: number,
  epoch: number,
  index: number,
): Mixture {
  const stream = deriveSeed(seed, STREAM, epoch, index);
  const isBlend = mixup > 0 && (cutmix === 0 || uniformAt(stream, 0) < 0.5);
  const drawn = betaDraw(isBlend ? mixup : cutmix, deriveSeed(stream, 2));
  // The picture itself always has the larger share.
  const own = Math.max(drawn, 1 - drawn);
  const partners = permutation(count, deriveSeed(stream, PAIRS));
  if (isBlend)
    return { partners, rectangle: { top: 0, left: 0, rows: height, columns: width }, share: 1 - own, own };
  const rows = Math.round(Math.sqrt(1 - own) * height);
  const columns = Math.round(Math.sqrt(1 - own) * width);
  const top = Math.floor(uniformAt(stream, 3) * (height - rows + 1));
  const left = Math.floor(uniformAt(stream, 4) * (width - columns + 1));
  const pasted = (rows * columns) / (height * width);
  return { partners, rectangle: { top, left, rows, columns }, share: 1, own: 1 - pasted };
}

/** Labels of a mixed batch, as probabilities `[count, classes]`. */
export function mixLabels(labels: Int32Array, { partners, own }: Mixture, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    const other = labels[partners[i] as number] as number;
    targets[i * classes + label] = (targets[i * classes + label] as number) + own;
    targets[i * classes + other] = (targets[i * classes + other] as number) + 1 - own;
  });
  return targets;
}

/** A transform for the training loop that mixes network inputs; undefined where the augmentation mixes nothing. */
export function createBatchMixer({
  augmentation,
  seed,
  classes,
  shape,
}: MixOptions): ((batch: ExampleBatch, epoch: number, index: number) => PreprocessedBatch) | undefined {
  if (!mixesPictures(augmentation)) return undefined;
  return ({ images, labels, count }, epoch, index) => {
    const mixture = drawMixture({ augmentation, seed, shape }, count, epoch, index);
    return { images: mixPictures(images, mixture, shape), labels: mixLabels(labels, mixture, classes) };
  };
}

/** Like {@link createBatchMixer}, for pixels that the device mixes. @param options.shape that of a picture after views are cut. */
export function createDeviceMixer({
  augmentation,
  seed,
  classes,
  shape,
}: MixOptions): ((batch: PixelBatch, epoch: number, index: number) => Batch) | undefined {
  if (!mixesPictures(augmentation)) return undefined;
  const [height, width] = shape;
  return ({ images, labels, count, drawn }, epoch, index) => {
    const mixture = drawMixture({ augmentation, seed, shape }, count, epoch, index);
    return {
      images,
      labels: mixLabels(labels, mixture, classes),
      drawn: new Map([...drawn, ...toMixInputs(mixture, { height, width })]),
    };
  };
}

function mixPictures(
  images: Float32Array,
  { partners, rectangle: { top, left, rows, columns }, share, own }: Mixture,
  [height, width, channels]: MixOptions['shape'],
): Float32Array {
  const mixed = Float32Array.from(images);
  const size = height * width * channels;
  partners.forEach((partner, i) => {
    for (let y = top; y < top + rows; y++) {
      const from = (y * width + left) * channels;
      const to = from + columns * channels;
      if (share === 1) {
        mixed.set(images.subarray(partner * size + from, partner * size + to), i * size + from);
        continue;
      }
      for (let k = from; k < to; k++) {
        mixed[i * size + k] =
          own * (images[i * size + k] as number) + share * (images[partner * size + k] as number);
      }
    }
  });
  return mixed;
}
