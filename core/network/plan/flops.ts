// Arithmetic of a layer for one sample. A multiplication and an addition count one each, so that a multiply-add is two;
// so do comparisons, divisions, roots, exponentials and the like.

import type { Activation, Layer, Pair } from '../description/layer.ts';
import { closedSizeOf, lastAxis, type Shape } from '../description/shapes.ts';

/** Operations for each value. Softmax has five: compare for the maximum, subtract it, exponential, sum, divide. */
const ACTIVATION_FLOPS: Readonly<Record<Activation, number>> = {
  linear: 0,
  relu: 1,
  relu6: 2,
  sigmoid: 3,
  tanh: 1,
  softmax: 5,
  silu: 4,
  hard_sigmoid: 4,
  hard_silu: 5,
  gelu: 5,
};
/** Scale and shift, folded or not. */
const AFFINE_FLOPS = 2;
/** Mean, deviation, its square and mean, root and division (spread), scale, shift. */
const LAYER_NORMALIZATION_FLOPS = 8;

const area = ([height, width]: Pair): number => height * width;

function outputFlops(
  layer: { readonly useBias: boolean; readonly activation: Activation },
  outputs: number,
  multiplyAdds: number,
): number {
  return 2 * multiplyAdds + outputs * ((layer.useBias ? 1 : 0) + ACTIVATION_FLOPS[layer.activation]);
}

/**
 * Floating-point operations of one forward pass through one layer, for one sample.
 *
 * @param inputs Shapes of the layers that it reads.
 * @param output Shape of its own output. All shapes are closed.
 */
export function layerFlops(layer: Layer, inputs: readonly Shape[], output: Shape): number {
  const values = closedSizeOf(output);
  const [input = []] = inputs;
  switch (layer.type) {
    case 'conv2d':
      return outputFlops(layer, values, values * area(layer.kernelSize) * (lastAxis(input) / layer.groups));
    case 'depthwise_conv2d':
      return outputFlops(layer, values, values * area(layer.kernelSize));
    case 'separable_conv2d': {
      const depthwise = (values / layer.filters) * lastAxis(input) * area(layer.kernelSize);
      return outputFlops(layer, values, depthwise + values * lastAxis(input));
    }
    case 'dense':
      return outputFlops(layer, values, values * lastAxis(input));
    case 'batch_normalization':
    case 'rescaling':
    case 'normalization':
      return AFFINE_FLOPS * values;
    case 'layer_normalization':
      return LAYER_NORMALIZATION_FLOPS * values;
    case 'layer_scale':
      return values;
    case 'local_response_normalization': {
      const window = 2 * layer.depthRadius + 1;
      // Squares and sum over the window, then scale, shift, power and division.
      return values * (2 * window + 4);
    }
    case 'activation':
      return values * ACTIVATION_FLOPS[layer.activation];
    case 'max_pooling2d':
    case 'average_pooling2d':
      return values * area(layer.poolSize);
    case 'global_average_pooling2d':
      return closedSizeOf(input);
    case 'add':
    case 'multiply':
      return values * (inputs.length - 1);
    case 'input':
    case 'zero_padding2d':
    case 'concatenate':
    case 'flatten':
    case 'reshape':
    case 'dropout':
      return 0;
  }
}
