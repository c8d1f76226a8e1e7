// Draws a batch of the training split as the network sees it, with labels, as one picture. It is the quickest way to see
// whether an augmentation leaves the classes recognizable.

import sharp from 'sharp';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ResolvedRecipe } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { present } from '../../core/present.ts';
import { permutation } from '../../core/random.ts';
import { keys } from '../../core/storage/keys.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Batch, PreprocessedBatch } from '../tensorflow/engine/engine.ts';
import { labelsAt } from './example-source.ts';
import { createBatchMixer } from './mix-batch.ts';
import { type SplitPicturesDeps, trainingPictures } from './split-pictures.ts';
import { toPixels } from './to-pixels.ts';

const COLUMNS = 6;
const ROWS = 4;
/** Pixels of the longer side of a picture. */
const TILE = 160;
const LABEL_HEIGHT = 24;
const GAP = 8;
const MAX_LABEL_LENGTH = 19;

/** The form of the pictures, and the names of the classes. */
export interface ContactSheetOptions {
  readonly input: ModelInput;
  readonly classes: readonly string[];
}

const escapeXml = (text: string) =>
  text
    // XML cannot represent these characters.
    .replaceAll(/\p{Cc}|\uFFFE|\uFFFF/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** The classes of a picture; where pictures were mixed, with their shares. */
function labelOf(labels: Batch['labels'], index: number, classes: readonly string[]): string {
  const nameOf = (c: number) => present(classes[c], `a name of the class ${c}`);
  if (labels instanceof Int32Array) return nameOf(labels[index] as number);
  const shares = [...labels.subarray(index * classes.length, (index + 1) * classes.length)]
    .map((share, c) => ({ share, name: nameOf(c) }))
    .filter(({ share }) => share > 0.005)
    .sort((a, b) => b.share - a.share);
  const [only] = shares;
  if (shares.length === 1 && only !== undefined) return only.name;
  return shares.map(({ share, name }) => `${Math.round(100 * share)} % ${name}`).join(' + ');
}

/** Draws network inputs and their labels as a PNG, at most six pictures in a row. */
export async function drawContactSheet(
  { images, labels }: PreprocessedBatch,
  { input, classes }: ContactSheetOptions,
): Promise<Uint8Array> {
  const { width, height, channels } = input;
  const size = width * height * channels;
  const count = images.length / size;
  const scale = TILE / Math.max(width, height);
  const tile = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const cell = { width: TILE + GAP, height: tile.height + LABEL_HEIGHT + GAP };
  const columns = Math.min(COLUMNS, count);
  const place = (index: number) => ({
    left: GAP + (index % columns) * cell.width,
    top: GAP + Math.floor(index / columns) * cell.height,
  });
  const sheet = {
    width: GAP + columns * cell.width,
    height: GAP + Math.ceil(count / columns) * cell.height,
  };
  const tiles = await Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      input: await sharp(toPixels(images.subarray(index * size, (index + 1) * size), input), {
        raw: { width, height, channels },
      })
        .resize(tile.width, tile.height, { fit: 'fill', kernel: scale > 1 ? 'nearest' : 'cubic' })
        .png()
        .toBuffer(),
      ...place(index),
    })),
  );
  const texts = tiles.map(({ left, top }, index) => {
    const label = labelOf(labels, index, classes);
    const text = label.length > MAX_LABEL_LENGTH ? `${label.slice(0, MAX_LABEL_LENGTH - 1)}…` : label;
    return `<text x="${left}" y="${top + tile.height + 17}">${escapeXml(text)}</text>`;
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.width}" height="${sheet.height}">` +
    `<style>text { font: 14px "DejaVu Sans", "Liberation Sans", sans-serif; fill: #222 }</style>${texts.join('')}</svg>`;
  return sharp({ create: { ...sheet, channels: 3, background: '#fff' } })
    .composite([...tiles, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** What the contact sheet of a job needs. */
export interface SaveContactSheetDeps extends SplitPicturesDeps {
  readonly job: Pick<JobRecord, 'id'>;
  readonly reporter: Pick<JobReporter, 'warn' | 'signal'>;
  readonly inspection: Pick<DatasetInspection, 'classes'>;
  readonly decision: { readonly resolved: Pick<ResolvedRecipe, 'augmentation'> };
  readonly seed: number;
}

/** Saves the contact sheet of a job's training pictures, as the first epoch sees them. */
export async function saveContactSheet(deps: SaveContactSheetDeps): Promise<void> {
  const { store, job, input, seed, reporter } = deps;
  const { classes } = deps.inspection;
  const { augmentation } = deps.decision.resolved;
  const pictures = trainingPictures(deps, { augmentation, seed });
  const source = pictures.atEpoch?.(1) ?? pictures;
  const indices = permutation(source.labels.length, seed).subarray(0, COLUMNS * ROWS);
  const images = new Float32Array(indices.length * inputLength(input));
  await source.fill(indices, images, reporter.signal);
  const batch = { images, labels: labelsAt(source, indices), count: indices.length };
  const mix = createBatchMixer({ augmentation, seed, classes: classes.length, shape: source.shape });
  const png = await drawContactSheet(mix?.(batch, 1, 0) ?? batch, { input, classes });
  await store.put(keys.jobContactSheet(job.id), png, { contentType: 'image/png' });
}
