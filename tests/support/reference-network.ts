// A network evaluated by the definitions of its layers, one number after the other in float64: slow, and plain enough to
// be right. What exporters and executors are held against.

import type { Activation, Layer, Padding, Pair } from '../../core/network/description/layer.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';

/** One sample: values in row-major order of `shape`, without a batch. */
interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
const at = (values: ArrayLike<number>, i: number): number => values[i] ?? Number.NaN;
const channelsOf = ({ shape }: Tensor): number => shape.at(-1) ?? 1;
const map = (x: Tensor, f: (value: number, channel: number) => number): Tensor => ({
  ...x,
  values: x.values.map((value, i) => f(value, i % channelsOf(x))),
});

/** Abramowitz and Stegun 7.1.5, the Taylor series, which converges for all arguments; erf is ±1 to 1e-16 beyond 6. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 500; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const relu6 = (x: number) => Math.min(6, Math.max(0, x));
const POINTWISE: Record<Exclude<Activation, 'softmax'>, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  silu: (x) => x / (1 + Math.exp(-x)),
  hard_sigmoid: (x) => relu6(x + 3) / 6,
  hard_silu: (x) => (x * relu6(x + 3)) / 6,
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
};

function activate(x: Tensor, activation: Activation): Tensor {
  if (activation !== 'softmax') return map(x, POINTWISE[activation]);
  const n = channelsOf(x);
  const values = x.values.slice();
  for (let start = 0; start < values.length; start += n) {
    const row = values.subarray(start, start + n);
    const max = Math.max(...row);
    const sum = row.reduce((total, v) => total + Math.exp(v - max), 0);
    row.forEach((v, i) => {
      row[i] = Math.exp(v - max) / sum;
    });
  }
  return { ...x, values };
}

interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Output size and first input position along one axis, after TensorFlow's definition of padding. */
function along(size: number, window: number, stride: number, padding: Padding) {
  if (padding === 'valid') return { count: Math.ceil((size - window + 1) / stride), start: 0 };
  const count = Math.ceil(size / stride);
  return { count, start: -Math.floor(Math.max((count - 1) * stride + window - size, 0) / 2) };
}

/** Visits every output position with the input positions that its window covers, outside ones left out. */
function slide(
  x: Tensor,
  { size, strides, padding }: Window,
  visit: (output: number, inputs: readonly { readonly position: number; readonly tap: number }[]) => void,
): readonly [number, number] {
  const [height = 0, width = 0] = x.shape;
  const rows = along(height, size[0], strides[0], padding);
  const columns = along(width, size[1], strides[1], padding);
  for (let r = 0; r < rows.count; r++) {
    for (let c = 0; c < columns.count; c++) {
      const inputs: { position: number; tap: number }[] = [];
      for (let i = 0; i < size[0]; i++) {
        for (let j = 0; j < size[1]; j++) {
          const y = rows.start + r * strides[0] + i;
          const z = columns.start + c * strides[1] + j;
          if (y >= 0 && y < height && z >= 0 && z < width)
            inputs.push({ position: y * width + z, tap: i * size[1] + j });
        }
      }
      visit(r * columns.count + c, inputs);
    }
  }
  return [rows.count, columns.count];
}

function convolve(x: Tensor, window: Window, kernel: Float32Array, filters: number, groups: number): Tensor {
  const channels = channelsOf(x);
  const perGroup = channels / groups;
  const values: number[] = [];
  const [height, width] = slide(x, window, (_, inputs) => {
    for (let filter = 0; filter < filters; filter++) {
      const first = Math.floor((filter * groups) / filters) * perGroup;
      let sum = 0;
      for (const { position, tap } of inputs) {
        for (let c = 0; c < perGroup; c++) {
          sum +=
            at(x.values, position * channels + first + c) *
            at(kernel, (tap * perGroup + c) * filters + filter);
        }
      }
      values.push(sum);
    }
  });
  return { shape: [height, width, filters], values: Float64Array.from(values) };
}

function pool(x: Tensor, window: Window, reduce: (values: readonly number[]) => number): Tensor {
  const channels = channelsOf(x);
  const values: number[] = [];
  const [height, width] = slide(x, window, (_, inputs) => {
    for (let c = 0; c < channels; c++) {
      values.push(reduce(inputs.map(({ position }) => at(x.values, position * channels + c))));
    }
  });
  return { shape: [height, width, channels], values: Float64Array.from(values) };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

function dense(x: Tensor, kernel: Float32Array, units: number): Tensor {
  const inputs = channelsOf(x);
  const rows = x.values.length / inputs;
  const values = new Float64Array(rows * units);
  for (let r = 0; r < rows; r++) {
    for (let u = 0; u < units; u++) {
      for (let i = 0; i < inputs; i++) {
        values[r * units + u] =
          at(values, r * units + u) + at(x.values, r * inputs + i) * at(kernel, i * units + u);
      }
    }
  }
  return { shape: [...x.shape.slice(0, -1), units], values };
}

function layerNormalization(x: Tensor, epsilon: number, gamma: Float32Array, beta: Float32Array): Tensor {
  const n = channelsOf(x);
  const values = x.values.slice();
  for (let start = 0; start < values.length; start += n) {
    const row = Array.from(values.subarray(start, start + n));
    const m = mean(row);
    const deviation = Math.sqrt(mean(row.map((v) => (v - m) ** 2)) + epsilon);
    row.forEach((v, i) => {
      values[start + i] = ((v - m) / deviation) * at(gamma, i) + at(beta, i);
    });
  }
  return { ...x, values };
}

function localResponse(x: Tensor, l: Extract<Layer, { type: 'local_response_normalization' }>): Tensor {
  const n = channelsOf(x);
  const values = x.values.map((value, i) => {
    const c = i % n;
    let sum = 0;
    for (let j = Math.max(0, c - l.depthRadius); j <= Math.min(n - 1, c + l.depthRadius); j++) {
      sum += at(x.values, i - c + j) ** 2;
    }
    return value / (l.bias + l.alpha * sum) ** l.beta;
  });
  return { ...x, values };
}

/** Elementwise, with broadcasting of size-1 axes. */
function combine(a: Tensor, b: Tensor, f: (x: number, y: number) => number): Tensor {
  const shape = a.shape.map((n, axis) => Math.max(n, at(b.shape, axis)));
  const offset = (t: Tensor, position: readonly number[]) =>
    t.shape.reduce((sum, n, axis) => sum * n + (n === 1 ? 0 : at(position, axis)), 0);
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, flat) => {
    let rest = flat;
    const position = shape.toReversed().map((n) => {
      const index = rest % n;
      rest = Math.floor(rest / n);
      return index;
    });
    position.reverse();
    return f(at(a.values, offset(a, position)), at(b.values, offset(b, position)));
  });
  return { shape, values };
}

function concatenate(inputs: readonly Tensor[]): Tensor {
  const [first] = inputs as readonly [Tensor];
  const positions = first.values.length / channelsOf(first);
  const values = Array.from({ length: positions }, (_, p) =>
    inputs.flatMap((x) => Array.from(x.values.subarray(p * channelsOf(x), (p + 1) * channelsOf(x)))),
  );
  return {
    shape: [...first.shape.slice(0, -1), inputs.reduce((sum, x) => sum + channelsOf(x), 0)],
    values: Float64Array.from(values.flat()),
  };
}

function zeroPad(x: Tensor, [[top, bottom], [left, right]]: readonly [Pair, Pair]): Tensor {
  const [height = 0, width = 0, channels = 0] = x.shape;
  const shape = [height + top + bottom, width + left + right, channels];
  const values = new Float64Array(sizeOf(shape));
  for (let r = 0; r < height; r++) {
    values.set(
      x.values.subarray(r * width * channels, (r + 1) * width * channels),
      ((r + top) * (width + left + right) + left) * channels,
    );
  }
  return { shape, values };
}

function evaluateLayer(layer: Layer, inputs: readonly Tensor[], weights: NetworkWeights): Tensor {
  const x = inputs[0] as Tensor;
  const weight = (name: string) => weights.get(`${layer.name}/${name}`) ?? new Float32Array();
  const withBias = (y: Tensor, useBias: boolean) =>
    useBias ? map(y, (v, c) => v + at(weight('bias'), c)) : y;
  switch (layer.type) {
    case 'input':
      return x;
    case 'conv2d': {
      const y = convolve(
        x,
        { size: layer.kernelSize, ...layer },
        weight('kernel'),
        layer.filters,
        layer.groups,
      );
      return activate(withBias(y, layer.useBias), layer.activation);
    }
    case 'depthwise_conv2d': {
      const n = channelsOf(x);
      const y = convolve(x, { size: layer.kernelSize, ...layer }, weight('kernel'), n, n);
      return activate(withBias(y, layer.useBias), layer.activation);
    }
    case 'separable_conv2d': {
      const n = channelsOf(x);
      const y = convolve(x, { size: layer.kernelSize, ...layer }, weight('depthwise_kernel'), n, n);
      return activate(
        withBias(dense(y, weight('pointwise_kernel'), layer.filters), layer.useBias),
        layer.activation,
      );
    }
    case 'dense':
      return activate(withBias(dense(x, weight('kernel'), layer.units), layer.useBias), layer.activation);
    case 'batch_normalization': {
      const gamma = layer.scale ? weight('gamma') : undefined;
      return map(x, (v, c) => {
        const deviation = Math.sqrt(at(weight('moving_variance'), c) + layer.epsilon);
        return (
          ((v - at(weight('moving_mean'), c)) / deviation) * (gamma ? at(gamma, c) : 1) +
          at(weight('beta'), c)
        );
      });
    }
    case 'layer_normalization':
      return layerNormalization(x, layer.epsilon, weight('gamma'), weight('beta'));
    case 'layer_scale':
      return map(x, (v, c) => v * at(weight('gamma'), c));
    case 'local_response_normalization':
      return localResponse(x, layer);
    case 'activation':
      return activate(x, layer.activation);
    case 'max_pooling2d':
      return pool(x, { size: layer.poolSize, ...layer }, (values) => Math.max(...values));
    case 'average_pooling2d':
      return pool(x, { size: layer.poolSize, ...layer }, mean);
    case 'global_average_pooling2d': {
      const [height = 0, width = 0, channels = 0] = x.shape;
      const y = pool(x, { size: [height, width], strides: [1, 1], padding: 'valid' }, mean);
      return layer.keepDims ? y : { ...y, shape: [channels] };
    }
    case 'zero_padding2d':
      return zeroPad(x, layer.padding);
    case 'add':
      return inputs.reduce((a, b) => combine(a, b, (v, w) => v + w));
    case 'multiply':
      return inputs.reduce((a, b) => combine(a, b, (v, w) => v * w));
    case 'concatenate':
      return concatenate(inputs);
    case 'flatten':
      return { ...x, shape: [x.values.length] };
    case 'reshape':
      return { ...x, shape: layer.targetShape };
    case 'dropout':
      return x;
    case 'rescaling': {
      const pick = (value: number | readonly number[], c: number) =>
        typeof value === 'number' ? value : at(value, c);
      return map(x, (v, c) => v * pick(layer.scale, c) + pick(layer.offset, c));
    }
    case 'normalization': {
      const means = layer.weights ? weight('mean') : layer.mean;
      const variances = layer.weights ? weight('variance') : layer.variance;
      return map(x, (v, c) => (v - at(means, c)) / Math.max(Math.sqrt(at(variances, c)), 1e-7));
    }
  }
}

/** Outputs of all layers for one sample, in inference. */
export function evaluateNetwork(
  network: Network,
  weights: NetworkWeights,
  input: Float32Array,
  inputShape: readonly number[],
): ReadonlyMap<string, Tensor> {
  const outputs = new Map<string, Tensor>();
  for (const layer of network.layers) {
    const inputs =
      layer.type === 'input'
        ? [{ shape: inputShape, values: Float64Array.from(input) }]
        : layer.inputs.map((name) => outputs.get(name) as Tensor);
    outputs.set(layer.name, evaluateLayer(layer, inputs, weights));
  }
  return outputs;
}
