import { describe, expect, it } from 'vitest';
import {
  drawSampleDataset,
  SAMPLE_CLASSES,
  type SampleDatasetOptions,
} from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { decodeImage } from '../../../core/image/decode-image.ts';

async function draw(options: SampleDatasetOptions): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await drawSampleDataset(async (path, bytes) => {
    files.set(path, bytes);
  }, options);
  return files;
}

type Color = readonly [number, number, number];

async function meanColor(bytes: Uint8Array): Promise<Color> {
  const { pixels } = await decodeImage(bytes);
  const mean: [number, number, number] = [0, 0, 0];
  pixels.forEach((value, index) => {
    mean[index % 3] = (mean[index % 3] ?? 0) + (3 * value) / pixels.length;
  });
  return mean;
}

const distance = (a: Color, b: Color) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const meanOf = (colors: readonly Color[]): Color =>
  [0, 1, 2].map(
    (c) => colors.reduce((sum, color) => sum + (color[c] ?? 0), 0) / colors.length,
  ) as unknown as Color;

describe('drawSampleDataset', () => {
  it('draws a folder of small pictures for each class', async () => {
    const files = await draw({ imagesPerClass: 2, seed: 3 });
    expect([...files.keys()].slice(0, 3)).toEqual([
      'checkers/checkers-001.png',
      'checkers/checkers-002.png',
      'circle/circle-001.png',
    ]);
    expect(SAMPLE_CLASSES).toEqual(['checkers', 'circle', 'star', 'stripes', 'triangle']);
    expect(files.size).toBe(10);
    for (const bytes of files.values())
      expect(await decodeImage(bytes)).toMatchObject({ width: 48, height: 48, format: 'png' });
  });

  it('draws the same for the same seed, keeps pictures when more are asked for, and never draws one twice', async () => {
    const [few, more, other] = [
      await draw({ imagesPerClass: 3, seed: 3 }),
      await draw({ imagesPerClass: 5, seed: 3 }),
      await draw({ imagesPerClass: 3, seed: 4 }),
    ];
    for (const [path, bytes] of few) {
      expect(more.get(path)).toEqual(bytes);
      expect(other.get(path)).not.toEqual(bytes);
    }
    expect(
      new Set([...more.values(), ...other.values()].map((bytes) => Buffer.from(bytes).toString('base64')))
        .size,
    ).toBe(40);
  });

  it('tells nothing by the mean color: the nearest class mean is little better than chance', async () => {
    const colors = await Promise.all(
      [...(await draw({ imagesPerClass: 60, seed: 1 }))].map(async ([path, bytes], index) => ({
        label: path.split('/')[0] ?? '',
        color: await meanColor(bytes),
        test: index % 2 === 1,
      })),
    );
    const centers = SAMPLE_CLASSES.map((label) =>
      meanOf(colors.filter((c) => !c.test && c.label === label).map((c) => c.color)),
    );
    const test = colors.filter((c) => c.test);
    const hits = test.filter(({ label, color }) => {
      const distances = centers.map((center) => distance(center, color));
      return SAMPLE_CLASSES[distances.indexOf(Math.min(...distances))] === label;
    });
    // Chance is 0.2, with a standard deviation of 0.033 over 150 pictures.
    expect(hits.length / test.length).toBeLessThan(0.33);
  });
});
