import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from '../../../core/image/read-jpeg-header.ts';

const SIZE = { width: 40, height: 24 };
const picture = (channels: 3 | 4 = 3) => sharp({ create: { ...SIZE, channels, background: '#a51' } });
const XMP = (orientation: number) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="${orientation}"/></rdf:RDF></x:xmpmeta>`;

const PICTURES: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  'a plain one': () => picture().jpeg().toBuffer(),
  'a progressive one': () => picture().jpeg({ progressive: true }).toBuffer(),
  'a gray one': () => picture().toColourspace('b-w').jpeg().toBuffer(),
  'one of CMYK': () => picture().toColourspace('cmyk').jpeg().toBuffer(),
  'one turned by EXIF': () => picture().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  'one mirrored by EXIF': () => picture().withMetadata({ orientation: 2 }).jpeg().toBuffer(),
  'one turned by XMP': () => picture().withXmp(XMP(8)).jpeg().toBuffer(),
};

describe('readJpegHeader', () => {
  it.each(Object.entries(PICTURES))('says of %s what the decoder says', async (_, make) => {
    const bytes = await make();
    const { autoOrient, isProgressive, channels, orientation, xmp } = await sharp(bytes).metadata();
    const isTurned = orientation === undefined && xmp !== undefined;
    expect(readJpegHeader(bytes)).toMatchObject({
      format: 'jpeg',
      width: isTurned ? autoOrient.height : autoOrient.width,
      height: isTurned ? autoOrient.width : autoOrient.height,
      progressive: isProgressive,
      bytesPerPixel: channels,
      xmpOrientation: isTurned ? 8 : 1,
    });
  });

  it('leaves what is unusual to the decoder', async () => {
    const bytes = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(readJpegHeader(bytes)).toMatchObject({ kind: 'JPEG', ...{ width: 24, height: 40 } });
    const changed = (change: (copy: Uint8Array) => void) => {
      const copy = new Uint8Array(bytes);
      change(copy);
      return readJpegHeader(copy);
    };
    const exif = bytes.indexOf('Exif');
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    expect(readJpegHeader(bytes.subarray(0, frame + 4))).toBeUndefined();
    expect(readJpegHeader(Uint8Array.of(0xff, 0xd8, 0xff))).toBeUndefined();
    // Another byte order than the two, arithmetic coding, 12 bits, height in a later segment, five components.
    expect(changed((copy) => copy.fill(0, exif + 6, exif + 8))).toBeUndefined();
    expect(changed((copy) => copy.fill(0xc9, frame + 1, frame + 2))).toBeUndefined();
    expect(changed((copy) => copy.fill(12, frame + 4, frame + 5))).toBeUndefined();
    expect(changed((copy) => copy.fill(0, frame + 5, frame + 7))).toBeUndefined();
    expect(changed((copy) => copy.fill(5, frame + 9, frame + 10))).toBeUndefined();
  });
});
