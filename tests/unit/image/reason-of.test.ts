import { expect, it } from 'vitest';
import { reasonOf } from '../../../core/image/open-image.ts';

it.each([
  ['jpeg', 'VipsJpeg: premature end of JPEG image\nVipsJpeg: again', 'VipsJpeg: premature end of JPEG image'],
  [
    'png',
    'VipsJpeg: premature end of JPEG image\npngload_buffer: libspng read error',
    'pngload_buffer: libspng read error',
  ],
  ['png', 'gifload_buffer: Unexpected end of GIF source data', 'its data cannot be read'],
  ['jpeg', 'Unknown error', 'its data cannot be read'],
  ['heic', 'heifload_buffer: bad', 'heifload_buffer: bad'],
  ['tiff', 'Input buffer has corrupt header: tiff2vips: bad', 'tiff2vips: bad'],
  ['webp', 'out of order read', 'out of order read'],
] as const)('of a %s, %j is said as %j', (format, message, reason) => {
  expect(reasonOf(new Error(message), format)).toBe(reason);
});
