// The pixels of network inputs against Pillow's, bit for bit. Source of the numbers: make-golden.py with Pillow 13.0.0.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeForInput } from '../../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../../core/image/model-input.ts';
import { renderKernel } from '../../../scripts/build-resampler/render-kernel.ts';

type Input = Pick<ModelInput, 'height' | 'width' | 'resize' | 'crop' | 'padding' | 'channels'>;

const golden = JSON.parse(readFileSync(new URL('pictures.json', import.meta.url), 'utf8')) as {
  readonly sources: Readonly<Record<string, string>>;
  readonly cases: readonly { readonly source: string; readonly input: Input; readonly sha256: string }[];
  readonly reduced: { readonly source: string; readonly input: Input; readonly pixels: string };
};

const toBytes = (base64 = '') => new Uint8Array(Buffer.from(base64, 'base64'));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const toInput = (input: Input, decoding?: 2): ModelInput => ({
  ...input,
  preprocessing: 'none',
  decoding: decoding ?? 3,
});

describe('pixels of version 3', () => {
  it.each(Object.keys(golden.sources))('of "%s" are those of Pillow, in every framing', async (source) => {
    const cases = golden.cases.filter((one) => one.source === source);
    expect(cases.length).toBe(10);
    for (const { input, sha256: expected } of cases) {
      const { pixels } = await decodeForInput(toBytes(golden.sources[source]), toInput(input));
      expect([input, sha256(pixels)]).toEqual([input, expected]);
    }
  });

  it('of a picture that becomes much smaller are near those of Pillow', async () => {
    const { source, input, pixels: expected } = golden.reduced;
    const { pixels } = await decodeForInput(toBytes(source), toInput(input));
    const differences = Array.from(toBytes(expected), (value, at) => Math.abs(value - (pixels[at] ?? 0)));
    expect(differences.reduce((sum, difference) => sum + difference) / differences.length).toBeLessThan(0.6);
    expect(Math.max(...differences)).toBeLessThanOrEqual(6);
  });

  it('are computed at the same time for many pictures, each its own', async () => {
    const cases = golden.cases.filter(({ input }) => input.channels === 3);
    const pixels = await Promise.all(
      cases.map(async ({ source, input }) =>
        sha256((await decodeForInput(toBytes(golden.sources[source]), toInput(input))).pixels),
      ),
    );
    expect(pixels).toEqual(cases.map((one) => one.sha256));
  });
});

describe('pixels of version 2', () => {
  it('are those that libvips scales while it decodes', async () => {
    const bytes = toBytes(golden.sources['odd.jpeg']);
    const expected = await sharp(bytes)
      .resize(24, 24, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .toColourspace('srgb')
      .raw()
      .toBuffer();
    const input: Input = { height: 24, width: 24, channels: 3, resize: 'stretch' };
    const contract = { ...toInput(input), decoding: undefined } as unknown as ModelInput;
    expect(Buffer.from((await decodeForInput(bytes, contract)).pixels)).toEqual(expected);
    expect(Buffer.from((await decodeForInput(bytes, toInput(input, 2))).pixels)).toEqual(expected);
    expect(Buffer.from((await decodeForInput(bytes, toInput(input))).pixels)).not.toEqual(expected);
  });
});

describe('resample-kernel.ts', () => {
  it('is what resample.wat makes', async () => {
    const folder = new URL('../../../core/image/', import.meta.url);
    const text = await renderKernel(readFileSync(new URL('resample.wat', folder), 'utf8'));
    expect(readFileSync(new URL('resample-kernel.ts', folder), 'utf8')).toBe(text);
  });
});
