import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { removePlace } from '../../../core/image/remove-place.ts';
import { makePattern } from '../../support/make-dataset.ts';

const EXIF = {
  IFD0: { Make: 'Camera', Orientation: '6' },
  IFD2: { ExposureTime: '1/125' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48151/1623 42/1 0/1', GPSDateStamp: '2025:11:27' },
};
/** 48151, as both byte orders have it. */
const LATITUDE = [Buffer.from([0x17, 0xbc, 0, 0]), Buffer.from([0, 0, 0xbc, 0x17])];
const hasPlace = (bytes: Uint8Array) => LATITUDE.some((value) => Buffer.from(bytes).includes(value));

const pattern = await makePattern(1);
const taken = (format: 'jpeg' | 'png' | 'webp' | 'avif') =>
  sharp(pattern).withExif(EXIF).toFormat(format).toBuffer();

describe('removePlace', () => {
  it.each(['jpeg', 'png', 'webp', 'avif'] as const)(
    'blanks the GPS tags of %s, and changes nothing else',
    async (format) => {
      const bytes = await taken(format);
      expect(hasPlace(bytes)).toBe(true);
      const clean = removePlace(bytes);
      expect(hasPlace(clean)).toBe(false);
      expect(Buffer.from(clean).includes('2025:11:27')).toBe(false);
      expect(Buffer.from(clean).includes('Camera')).toBe(true);
      expect(clean.length).toBe(bytes.length);
      const [before, after] = [
        await sharp(bytes).metadata(),
        await sharp(clean, { failOn: 'warning' }).metadata(),
      ];
      expect(after.orientation).toBe(before.orientation);
      const pixels = (body: Uint8Array) => sharp(body, { failOn: 'warning' }).raw().toBuffer();
      expect(Buffer.compare(await pixels(clean), await pixels(bytes))).toBe(0);
      // The original is not touched.
      expect(hasPlace(bytes)).toBe(true);
    },
  );

  it.each(['jpeg', 'webp'] as const)('blanks the place in XMP of %s', async (format) => {
    const xmp =
      '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ' +
      'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" exif:GPSLatitude="48,8.151N" dc:title="kept">' +
      '<exif:GPSLongitude>11,34.5E</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>';
    const bytes = await sharp(pattern).withXmp(xmp).toFormat(format).toBuffer();
    const text = Buffer.from(removePlace(bytes)).toString('latin1');
    expect(bytes.toString('latin1')).toContain('48,8.151N');
    expect(text).not.toContain('48,8.151N');
    expect(text).not.toContain('11,34.5E');
    expect(text).toContain('kept');
    const clean = await sharp(removePlace(bytes), { failOn: 'warning' }).metadata();
    expect(clean.xmp?.toString()).toContain('dc:title="kept"');
  });

  const XMP = [
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ',
    'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" xmlns:Camera="http://pix4d.com/camera/1.0" xmlns:gps="urn:kept" ',
    'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" dc:title="kept" drone-dji:GpsLatitude="48.1101" ',
    `drone-dji:GpsLongtitude = '11.5102' drone-dji:Latitude="48.1103" geo:lat="48.1104">`,
    '<drone-dji:Longitude>11.5105</drone-dji:Longitude><geo:long>11.5106</geo:long><Camera:GpsAltitude>48.1107</Camera:GpsAltitude>',
    '<Camera:GPSXYAccuracy><rdf:Seq><rdf:li>48.1108</rdf:li><rdf:li><![CDATA[48.1109]]></rdf:li></rdf:Seq></Camera:GPSXYAccuracy>',
    '<dc:subject>kept, too</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>',
  ].join('');
  it.each([
    ['UTF-8', 'latin1', false],
    ['UTF-16, little end first', 'utf16le', false],
    ['UTF-16, big end first', 'utf16le', true],
  ] as const)('blanks the places of drones and maps in XMP as %s', async (_, encoding, isSwapped) => {
    const turn = (bytes: Buffer) => (isSwapped ? Buffer.from(bytes).swap16() : bytes);
    const packet = turn(Buffer.from(XMP, encoding));
    const pattern = await makePattern(1, 'jpeg');
    const clean = Buffer.from(removePlace(Buffer.concat([pattern, packet])));
    expect(clean.subarray(0, pattern.length).equals(Buffer.from(pattern))).toBe(true);
    const text = turn(clean.subarray(pattern.length)).toString(encoding);
    expect(text).toHaveLength(XMP.length);
    expect(text).not.toMatch(/48\.11|11\.51/);
    for (const kept of ['"kept"', 'kept, too', '"urn:kept"', '"http://pix4d.com/camera/1.0"', '<rdf:li>'])
      expect(text).toContain(kept);
  });

  it('blanks EXIF with another padding byte', async () => {
    const bytes = await taken('jpeg');
    bytes[bytes.indexOf('Exif') + 5] = 1;
    expect(hasPlace(bytes)).toBe(true);
    expect(hasPlace(removePlace(bytes))).toBe(false);
  });

  it('leaves out compressed XMP and profiles in hexadecimal of a PNG', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>';
    const bytes = await sharp(pattern).withXmp(xmp).png().toBuffer();
    expect((await sharp(bytes).metadata()).xmp).toBeDefined();
    const clean = await sharp(removePlace(bytes), { failOn: 'warning' }).metadata();
    expect([clean.width, clean.xmp]).toEqual([96, undefined]);
    const cut = bytes.subarray(0, -20);
    expect(removePlace(cut).subarray(-20)).toEqual(Buffer.from(cut.subarray(-20)));
  });

  it('blanks the GPS directory of a TIFF', async () => {
    // EXIF is a TIFF without a picture.
    const { exif = Buffer.alloc(0) } = await sharp(await taken('jpeg')).metadata();
    const tiff = exif.subarray('Exif__'.length);
    expect(hasPlace(tiff)).toBe(true);
    expect(hasPlace(removePlace(tiff))).toBe(false);
  });

  it('leaves bytes that have no place, or are no picture, as they are', async () => {
    const heic = readFileSync(new URL('../../fixtures/heic/orientation-6.heic', import.meta.url));
    for (const bytes of [pattern, new Uint8Array(heic), Buffer.from('no picture'), new Uint8Array(0)])
      expect(Buffer.compare(removePlace(bytes), bytes)).toBe(0);
  });

  it('takes damaged metadata without an error', async () => {
    const bytes = await taken('jpeg');
    const start = bytes.indexOf('Exif');
    for (let at = start; at < start + 80; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = 0xff;
      expect(removePlace(damaged).length).toBe(bytes.length);
      expect(removePlace(damaged.subarray(0, at)).length).toBe(at);
    }
  });
});
