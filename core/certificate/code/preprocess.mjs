// Turns decoded pixels into the input of a model, and reads its output, as preprocessing.json says. Needs nothing but a decoder, e.g. a
// canvas or sharp: pixels upright, in sRGB, transparency on white. Follows the data: another model needs another preprocessing.json.
// sharp decodes as Fovea does. Other decoders may differ by a level, and by much where a picture has CMYK or a color profile.
//
//   const { data, info } = await sharp('photo.jpg').rotate().flatten({ background: '#fff' }).toColourspace('srgb').removeAlpha()
//     .raw().toBuffer({ resolveWithObject: true });
//   const input = preprocess(certificate, { pixels: data, width: info.width, height: info.height });

/**
 * @typedef {{ pixels: Uint8Array, width: number, height: number, channels: number }} Picture `[height, width, channels]`.
 * @typedef {Record<string, any>} Step One of the `steps` of preprocessing.json.
 */

/** Luma in whole numbers. */
function gray(
  /** @type {Picture} */ { pixels, width, height },
  /** @type {Step} */ { weights, add, divisor },
) {
  const result = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < result.length; i++, at += 3) {
    const [red, green, blue] = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
    const sum = weights[0] * red + weights[1] * green + weights[2] * blue;
    result[i] = Math.floor((sum + add) / divisor);
  }
  return { pixels: result, width, height, channels: 1 };
}

/** The cubic kernel of Keys (1981); a = -0.5 is the Catmull-Rom spline. */
function cubic(/** @type {number} */ position, /** @type {number} */ a) {
  const x = Math.abs(position);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** For each pixel of a scaled axis: the first source pixel, and weights in fixed point. The kernel widens when it shrinks. */
function tapsOf(
  /** @type {number} */ length,
  /** @type {number} */ scaled,
  /** @type {Step} */ { a, antialias, bits },
) {
  const ratio = length / scaled;
  const stretch = antialias ? Math.max(1, ratio) : 1;
  return Array.from({ length: scaled }, (_, position) => {
    const center = (position + 0.5) * ratio;
    const first = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
    const end = Math.min(length, Math.trunc(center + 2 * stretch + 0.5));
    const shares = Array.from({ length: end - first }, (_unused, tap) =>
      cubic((first + tap - center + 0.5) * (1 / stretch), a),
    );
    const sum = shares.reduce((total, share) => total + share, 0) || 1;
    const fixed = shares.map((share) => (share / sum) * 2 ** bits);
    return { first, weights: fixed.map((value) => Math.trunc(value + (value < 0 ? -0.5 : 0.5))) };
  });
}

/** Scales one axis, and rounds to whole levels. */
function scaleAxis(
  /** @type {Picture} */ { pixels, width, height, channels },
  /** @type {number} */ scaled,
  /** @type {boolean} */ isVertical,
  /** @type {Step} */ step,
) {
  const taps = tapsOf(isVertical ? height : width, scaled, step);
  const size = isVertical ? { width, height: scaled } : { width: scaled, height };
  const result = new Uint8ClampedArray(size.width * size.height * channels);
  const pitch = isVertical ? width * channels : channels;
  const one = 2 ** step['bits'];
  for (let y = 0, to = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const tap = taps[isVertical ? y : x] ?? { first: 0, weights: [] };
      const from = (isVertical ? tap.first * width + x : y * width + tap.first) * channels;
      for (let channel = 0; channel < channels; channel++, to++) {
        let sum = one / 2;
        for (let i = 0; i < tap.weights.length; i++)
          sum += (tap.weights[i] ?? 0) * (pixels[from + i * pitch + channel] ?? 0);
        result[to] = Math.floor(sum / one);
      }
    }
  }
  return { pixels: new Uint8Array(result.buffer), ...size, channels };
}

/** Scales the whole picture. */
function resize(/** @type {Picture} */ picture, /** @type {Step} */ step) {
  const ratios = [step['width'] / picture.width, step['height'] / picture.height];
  const ratio = step['fit'] === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
  const add = step['rounding'] === 'nearest' ? 0.5 : 1e-6;
  const sideOf = (/** @type {number} */ side) => Math.max(1, Math.floor(side * ratio + add));
  const isStretched = step['fit'] === 'stretch';
  const width = isStretched ? step['width'] : sideOf(picture.width);
  const height = isStretched ? step['height'] : sideOf(picture.height);
  const fewerRows = picture.height - height;
  if (fewerRows > 0 && fewerRows > 2 * (picture.width - width))
    return scaleAxis(scaleAxis(picture, height, true, step), width, false, step);
  return scaleAxis(scaleAxis(picture, width, false, step), height, true, step);
}

/** Cuts out the center; what lies beyond the picture has the color of the padding. */
function cut(
  /** @type {Picture} */ { pixels, width, height, channels },
  /** @type {Step} */ step,
  /** @type {boolean} */ isEnlarged,
) {
  const odd = step['odd'] === 'up' && !isEnlarged ? 1 : 0;
  const left = Math.floor((width - step['width'] + odd) / 2);
  const top = Math.floor((height - step['height'] + odd) / 2);
  const result = new Uint8Array(step['width'] * step['height'] * channels);
  for (let y = top, to = 0; y < top + step['height']; y++) {
    for (let x = left; x < left + step['width']; x++) {
      const isInside = x >= 0 && x < width && y >= 0 && y < height;
      for (let channel = 0; channel < channels; channel++, to++)
        result[to] = isInside ? (pixels[(y * width + x) * channels + channel] ?? 0) : step['color'][channel];
    }
  }
  return { pixels: result, width: step['width'], height: step['height'], channels };
}

/** (value / divisor - mean) / deviation, each step in float32, the channels in the order of the input. */
function normalize(/** @type {Picture} */ { pixels, channels }, /** @type {Step} */ step) {
  const f = Math.fround;
  const result = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const channel = at % channels;
    const value = pixels[at - channel + step['order'][channel]] ?? 0;
    const centered = f(f(value / step['divisor']) - f(step['mean'][channel]));
    result[at] = f(centered / f(step['deviation'][channel]));
  }
  return result;
}

/**
 * The input of the network, `[1, height, width, channels]`.
 * @param {{ steps: Step[] }} certificate preprocessing.json.
 * @param {{ pixels: Uint8Array | Uint8ClampedArray, width: number, height: number }} decoded `[height, width, 3]`.
 * @returns {Float32Array}
 */
export function preprocess({ steps }, { pixels, width, height }) {
  let picture = { pixels: new Uint8Array(pixels), width, height, channels: 3 };
  for (const step of steps) {
    if (step['step'] === 'gray') picture = gray(picture, step);
    if (step['step'] === 'resize') picture = resize(picture, step);
    if (step['step'] === 'window')
      picture = cut(picture, step, picture.width > width || picture.height > height);
    if (step['step'] === 'normalize') return normalize(picture, step);
  }
  throw new Error('The steps have no "normalize".');
}

/**
 * Label, scores and rejection, as the API answers them, of the output of the network for one picture.
 * @param {{ output: { temperature: number, labels: string[], threshold: number | null } }} certificate preprocessing.json.
 * @param {ArrayLike<number>} values The output.
 */
export function readOutput({ output: { temperature, labels, threshold } }, values) {
  let scores = Array.from(values);
  if (temperature !== 1) {
    const logits = scores.map((value) => Math.log(Math.max(value, 1e-38)));
    const largest = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp((logit - largest) / temperature));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    scores = weights.map((weight) => weight / sum);
  }
  const score = Math.max(...scores);
  const rejected = threshold !== null && score < threshold;
  return { label: labels[scores.indexOf(score)], scores, rejected };
}
