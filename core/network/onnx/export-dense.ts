// Exports dense layers: a Gemm on vectors; on maps a 1×1 convolution, or a MatMul where the map comes in Keras's layout.

import { inputOf } from '../description/layer-links.ts';
import { lastAxis } from '../description/shapes.ts';
import { addActivation, type ExportContext, type LayerExporter, type Value } from './export-context.ts';
import { addConvolution, foldedBias, linearName } from './export-convolution.ts';

/** Multiplies each column of `[in, out]` by its factor. */
function scaleColumns(kernel: Float32Array, scale: Float64Array): Float32Array {
  return kernel.map((value, i) => value * (scale[i % scale.length] ?? 1));
}

/** A matrix product with bias, folded scale and activation. The layout stays that of the input. */
export const exportDense: LayerExporter<'dense'> = (layer, context) => {
  const input = inputOf(layer);
  const rank = context.shape(input).length + 1;
  const y =
    rank > 2 && context.layoutOf(input) === 'nchw'
      ? pointwiseConvolution(layer, context)
      : matrixProduct(layer, context, rank);
  return addActivation(context, y, rank, layer.activation, layer.name);
};

function pointwiseConvolution(layer: Parameters<typeof exportDense>[0], context: ExportContext): Value {
  const fold = context.folds.affines.get(layer.name);
  const name = addConvolution(context, {
    name: fold?.layer ?? linearName(layer.name, layer.activation),
    x: context.read(inputOf(layer), 'nchw'),
    kernel: context.weight(`${layer.name}/kernel`),
    kernelKey: `${layer.name}/kernel`,
    inputsPerGroup: lastAxis(context.shape(inputOf(layer))),
    outputs: layer.units,
    groups: 1,
    size: [1, 1],
    attributes: { kernel_shape: [1, 1] },
    bias: layer.useBias ? context.weight(`${layer.name}/bias`) : undefined,
    affine: fold?.affine,
  });
  return { name, layout: 'nchw' };
}

function matrixProduct(
  layer: Parameters<typeof exportDense>[0],
  context: ExportContext,
  rank: number,
): Value {
  const { graph, folds, weight } = context;
  const fold = folds.affines.get(layer.name);
  const raw = weight(`${layer.name}/kernel`);
  const values = fold === undefined ? raw : scaleColumns(raw, fold.affine.scale);
  const inputs = raw.length / layer.units;
  const kernel = graph.constant(`${layer.name}/kernel`, values, [inputs, layer.units]);
  const biasValues = foldedBias(layer.useBias ? weight(`${layer.name}/bias`) : undefined, fold?.affine);
  const bias = biasValues && graph.constant(`${layer.name}/bias`, biasValues, [layer.units]);
  const x = context.read(inputOf(layer), 'nhwc');
  const name = fold?.layer ?? linearName(layer.name, layer.activation);
  const layout = 'nhwc';
  if (rank === 2) {
    return { name: graph.node('Gemm', [x, kernel, ...(bias === undefined ? [] : [bias])], { name }), layout };
  }
  const product = graph.node('MatMul', [x, kernel], { name });
  return { name: bias === undefined ? product : graph.node('Add', [product, bias], { name }), layout };
}
