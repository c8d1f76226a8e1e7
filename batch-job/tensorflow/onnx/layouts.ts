// Orders of the four axes of pictures and filters. Programs have TensorFlow's; ONNX's convolutions and poolings take others.

/**
 * `tensorflow`: pictures `[n, h, w, c]`, filters `[h, w, in, out]`. `nchw`: pictures `[n, c, h, w]`. `oihw`: filters
 * `[out, in, h, w]`. Values of other ranks are in TensorFlow's order always.
 */
export type Layout = 'tensorflow' | 'nchw' | 'oihw';

/** For each axis of a layout, the index of the same axis in TensorFlow's order. */
const AXES: Readonly<Record<Layout, readonly number[]>> = {
  tensorflow: [0, 1, 2, 3],
  nchw: [0, 3, 1, 2],
  oihw: [3, 2, 0, 1],
};

/** A list with one entry per axis, e.g. a shape, reordered from TensorFlow's order to a layout's; as it is for other ranks. */
export const inLayout = <T>(list: readonly T[], layout: Layout): readonly T[] =>
  list.length === 4 ? AXES[layout].map((axis) => list[axis] as T) : list;

/** The position at which a layout has one of TensorFlow's axes. */
export const axisInLayout = (axis: number, rank: number, layout: Layout): number =>
  rank === 4 ? AXES[layout].indexOf(axis) : axis;

/** The `perm` of the transpose from one layout to another. */
export const layoutPermutation = (from: Layout, to: Layout): readonly number[] =>
  AXES[to].map((axis) => AXES[from].indexOf(axis));

/** The layout in which a variable of a rank is held: one of rank 4 is a filter. */
export const variableLayout = (rank: number): Layout => (rank === 4 ? 'oihw' : 'tensorflow');

/**
 * A copy of a filter's values in the other layout.
 *
 * @param shape `[h, w, in, out]`, whichever layout the values are in.
 * @param to The layout to copy to; the values are in the other of the two.
 */
export function relayVariable(
  values: Float32Array,
  shape: readonly number[],
  to: 'tensorflow' | 'oihw',
): Float32Array {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  const positions = height * width;
  const result = new Float32Array(values.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let position = 0; position < positions; position++) {
        const filter = (output * inputs + input) * positions + position;
        const plain = (position * inputs + input) * outputs + output;
        if (to === 'oihw') result[filter] = values[plain] as number;
        else result[plain] = values[filter] as number;
      }
    }
  }
  return result;
}
