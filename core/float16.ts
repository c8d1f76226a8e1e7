// Converts float32 to and from IEEE 754 half precision, for which Node 20 has no array.

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** The largest finite number in half precision. */
export const MAX_HALF = 65504;

/** The 16 bits of the nearest number in half precision, ties to even; beyond {@link MAX_HALF} those of infinity. */
export function toHalfBits(x: number): number {
  value[0] = x;
  const [raw = 0] = bits;
  const sign = (raw >>> 16) & 0x8000;
  const exponent = ((raw >>> 23) & 0xff) - 127 + 15;
  const mantissa = raw & 0x7fffff;
  if (exponent >= 0x8f) return sign | (mantissa === 0 || exponent < 0x8f ? 0x7c00 : 0x7e00);
  if (exponent >= 0x1f) return sign | 0x7c00;
  if (exponent <= 0) {
    // Subnormal halves are multiples of 2^-24.
    const scaled = Math.abs(x) * 2 ** 24;
    return sign | roundToEven(scaled);
  }
  // A carry out of the mantissa is the next exponent's first number.
  return sign | roundToEven((exponent << 10) + mantissa / 2 ** 13);
}

/** The number that 16 bits of half precision stand for. */
export function fromHalfBits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + mantissa / 2 ** 10) * 2 ** (exponent - 15);
}

/** Converts values to half precision. Values beyond {@link MAX_HALF} become that number, with their sign. */
export const toHalves = (values: Float32Array): Uint16Array =>
  Uint16Array.from(values, (x) => toHalfBits(Math.max(-MAX_HALF, Math.min(MAX_HALF, x))));

/** Converts values of half precision to float32, exactly. */
export const fromHalves = (halves: Uint16Array): Float32Array => Float32Array.from(halves, fromHalfBits);

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
