// The rounding of channel counts that the MobileNets and EfficientNets share.

const MAXIMAL_LOSS = 0.9;

/**
 * Rounds to the multiple of `divisor` nearest to `value`, at least `divisor`. Takes the next multiple where rounding
 * down would take away more than a tenth (`_make_divisible` of Keras Applications, after TensorFlow's slim models).
 */
export function makeDivisible(value: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < MAXIMAL_LOSS * value ? rounded + divisor : rounded;
}
