// Exports convolutions (also depthwise, grouped and separable ones), with Keras's kernels in the order of ONNX.

import type { Activation, Pair } from '../description/layer.ts';
import { inputOf } from '../description/layer-links.ts';
import { lastAxis } from '../description/shapes.ts';
import { addActivation, type ExportContext, type LayerExporter } from './export-context.ts';
import type { ChannelAffine } from './fold-layers.ts';
import type { AttributeValue } from './onnx-schema.ts';
import { windowAttributes } from './window-attributes.ts';

const MAP_RANK = 4;

/**
 * Turns Keras's `[height, width, in, out]` into ONNX's `[out, in, height, width]`, times a factor for each output channel.
 * A depthwise kernel `[height, width, channels, 1]` is read as `[height, width, 1, channels]`, which is the same order.
 */
function toOnnxKernel(
  kernel: Float32Array,
  area: number,
  inputs: number,
  outputs: number,
  scale?: Float64Array,
) {
  const result = new Float32Array(kernel.length);
  for (let out = 0; out < outputs; out++) {
    const factor = scale?.[out] ?? 1;
    for (let channel = 0; channel < inputs; channel++) {
      const target = (out * inputs + channel) * area;
      for (let position = 0; position < area; position++) {
        result[target + position] = (kernel[(position * inputs + channel) * outputs + out] ?? 0) * factor;
      }
    }
  }
  return result;
}

/** The bias of a convolution with the folded scale and shift in it; undefined where there is neither. */
export function foldedBias(
  bias: Float32Array | undefined,
  affine: ChannelAffine | undefined,
): Float32Array | undefined {
  if (affine === undefined) return bias;
  return Float32Array.from(affine.shift, (shift, i) => (bias?.[i] ?? 0) * (affine.scale[i] ?? 1) + shift);
}

interface ConvolutionNode {
  readonly name: string;
  readonly x: string;
  readonly kernel: Float32Array;
  readonly kernelKey: string;
  readonly inputsPerGroup: number;
  readonly outputs: number;
  readonly groups: number;
  readonly size: Pair;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly bias?: Float32Array | undefined;
  readonly affine?: ChannelAffine | undefined;
}

/** Name of a layer's value before its activation. */
export const linearName = (name: string, activation: Activation): string =>
  activation === 'linear' ? name : `${name}_linear`;

/** Appends one Conv node, on `nchw`. Gives back the name of its output. */
export function addConvolution({ graph }: ExportContext, o: ConvolutionNode): string {
  const area = o.size[0] * o.size[1];
  const values = toOnnxKernel(o.kernel, area, o.inputsPerGroup, o.outputs, o.affine?.scale);
  const kernel = graph.constant(o.kernelKey, values, [o.outputs, o.inputsPerGroup, ...o.size]);
  const bias = foldedBias(o.bias, o.affine);
  const inputs = [o.x, kernel, ...(bias ? [graph.constant(`${o.name}/bias`, bias, [o.outputs])] : [])];
  return graph.node('Conv', inputs, { name: o.name, attributes: { ...o.attributes, group: o.groups } });
}

const biasOf = (layer: { readonly name: string; readonly useBias: boolean }, { weight }: ExportContext) =>
  layer.useBias ? weight(`${layer.name}/bias`) : undefined;

/** What is folded into a convolution: the neighboring layers that have no node of their own. */
function foldsOf(
  { name, activation }: { readonly name: string; readonly activation: Activation },
  { folds }: ExportContext,
) {
  const fold = folds.affines.get(name);
  const outputName = fold?.layer ?? linearName(name, activation);
  return { affine: fold?.affine, outputName, explicit: folds.paddings.get(name)?.padding };
}

/** A Conv with bias, folds and activation, on `nchw`. */
export const exportConv2d: LayerExporter<'conv2d'> = (layer, context) => {
  const { affine, outputName, explicit } = foldsOf(layer, context);
  const input = context.shape(inputOf(layer));
  const y = addConvolution(context, {
    name: outputName,
    x: context.read(inputOf(layer), 'nchw'),
    kernel: context.weight(`${layer.name}/kernel`),
    kernelKey: `${layer.name}/kernel`,
    inputsPerGroup: lastAxis(input) / layer.groups,
    outputs: layer.filters,
    groups: layer.groups,
    size: layer.kernelSize,
    attributes: windowAttributes(input, { size: layer.kernelSize, ...layer, explicit }),
    bias: biasOf(layer, context),
    affine,
  });
  return addActivation(context, { name: y, layout: 'nchw' }, MAP_RANK, layer.activation, layer.name);
};

/** A Conv with one group for each channel, on `nchw`. */
export const exportDepthwiseConv2d: LayerExporter<'depthwise_conv2d'> = (layer, context) => {
  const { affine, outputName, explicit } = foldsOf(layer, context);
  const input = context.shape(inputOf(layer));
  const channels = lastAxis(input);
  const y = addConvolution(context, {
    name: outputName,
    x: context.read(inputOf(layer), 'nchw'),
    kernel: context.weight(`${layer.name}/kernel`),
    kernelKey: `${layer.name}/kernel`,
    inputsPerGroup: 1,
    outputs: channels,
    groups: channels,
    size: layer.kernelSize,
    attributes: windowAttributes(input, { size: layer.kernelSize, ...layer, explicit }),
    bias: biasOf(layer, context),
    affine,
  });
  return addActivation(context, { name: y, layout: 'nchw' }, MAP_RANK, layer.activation, layer.name);
};

/** A depthwise and a 1×1 Conv, on `nchw`. */
export const exportSeparableConv2d: LayerExporter<'separable_conv2d'> = (layer, context) => {
  const { affine, outputName, explicit } = foldsOf(layer, context);
  const input = context.shape(inputOf(layer));
  const channels = lastAxis(input);
  const depthwise = addConvolution(context, {
    name: `${layer.name}_depthwise`,
    x: context.read(inputOf(layer), 'nchw'),
    kernel: context.weight(`${layer.name}/depthwise_kernel`),
    kernelKey: `${layer.name}/depthwise_kernel`,
    inputsPerGroup: 1,
    outputs: channels,
    groups: channels,
    size: layer.kernelSize,
    attributes: windowAttributes(input, { size: layer.kernelSize, ...layer, explicit }),
  });
  const y = addConvolution(context, {
    name: outputName,
    x: depthwise,
    kernel: context.weight(`${layer.name}/pointwise_kernel`),
    kernelKey: `${layer.name}/pointwise_kernel`,
    inputsPerGroup: channels,
    outputs: layer.filters,
    groups: 1,
    size: [1, 1],
    attributes: { kernel_shape: [1, 1] },
    bias: biasOf(layer, context),
    affine,
  });
  return addActivation(context, { name: y, layout: 'nchw' }, MAP_RANK, layer.activation, layer.name);
};
