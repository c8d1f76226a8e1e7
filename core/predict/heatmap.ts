// Heatmaps show where in a picture a class is. The picture is enlarged beyond the network's input size, and the network, in fully
// convolutional form, answers for every window of that size. It takes one run and no gradients. Knows no HTTP.

import { editDistance } from '../edit-distance.ts';
import { FoveaError } from '../errors/errors.ts';
import { scaleByTemperature } from '../evaluation/temperature.ts';
import { decodeToInput, inputLength } from '../image/decode-to-input.ts';
import type { Manifest, OnnxFile } from '../model/manifest.ts';
import { calibrationOf } from './calibration-of.ts';
import type { ModelSession } from './model-session.ts';

/** The probability of a class in each window of a picture. */
export interface Heatmap {
  readonly label: string;
  /** Index of the class in the network's output. */
  readonly index: number;
  readonly rows: number;
  readonly columns: number;
  /** Probability of the class in each window, float32 `[rows, columns]`; softmax is taken in each window on its own. */
  readonly values: Float32Array;
  /**
   * Height of a window as a share of the picture that the model sees, 0 to 1. Windows are spread evenly: those of the first row begin
   * at the top edge, those of the last row end at the bottom edge.
   */
  readonly windowHeight: number;
  readonly windowWidth: number;
}

/**
 * Longest side of the enlarged picture, in pixels. Memory grows with the area: at this size the widest layers of VGG16 take 270 MB
 * each, which fits a function of 2 GB.
 */
export const MAX_HEATMAP_SIDE = 1024;

/**
 * Finds the ONNX file that computes a model's heatmaps.
 * @param scale of the enlarged picture to the input size, at least 1.
 * @throws {FoveaError} `heatmap-unavailable` where the version has none; `heatmap-too-large`.
 */
export function heatmapFileOf(manifest: Manifest, scale: number): OnnxFile {
  const { model, version, heatmap, backbone, input } = manifest;
  if (heatmap === undefined) {
    const reason =
      backbone === undefined
        ? 'its network has no fully convolutional form, or an earlier Fovea made it. Train or import the model again.'
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
    `A heatmap at a scale of ${scale} would enlarge the picture beyond ${MAX_HEATMAP_SIDE} pixels a side, as the input has ` +
      `${input.width} × ${input.height}. At most ${allowed.toFixed(2)} is allowed.`,
    { param: 'heatmap_scale', details: { received: scale, allowed } },
  );
}

/** Labels named in a message, the most similar first. */
const LABELS_SHOWN = 5;

/**
 * Finds the index of the class that a label or a number names. Of several classes with the same label it is the first; a number can name
 * any of them.
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
 * Computes the heatmap of one class over a picture.
 *
 * The picture is brought to `scale` times the network's input size, by the model's input contract. So at 1 there is one window, and
 * its value is the classifier's answer.
 * @param session A session of the file that {@link heatmapFileOf} finds.
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
