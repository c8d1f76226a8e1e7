// What the exporter of a layer works with: the graph, the outputs of the layers below in either layout, and the weights.

import type { Activation, Layer, LayerType } from '../description/layer.ts';
import type { Shape } from '../description/shapes.ts';
import type { ChannelAffine, Folds } from './fold-layers.ts';
import type { OnnxGraph } from './onnx-graph.ts';

/** All layouts of a map. */
export const LAYOUTS = ['nchw', 'nhwc'] as const;
/**
 * Order of the axes of a map: Keras's `nhwc`, or the `nchw` of ONNX's convolutions and poolings. Vectors have no layout;
 * for them either name will do.
 */
export type Layout = (typeof LAYOUTS)[number];

/** A value of the graph and its layout. */
export interface Value {
  readonly name: string;
  readonly layout: Layout;
}

/** What the exporter of a layer may look up, and the graph that it appends to. */
export interface ExportContext {
  readonly graph: OnnxGraph;
  readonly folds: Folds;
  /** Name of a layer's output in a layout; it is transposed once where it exists only in the other. */
  read(layer: string, layout: Layout): string;
  /** The layout in which a layer's output was computed. */
  layoutOf(layer: string): Layout;
  /** Output shape of a layer, in Keras's order without the batch. */
  shape(layer: string): Shape;
  weight(key: string): Float32Array;
}

/** Appends the nodes of one layer and gives back the value that is its output. */
export type LayerExporter<T extends LayerType> = (
  layer: Extract<Layer, { type: T }>,
  context: ExportContext,
) => Value;

/** Axis of the channels in a value with `rank` axes, batch included. */
export const channelAxis = (layout: Layout, rank: number): number =>
  layout === 'nchw' && rank > 2 ? 1 : rank - 1;

/** Shape in which a constant for each channel broadcasts over a value with `rank` axes, batch included. */
export const channelDimensions = (layout: Layout, rank: number, channels: number): readonly number[] =>
  layout === 'nchw' && rank > 2 ? [channels, 1, 1] : [channels];

/**
 * Appends x * scale + shift, with one value for each channel. Leaves out what would change nothing.
 * @param rank number of axes of `x`, batch included.
 */
export function addChannelAffine(
  { graph }: ExportContext,
  x: Value,
  rank: number,
  { scale, shift }: ChannelAffine,
  name: string,
): Value {
  const dimensions = channelDimensions(x.layout, rank, scale.length);
  let value = x.name;
  if (scale.some((s) => s !== 1)) {
    const factor = graph.constant(`${name}/scale`, Float32Array.from(scale), dimensions);
    value = graph.node('Mul', [value, factor], { name });
  }
  if (shift.some((s) => s !== 0)) {
    const summand = graph.constant(`${name}/shift`, Float32Array.from(shift), dimensions);
    value = graph.node('Add', [value, summand], { name });
  }
  return { ...x, name: value };
}

/** Activations that are one node without constants. */
const SINGLE_NODE = { relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh', hard_silu: 'HardSwish' } as const;

/**
 * Appends the nodes of an activation.
 * @param rank number of axes of `x`, batch included.
 */
export function addActivation(
  { graph }: ExportContext,
  x: Value,
  rank: number,
  activation: Activation,
  name: string,
): Value {
  const to = (value: string): Value => ({ ...x, name: value });
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
    case 'sigmoid':
    case 'tanh':
    case 'hard_silu':
      return to(graph.node(SINGLE_NODE[activation], [x.name], { name }));
    case 'relu6':
      return to(graph.node('Clip', [x.name, graph.scalar(0), graph.scalar(6)], { name }));
    case 'softmax':
      return to(graph.node('Softmax', [x.name], { name, attributes: { axis: channelAxis(x.layout, rank) } }));
    case 'silu': {
      const gate = graph.node('Sigmoid', [x.name], { name: `${name}_gate` });
      return to(graph.node('Mul', [x.name, gate], { name }));
    }
    case 'hard_sigmoid':
      return to(
        graph.node('HardSigmoid', [x.name], {
          name,
          attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } },
        }),
      );
    case 'gelu': {
      // Opset 17 has no Gelu; ONNX Runtime recognizes and fuses this form.
      const scaled = graph.node('Div', [x.name, graph.scalar(Math.SQRT2)], { name: `${name}_scaled` });
      const erf = graph.node('Erf', [scaled], { name: `${name}_erf` });
      const gate = graph.node('Add', [erf, graph.scalar(1)], { name: `${name}_gate` });
      const gated = graph.node('Mul', [x.name, gate], { name: `${name}_gated` });
      return to(graph.node('Mul', [gated, graph.scalar(0.5)], { name }));
    }
  }
}
