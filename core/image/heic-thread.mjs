// The thread of decode-heic.ts: decodes one picture with libheif, then it is over. Plain JavaScript, so that it starts without a compiler.

import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** @typedef {import('./decode-heic.ts').HeicTask} HeicTask */

/** What TIFF 6.0 calls them. */
const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;
const ROWS_PER_STRIP = 64;

/** Enums of libheif's C interface. */
const RGB_COLORS = 1;
const INTERLEAVED_RGB = 10;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED_CHANNEL = 10;
/** Where `heif_decoding_options` has `strict_decoding`, in this build of the library. */
const STRICT_DECODING_OFFSET = 21;
const PAGE_BYTES = 65_536;

/** The library, and its memory, which does not grow beyond the limit: inside of its video stream a file may claim any size. */
function openLibrary(/** @type {HeicTask} */ { libheif, maxMemoryBytes }) {
  const quiet = () => {};
  /** @type {WebAssembly.Memory | undefined} */
  let memory;
  const library = createRequire(import.meta.url)('libheif-js/libheif-wasm/libheif.js')({
    print: quiet,
    printErr: quiet,
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(libheif, imports);
      memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
      const grow = memory.grow.bind(memory);
      memory.grow = (pages) => {
        if (memory.buffer.byteLength + pages * PAGE_BYTES > maxMemoryBytes) {
          throw new RangeError('The picture needs more memory than it may have.');
        }
        return grow(pages);
      };
      return receive(instance);
    },
  });
  return { library, memory };
}

/** The primary picture as the camera's turns and cuts leave it: 8 bits a sample, RGB or RGBA. Frees nothing: the thread ends. */
function decode(/** @type {HeicTask} */ task) {
  const { library, memory } = openLibrary(task);
  const bytesAt = (start, end) => new Uint8Array(memory.buffer).subarray(start, end);
  const wordAt = (at) => new DataView(memory.buffer).getUint32(at, true);
  const allocate = (sizeBytes) => {
    const at = library._malloc(sizeBytes);
    if (at === 0) throw new Error('it needs more memory than it may have');
    return at;
  };
  // A heif_error is a code, a subcode and a message. The result of a call is written behind it.
  const error = allocate(16);
  const result = error + 12;
  const call = (name, ...values) => {
    library[name](error, ...values);
    if (wordAt(error) === 0) return wordAt(result);
    const message = wordAt(error + 8);
    const end = new Uint8Array(memory.buffer).indexOf(0, message);
    throw new Error(new TextDecoder().decode(bytesAt(message, end)).trim());
  };

  const { length } = task.bytes;
  const file = allocate(length);
  bytesAt(file, file + length).set(task.bytes);
  const context = library._heif_context_alloc();
  call('_heif_context_read_from_memory_without_copy', context, file, length, 0);
  const handle = call('_heif_context_get_primary_image_handle', context, result);
  const hasAlpha = library._heif_image_handle_has_alpha_channel(handle) !== 0;
  const options = library._heif_decoding_options_alloc();
  // Otherwise tiles that are damaged or missing are left blank.
  bytesAt(options + STRICT_DECODING_OFFSET)[0] = 1;
  const chroma = hasAlpha ? INTERLEAVED_RGBA : INTERLEAVED_RGB;
  const image = call('_heif_decode_image', handle, result, RGB_COLORS, chroma, options);
  const pixels = library._heif_image_get_plane_readonly(image, INTERLEAVED_CHANNEL, result);
  const height = library._heif_image_get_height(image, INTERLEAVED_CHANNEL);
  const stride = wordAt(result);
  return {
    width: library._heif_image_get_width(image, INTERLEAVED_CHANNEL),
    height,
    stride,
    data: bytesAt(pixels, pixels + height * stride),
    channels: hasAlpha ? 4 : 3,
    premultiplied: library._heif_image_handle_is_premultiplied_alpha(handle) !== 0,
  };
}

/** An uncompressed TIFF around the pixels, since that can carry the color profile. */
function toTiff({ width, height, stride, data, channels, premultiplied }, profile) {
  const rowBytes = width * channels;
  const strips = Math.ceil(height / ROWS_PER_STRIP);
  const stripBytes = rowBytes * ROWS_PER_STRIP;
  const entries = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, new Array(channels).fill(8)],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, new Array(strips).fill(0)],
    [277, SHORT, [channels]],
    [278, LONG, [ROWS_PER_STRIP]],
    [
      279,
      LONG,
      Array.from({ length: strips }, (_, i) => Math.min(stripBytes, rowBytes * height - i * stripBytes)),
    ],
    ...(channels === 4 ? [[338, SHORT, [premultiplied ? 1 : 2]]] : []),
    ...(profile === undefined ? [] : [[34675, UNDEFINED, profile]]),
  ];
  const sizeOf = (type) => (type === SHORT ? 2 : type === LONG ? 4 : 1);
  const even = (bytes) => bytes + (bytes % 2);
  const directory = 8;
  const beside = directory + 2 + 12 * entries.length + 4;
  const pixels = entries.reduce((at, [, type, values]) => {
    const bytes = values.length * sizeOf(type);
    return bytes > 4 ? at + even(bytes) : at;
  }, beside);
  for (let i = 0; i < strips; i++) entries.find(([tag]) => tag === 273)[2][i] = pixels + i * stripBytes;

  const out = new Uint8Array(pixels + rowBytes * height);
  const view = new DataView(out.buffer);
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, directory, true);
  view.setUint16(directory, entries.length, true);
  let free = beside;
  entries.forEach(([tag, type, values], index) => {
    const entry = directory + 2 + 12 * index;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setUint32(entry + 4, values.length, true);
    const bytes = values.length * sizeOf(type);
    let at = entry + 8;
    if (bytes > 4) {
      view.setUint32(at, free, true);
      at = free;
      free += even(bytes);
    }
    values.forEach((value, i) => {
      if (type === SHORT) view.setUint16(at + 2 * i, value, true);
      else if (type === LONG) view.setUint32(at + 4 * i, value, true);
      else out[at + i] = value;
    });
  });
  for (let y = 0; y < height; y++) {
    out.set(data.subarray(y * stride, y * stride + rowBytes), pixels + y * rowBytes);
  }
  return out;
}

try {
  const picture = decode(workerData);
  const { width, height } = picture;
  const tiff = toTiff(picture, workerData.profile);
  parentPort?.postMessage({ tiff, width, height }, [tiff.buffer]);
} catch (error) {
  // The library throws numbers, too.
  parentPort?.postMessage({ error: error instanceof Error ? error.message : 'its pixels cannot be decoded' });
}
