import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { describeBytes, sniffFormat } from '../../../core/image/image-format.ts';

const pixel = () => sharp({ create: { width: 2, height: 2, channels: 3, background: '#123456' } });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('sniffFormat', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'knows a %s written by sharp',
    async (format) => {
      expect(sniffFormat(await pixel().toFormat(format).toBuffer())).toBe(format);
    },
  );

  it.each(['heic', 'heix', 'mif1', 'msf1'])(
    'knows HEIC by the brand %s, and AVIF where that is named',
    (brand) => {
      expect(sniffFormat(text(`\u0000\u0000\u0000\u0014ftyp${brand}\u0000\u0000\u0000\u0000mif1`))).toBe(
        'heic',
      );
      expect(sniffFormat(text(`\u0000\u0000\u0000\u0014ftyp${brand}\u0000\u0000\u0000\u0000avif`))).toBe(
        'avif',
      );
    },
  );

  it('knows none in text, in nothing and in what only begins alike', () => {
    for (const bytes of ['', 'R', 'RIFF1234WAVE', 'GIF90a', '<svg/>', '\u0000\u0000\u0000\u0018ftypisom']) {
      expect(sniffFormat(text(bytes))).toBeUndefined();
    }
  });
});

describe('describeBytes', () => {
  it.each([
    ['<?xml version="1.0"?><svg/>', 'an SVG drawing'],
    ['\n  <svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG drawing'],
    ['<!DOCTYPE html><html>', 'an HTML page'],
    ['%PDF-1.7', 'a PDF document'],
    ['data:image/png;base64,iVBORw0KGgo', 'base64 text of a picture'],
    ['iVBORw0KGgoAAAANSUhEUgAA', 'base64 text of a picture'],
    ['\u0000\u0000\u0000\u0018ftypisom', 'a video'],
    ['hello', 'data starting with the bytes 68656c6c6f'],
  ])('names %j', (value, expected) => {
    expect(describeBytes(text(value))).toBe(expected);
  });
});
