// A real model whose answers a person can foretell: it says which of red, green and blue a picture has most of.

import sharp from 'sharp';
import { contentHashOf } from '../../core/content-hash.ts';
import { inputFormatOf, type ModelInput } from '../../core/image/model-input.ts';
import { commitModel } from '../../core/model/commit-model.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { companionFiles } from '../../core/model/model-files.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import { createNetworkBuilder } from '../../core/network/description/network-builder.ts';
import { ONNX_INPUT_NAME, ONNX_OUTPUT_NAME, toOnnx } from '../../core/network/onnx/to-onnx.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

export const COLORS = ['red', 'green', 'blue'] as const;
export type Color = (typeof COLORS)[number];

const SIZE = 8;
/** Logits are this times the mean of each channel, 0 to 1. */
const SHARPNESS = 8;

/** Average over the picture, then softmax. */
function colorNetwork(classes: readonly Color[] = COLORS): {
  readonly network: Network;
  readonly weights: NetworkWeights;
} {
  const n = createNetworkBuilder('color', { height: SIZE, width: SIZE, channels: 3 });
  const mean = n.globalAveragePooling2d(n.input({ name: 'image' }), { name: 'mean' });
  n.dense(mean, { name: 'predictions', units: 3, activation: 'softmax' });
  const kernel = Float32Array.from({ length: 9 }, (_, at) =>
    COLORS[Math.floor(at / 3)] === classes[at % 3] ? SHARPNESS : 0,
  );
  const weights = new Map([
    ['predictions/kernel', kernel],
    ['predictions/bias', new Float32Array(3)],
  ]);
  return { network: n.build(), weights };
}

/** @param classes the order of its classes. */
export function colorOnnx(classes: readonly Color[] = COLORS): Uint8Array {
  const { network, weights } = colorNetwork(classes);
  return toOnnx(network, weights);
}

const INPUT: ModelInput = {
  height: SIZE,
  width: SIZE,
  channels: 3,
  preprocessing: 'unit',
  resize: 'stretch',
};

/** A manifest that fits {@link colorOnnx}. */
export function colorManifest(onnx: Uint8Array, changes: Partial<Manifest> = {}): Manifest {
  const input = changes.input ?? INPUT;
  return {
    formatVersion: inputFormatOf(input),
    model: 'color',
    version: '1',
    createdAt: 1_700_000_000,
    jobId: 'ftjob-1',
    architecture: 'small_cnn',
    dataset: 'colors',
    labels: [...COLORS],
    input,
    onnx: {
      file: 'model.onnx',
      sizeBytes: onnx.byteLength,
      sha256: contentHashOf(onnx),
      inputName: ONNX_INPUT_NAME,
      outputName: ONNX_OUTPUT_NAME,
    },
    metrics: { testAccuracy: 1, testCount: 12 },
    ...changes,
  };
}

/** Commits a version of the color model. */
export async function commitColorModel(
  store: ObjectStore,
  changes: Partial<Manifest> = {},
): Promise<Manifest> {
  const onnx = colorOnnx();
  const { network, weights } = colorNetwork();
  const { heatmap, files } = companionFiles(network, weights);
  const manifest = colorManifest(onnx, { ...(heatmap === undefined ? {} : { heatmap }), ...changes });
  await commitModel(store, manifest, new Map([['model.onnx', onnx], ...files]));
  return manifest;
}

const PIXELS: Readonly<Record<Color, { r: number; g: number; b: number }>> = {
  red: { r: 240, g: 20, b: 20 },
  green: { r: 20, g: 240, b: 20 },
  blue: { r: 20, g: 20, b: 240 },
};

/** A plain picture of one color. */
export async function colorPicture(
  color: Color,
  format: 'png' | 'jpeg' = 'png',
  size: number | undefined = undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const picture = sharp({
    create: { width: size ?? 32, height: size ?? 24, channels: 3, background: PIXELS[color] },
  });
  return new Uint8Array(await picture.toFormat(format).toBuffer());
}
