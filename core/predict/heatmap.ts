// Where in a picture a class is: the network, made fully convolutional, looks at the picture larger than it was trained
// on, and answers for every window of its own size. No gradients, one run. Knows no HTTP.

import { editDistance } from '../edit-distance.ts';
import { FoveaError } from '../errors/errors.ts';
import { scaleByTemperature } from '../evaluation/temperature.ts';
import { decodeToInput, inputLength } from '../image/decode-to-input.ts';
import type { Manifest, OnnxFile } from '../model/manifest.ts';
import { calibrationOf } from './calibration-of.ts';
import type { ModelSession } from './model-session.ts';

export interface Heatmap {
  readonly label: string;
  /** Of the class in the network's output. */
  readonly index: number;
  readonly rows: number;
  readonly columns: number;
  /** Probability of the class in each window, float32 `[rows, columns]`; softmax is taken in each window on its own. */
  readonly values: Float32Array;
  /**
   * Height of a window as a share of the picture as the model sees it, 0 to 1. Windows are spread evenly: the first
   * row's begin at the top edge, the last row's end at the bottom edge.
   */
  readonly windowHeight: number;
  readonly windowWidth: number;
}

/**
 * Longest side, in pixels, of a picture that a map is made of. Memory grows with the area: the widest layers of VGG16
 * take 270 MB each at this size, which a function of 2 GB still holds.
 */
export const MAX_HEATMAP_SIDE = 1024;

/**
 * The file that draws a model's heatmaps.
 * @throws {FoveaError} `heatmap-unavailable` where the version has none; `heatmap-too-large`.
 */
export function heatmapFileOf(manifest: Manifest, scale: number): OnnxFile {
  const { model, version, heatmap, backbone, input } = manifest;
  if (heatmap === undefined) {
    const reason =
      backbone === undefined
        ? 'its network has no fully convolutional form, or it was made before there were heatmaps. Train or import it again.'
        : `the layers of its imported backbone "${backbone.name}" cannot be made fully convolutional. Train an architecture.`;
    throw new FoveaError(
      'heatmap-unavailable',
      `Version "${version}" of model "${model}" has no heatmap: ${reason}`,
      { param: 'heatmap' },
    );
  }
  const allowed = MAX_HEATMAP_SIDE / Math.max(input.height, input.width);
  if (scale <= allowed) return heatmap;
  throw new FoveaError(
    'heatmap-too-large',
    `A heatmap at ${scale} times the input of ${input.width} × ${input.height} would be of a picture with more than ` +
      `${MAX_HEATMAP_SIDE} pixels a side; at most ${allowed.toFixed(2)} times is allowed.`,
    { param: 'heatmap_scale', details: { received: scale, allowed } },
  );
}

/** Labels named in a message, the most similar first. */
const LABELS_SHOWN = 5;

/**
 * Index of the class that a label, or a number, names. The first of several classes with that label; the number of a
 * class chooses another of them.
 * @throws {FoveaError} `label-unknown`.
 */
export function findClass({ model, labels }: Manifest, wanted: string): number {
  const named = labels.indexOf(wanted);
  if (named !== -1) return named;
  const index = /^\d+$/.test(wanted) ? Number(wanted) : -1;
  if (index >= 0 && index < labels.length) return index;
  const similar = labels
    .map((label) => ({ label, distance: editDistance(wanted, label) }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, LABELS_SHOWN)
    .map(({ label }) => label);
  throw new FoveaError(
    'label-unknown',
    `Model "${model}" has no class ${JSON.stringify(wanted)}. Name "top", a number from 0 to ${labels.length - 1}, or a ` +
      `label, such as ${similar.map((label) => JSON.stringify(label)).join(', ')}.`,
    { param: 'heatmap', details: { received: wanted, similar } },
  );
}

/**
 * The map of one class over a picture.
 *
 * The picture is brought to `scale` times the network's input by the model's own contract, so that at 1 there is one
 * window, and its value is what the classifier answers.
 * @param session of the file that {@link heatmapFileOf} names.
 * @throws {FoveaError} as decodeImage; `model-corrupt`.
 */
export async function computeHeatmap(
  session: ModelSession,
  image: Uint8Array,
  classIndex: number,
  scale: number,
): Promise<Heatmap> {
  const { input, labels } = session.manifest;
  const view = {
    ...input,
    height: Math.round(input.height * scale),
    width: Math.round(input.width * scale),
  };
  const pixels = new Float32Array(inputLength(view));
  await decodeToInput(image, view, pixels);
  const { values: output, dims } = await session.run(pixels, [1, view.height, view.width, view.channels]);
  const values = scaleByTemperature(output, labels.length, calibrationOf(session.manifest).temperature);
  const [, rows = 1, columns = 1] = dims;
  return {
    label: labels[classIndex] ?? String(classIndex),
    index: classIndex,
    rows,
    columns,
    values: Float32Array.from(
      { length: rows * columns },
      (_, place) => values[place * labels.length + classIndex] as number,
    ),
    windowHeight: input.height / view.height,
    windowWidth: input.width / view.width,
  };
}
