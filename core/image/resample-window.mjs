// Brings pixels to a window of a scaled picture, as Pillow's BICUBIC does, bit for bit, on the calling thread. Plain JavaScript, so that a
// thread starts with it without a compiler.

/** @typedef {import('./resample-pixels.ts').ResampleTask} ResampleTask */
/**
 * @typedef Taps
 * @property {Int32Array} bounds of each output: its first pixel, and its number of pairs.
 * @property {Int16Array} weights of each output's pairs, see resample.wat.
 * @property {number} weightPitch Bytes from one output's weights to the next one's.
 * @property {number} first First pixel that is used.
 * @property {number} end First pixel behind those that are used.
 * @property {number} longest Most pixels of one output.
 */

const CHANNELS = 3;
const SUPPORT = 2;
/** Keys, "Cubic convolution interpolation", 1981: the Catmull-Rom spline. */
const A = -0.5;
/** A weight of 1, with 22 bits after the point; so many bits of 32 are left that no sum of a picture's values overflows. */
const ONE = 2 ** 22;
/** Bits of the lower part of a weight; see resample.wat. */
const LOW_BITS = 15;
const LOW_MASK = 2 ** LOW_BITS - 1;
/** Values that the passes read and write at a time. */
const LANES = 16;
/** Rows are handed to the first pass in parts that fit into a processor's cache. */
const PART_BYTES = 2 ** 18;
/** Memory that is kept for the next picture. */
const KEPT_BYTES = 2 ** 24;
const PAGE_BYTES = 2 ** 16;

/** @type {WebAssembly.Instance | undefined} */
let kernel;

/** The spline, in the order of operations of Pillow's `bicubic_filter`. */
function cubic(/** @type {number} */ position) {
  const x = Math.abs(position);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < SUPPORT ? (((x - 5) * x + 8) * x - 4) * A : 0;
}

/**
 * The taps of `length` outputs from `start` on, of an axis that is scaled from `from` pixels to `to`: Pillow's `precompute_coeffs` and
 * `normalize_coeffs_8bpc`.
 * @returns {Taps}
 */
function tapsOf(/** @type {{ from: number, to: number, start: number, length: number }} */ axis) {
  const { from, length } = axis;
  const scale = from / axis.to;
  const stretch = Math.max(1, scale);
  const reach = SUPPORT * stretch;
  const pairsAtMost = Math.ceil(reach) + 1;
  const bounds = new Int32Array(2 * length);
  const weights = new Int16Array(4 * pairsAtMost * length);
  const shares = new Float64Array(2 * pairsAtMost);
  let [first, end, longest] = [from, 0, 0];
  for (let output = 0; output < length; output++) {
    const center = (axis.start + output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const taps = Math.min(from, Math.trunc(center + reach + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const share = cubic((tap + start - center + 0.5) * (1 / stretch));
      shares[tap] = share;
      sum += share;
    }
    shares[taps] = 0;
    const at = 4 * pairsAtMost * output;
    for (let tap = 0; tap < taps; tap++) {
      const share = /** @type {number} */ (shares[tap]) / (sum === 0 ? 1 : sum);
      const weight = Math.trunc(share * ONE + (share < 0 ? -0.5 : 0.5));
      const place = at + 4 * (tap >> 1) + (tap & 1);
      weights[place] = weight >> LOW_BITS;
      weights[place + 2] = weight & LOW_MASK;
    }
    bounds[2 * output] = start;
    bounds[2 * output + 1] = (taps + 1) >> 1;
    first = Math.min(first, start);
    end = Math.max(end, start + taps);
    longest = Math.max(longest, taps);
  }
  return { bounds, weights, weightPitch: 8 * pairsAtMost, first, end, longest };
}

const toLanes = (/** @type {number} */ bytes) => Math.ceil(bytes / LANES) * LANES;

/** Turns RGB gray in place, by Pillow's fixed point of ITU-R 601. */
function toGray(/** @type {Uint8Array} */ pixels) {
  for (let at = 0; at + 2 < pixels.length; at += CHANNELS) {
    const sum =
      19595 * /** @type {number} */ (pixels[at]) +
      38470 * /** @type {number} */ (pixels[at + 1]) +
      7471 * /** @type {number} */ (pixels[at + 2]);
    pixels.fill((sum + 0x8000) >> 16, at, at + CHANNELS);
  }
}

/** The kernel, with at least so much memory. */
function openKernel(/** @type {WebAssembly.Module} */ module, /** @type {number} */ sizeBytes) {
  kernel ??= new WebAssembly.Instance(module);
  const { memory, horizontal, vertical } = /** @type {any} */ (kernel.exports);
  const missingBytes = sizeBytes - memory.buffer.byteLength;
  if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
  return { bytes: new Uint8Array(memory.buffer), horizontal, vertical };
}

/** Places of the kernel's memory. */
function createLayout() {
  let end = 0;
  return {
    place(/** @type {number} */ sizeBytes) {
      const at = end;
      end = toLanes(end + sizeBytes);
      return at;
    },
    end: () => end,
  };
}

/** Writes a table of taps; the arguments by which the kernel finds it. */
function writeTaps(
  /** @type {Uint8Array} */ bytes,
  /** @type {{ bounds: number, weights: number }} */ at,
  /** @type {Taps} */ { bounds, weights, weightPitch },
) {
  bytes.set(new Uint8Array(bounds.buffer), at.bounds);
  bytes.set(new Uint8Array(weights.buffer), at.weights);
  return [at.bounds, at.weights, weightPitch];
}

/**
 * Computes a window of the scaled picture, all of it on the picture.
 * @returns {Uint8Array<ArrayBuffer>} `[height, width, 3]`, or `[height, width, 1]` for gray.
 */
function resample(
  /** @type {WebAssembly.Module} */ module,
  /** @type {ResampleTask} */ { pixels, source, scaled, window, isGray },
) {
  const columns = tapsOf({ from: source.width, to: scaled.width, start: window.left, length: window.width });
  const rows = tapsOf({ from: source.height, to: scaled.height, start: window.top, length: window.height });
  // Pillow 13's order: it saves work where a picture becomes much less high than before.
  const fewerRows = source.height - scaled.height;
  const isVerticalFirst = fewerRows > 0 && fewerRows > 2 * (source.width - scaled.width);
  const sourcePitch = source.width * CHANNELS;
  const rowBytes = window.width * CHANNELS;
  const usedRows = rows.end - rows.first;
  const usedBytes = (columns.end - columns.first) * CHANNELS;
  /** Rows of the source that are in the kernel's memory at a time. */
  const partRows = isVerticalFirst
    ? Math.min(usedRows, Math.max(rows.longest, Math.floor(PART_BYTES / sourcePitch)))
    : Math.min(usedRows, Math.max(2, 2 * Math.floor(PART_BYTES / sourcePitch / 2)));
  const targetPitch = toLanes(rowBytes + 1);
  const betweenPitch = isVerticalFirst ? usedBytes : targetPitch;
  const betweenRows = isVerticalFirst ? window.height : usedRows;

  const layout = createLayout();
  const columnsAt = {
    bounds: layout.place(columns.bounds.byteLength),
    weights: layout.place(columns.weights.byteLength),
  };
  const rowsAt = {
    bounds: layout.place(rows.bounds.byteLength),
    weights: layout.place(rows.weights.byteLength),
  };
  // One row more than is used, since taps come in pairs; two where rows do, too.
  const partAt = layout.place((partRows + 1) * sourcePitch + LANES);
  const betweenAt = layout.place((betweenRows + 2) * betweenPitch + LANES);
  const targetAt = layout.place((window.height + 1) * targetPitch + LANES);
  const { bytes, horizontal, vertical } = openKernel(module, layout.end());
  const columnTaps = writeTaps(bytes, columnsAt, columns);
  const rowTaps = writeTaps(bytes, rowsAt, rows);

  const load = (/** @type {number} */ row, /** @type {number} */ count) => {
    bytes.set(pixels.subarray(row * sourcePitch, (row + count) * sourcePitch), partAt);
    if (isGray) toGray(bytes.subarray(partAt, partAt + count * sourcePitch));
  };
  // Tables count from the source's first pixel: what is not in memory lies before the address of what is.
  if (isVerticalFirst) {
    const firstOf = (/** @type {number} */ row) => /** @type {number} */ (rows.bounds[2 * row]);
    for (let row = 0; row < window.height; ) {
      const first = firstOf(row);
      let next = row + 1;
      while (next < window.height && firstOf(next) + rows.longest <= first + partRows) next++;
      load(first, Math.min(source.height - first, partRows));
      const taps = [rowTaps[0] + 8 * row, rowTaps[1] + rows.weightPitch * row, rows.weightPitch];
      const from = partAt - first * sourcePitch + columns.first * CHANNELS;
      vertical(from, sourcePitch, usedBytes, ...taps, next - row, betweenAt + row * betweenPitch);
      row = next;
    }
    const from = betweenAt - columns.first * CHANNELS;
    horizontal(from, betweenPitch, window.height, ...columnTaps, window.width, targetAt, targetPitch);
  } else {
    for (let row = 0; row < usedRows; row += partRows) {
      const count = Math.min(partRows, usedRows - row);
      load(rows.first + row, count);
      const to = betweenAt + row * betweenPitch;
      horizontal(partAt, sourcePitch, count, ...columnTaps, window.width, to, betweenPitch);
    }
    vertical(
      betweenAt - rows.first * betweenPitch,
      betweenPitch,
      rowBytes,
      ...rowTaps,
      window.height,
      targetAt,
    );
  }

  const channels = isGray ? 1 : CHANNELS;
  const pitch = isVerticalFirst ? targetPitch : rowBytes;
  const result = new Uint8Array(window.width * window.height * channels);
  for (let row = 0; row < window.height; row++) {
    const at = targetAt + row * pitch;
    const values = bytes.subarray(at, at + rowBytes);
    result.set(
      isGray ? values.filter((_, place) => place % CHANNELS === 0) : values,
      row * window.width * channels,
    );
  }
  if (bytes.length > KEPT_BYTES) kernel = undefined;
  return result;
}

/** A window of the scaled picture. What lies beyond the picture has the color of the padding. */
function frame(/** @type {WebAssembly.Module} */ module, /** @type {ResampleTask} */ task) {
  const { window, scaled, padding, isGray } = task;
  const [left, top] = [Math.max(0, window.left), Math.max(0, window.top)];
  const width = Math.min(window.left + window.width, scaled.width) - left;
  const height = Math.min(window.top + window.height, scaled.height) - top;
  const inside = resample(module, { ...task, window: { left, top, width, height } });
  if (width === window.width && height === window.height) return inside;
  const channels = isGray ? 1 : CHANNELS;
  const color = Uint8Array.from(padding);
  if (isGray) toGray(color);
  const framed = new Uint8Array(window.width * window.height * channels);
  for (let at = 0; at < framed.length; at += channels) framed.set(color.subarray(0, channels), at);
  for (let row = 0; row < height; row++) {
    const to = ((top - window.top + row) * window.width + left - window.left) * channels;
    framed.set(inside.subarray(row * width * channels, (row + 1) * width * channels), to);
  }
  return framed;
}

/**
 * @param {WebAssembly.Module} module
 * @param {ResampleTask} task
 * @returns {Uint8Array<ArrayBuffer>} `[height, width, 3]`, or `[height, width, 1]` for gray.
 */
export function resampleWindow(module, task) {
  try {
    return frame(module, task);
  } catch (error) {
    kernel = undefined;
    throw error;
  }
}
