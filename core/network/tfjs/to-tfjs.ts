// Exports a network and its weights as a LayersModel, the format that `tf.loadLayersModel` reads in a browser. How each layer is
// written is in tfjs-layers.ts.

import { present } from '../../present.ts';
import type { Layer } from '../description/layer.ts';
import type { Network, NetworkWeights } from '../description/network.ts';
import { layerShapes, shapeOf } from '../description/shapes.ts';
import { checkWeights, readWeight } from '../weights/read-weight.ts';
import { TFJS_LAYERS, type TfjsContext, type TfjsLayer } from './tfjs-layers.ts';

/** The default name of the weights file in `model.json`. */
const DEFAULT_WEIGHTS_FILE = 'weights.bin';

/** The two files of a LayersModel, which lie side by side. */
export interface TfjsModel {
  /** `model.json`: topology and weights manifest, UTF-8. */
  readonly modelJson: Uint8Array;
  /** The file beside it: little-endian float32 values in the manifest's order. */
  readonly weightsBin: Uint8Array;
}

function translate(layer: Layer, context: TfjsContext): readonly TfjsLayer[] {
  // The table has the right entry for each type, which TypeScript cannot follow through a union.
  const entry = TFJS_LAYERS[layer.type] as (layer: never, context: TfjsContext) => readonly TfjsLayer[];
  return entry(layer as never, context);
}

/** A layer of a functional model as Keras 2 writes it: every input is a layer, its first call and its first output. */
const toTopology = ({ className, name, inputs, config }: TfjsLayer) => ({
  class_name: className,
  name,
  config: { name, trainable: true, ...config },
  inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
});

function concatenate(parts: readonly Float32Array[]): Uint8Array {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    values.set(part, offset);
    offset += part.length;
  }
  return new Uint8Array(values.buffer);
}

/**
 * Makes a TensorFlow.js LayersModel, from float32 `[batch, height, width, channels]` to the last layer's output. Layers keep their
 * names.
 *
 * @param weightsFile Name of the weights file, which lies beside the model file.
 * @throws {FoveaError} `weights-mismatch`; `layer-not-exportable` for local response normalization and grouped
 * convolutions, which TensorFlow.js does not have.
 */
export function toTfjs(
  network: Network,
  weights: NetworkWeights,
  weightsFile: string = DEFAULT_WEIGHTS_FILE,
): TfjsModel {
  checkWeights(network, weights);
  const shapes = layerShapes(network);
  const layers = network.layers.flatMap((layer) =>
    translate(layer, {
      shape: (name) => shapeOf(shapes, name),
      weight: (name) => readWeight(weights, `${layer.name}/${name}`),
    }),
  );
  const tensors = layers.flatMap((layer) =>
    layer.weights.map(({ name, ...tensor }) => ({ ...tensor, name: `${layer.name}/${name}` })),
  );
  const first = present(layers[0], 'a first layer').name;
  const last = present(layers.at(-1), 'a last layer').name;
  const model = {
    format: 'layers-model',
    generatedBy: 'fovea',
    convertedBy: null,
    modelTopology: {
      keras_version: '2.15.0',
      backend: 'tensorflow',
      model_config: {
        class_name: 'Functional',
        config: {
          name: network.name,
          layers: layers.map(toTopology),
          input_layers: [[first, 0, 0]],
          output_layers: [[last, 0, 0]],
        },
      },
    },
    weightsManifest: [
      {
        paths: [weightsFile],
        weights: tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  return {
    modelJson: new TextEncoder().encode(JSON.stringify(model)),
    weightsBin: concatenate(tensors.map((tensor) => tensor.values)),
  };
}
