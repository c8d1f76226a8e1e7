// What a job fine-tunes: an architecture of the table with all of its layers, or a backbone that a user imported as an ONNX
// file, frozen under a dense head of ours. Only this file tells the two apart.

import {
  type Backbone,
  loadBackboneFile,
  readBackbone,
  toArchitectureName,
  toBackboneName,
} from '../../core/backbone/backbone.ts';
import { type Framing, framingOf, type ModelInput, toFraming } from '../../core/image/model-input.ts';
import { type CompanionFiles, companionFiles } from '../../core/model/model-files.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { Architecture, Network, NetworkWeights } from '../../core/network/description/network.ts';
import { attachHead, type ClassifierOnnx } from '../../core/network/onnx/attach-head.ts';
import { ONNX_INPUT_NAME, ONNX_OUTPUT_NAME, toOnnx } from '../../core/network/onnx/to-onnx.ts';
import { DENSE_HEAD_LAYER, denseHead } from '../../core/network/surgery/dense-head.ts';
import { toLinearHead } from '../../core/network/surgery/linear-head.ts';
import { splitAt } from '../../core/network/surgery/split-at.ts';
import type { WeightFileDeps } from '../../core/network/weights/find-weight-file.ts';
import { loadPretrainedWeights } from '../../core/network/weights/load-pretrained-weights.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { type OnnxBackbone, toOnnxBackbone } from './backbone-session.ts';

/** The pretrained layers, which stay frozen, and the head that is trained on their features. */
export interface FrozenBackbone {
  readonly backbone: OnnxBackbone;
  /** Weights of those layers of the backbone that the trainer knows. */
  readonly weights: NetworkWeights;
  /** Its input is `[1, 1, features]`. */
  readonly head: Network;
  /** What the weights are and where they come from, for people. */
  readonly origin: string;
}

/** What a job starts from, and how a classifier is made of it. */
export interface Base
  extends Pick<Architecture, 'title' | 'defaultInputSize' | 'minInputSize'>,
    Pick<ModelInput, 'preprocessing'> {
  /** How pictures are framed where nothing speaks against it: as the pretrained layers were evaluated, or whole. */
  readonly framing: Framing;
  /** Whether there are pretrained layers to start from. */
  readonly isPretrained: boolean;
  /** The imported backbone, whose layers the trainer does not know and cannot train; undefined for an architecture. */
  readonly imported: Backbone | undefined;
  /** The layer whose output the head reads; undefined for an imported backbone. */
  readonly featureLayer: string | undefined;
  /** Builds the layers that the trainer knows: the whole classifier, or the head of an imported backbone. */
  readonly build: Architecture['build'];
  /** Whether the head on the pretrained layers is a linear classifier. @param network made by {@link build}. */
  hasLinearHead(network: Network): boolean;
  /** Loads the pretrained layers. @param network made by {@link build}. */
  loadFrozen(network: Network, deps: WeightFileDeps): Promise<FrozenBackbone>;
  /** The whole classifier as ONNX. @param weights those of a network made by {@link build}. */
  toServed(network: Network, weights: NetworkWeights): Promise<ClassifierOnnx>;
  /** The heatmap and the files for a browser; none for an imported backbone. */
  toCompanions(network: Network, weights: NetworkWeights): CompanionFiles;
}

/**
 * The base that a job names, e.g. `mobilenet_v2_0.35` or `onnx:my_backbone`.
 * @throws {FoveaError} `architecture-unknown`, `backbone-not-found`.
 */
export async function findBase(store: ObjectStore, name: string): Promise<Base> {
  const backbone = toBackboneName(name);
  return backbone === undefined
    ? toBase(findArchitecture(name))
    : toImportedBase(store, await readBackbone(store, backbone));
}

/** Uses an architecture of the table as a base. */
export const toBase = (architecture: Architecture): Base => ({
  ...architecture,
  // What is trained from scratch can learn from the edges, too.
  framing: architecture.weightSources.length > 0 ? toFraming({}) : { resize: 'stretch' },
  isPretrained: architecture.weightSources.length > 0,
  imported: undefined,
  hasLinearHead: (network) => toLinearHead(splitAt(network, architecture.featureLayer).head) !== undefined,
  async loadFrozen(network, deps) {
    const { backbone, head } = splitAt(network, architecture.featureLayer);
    const { weights, origin } = await loadPretrainedWeights(backbone, architecture, deps);
    return { backbone: toOnnxBackbone(backbone, weights), weights, head, origin };
  },
  toServed: async (network, weights) => ({
    onnx: toOnnx(network, weights),
    inputName: ONNX_INPUT_NAME,
    outputName: ONNX_OUTPUT_NAME,
    // A value has the name of its layer.
    featureName: architecture.featureLayer,
  }),
  toCompanions: companionFiles,
});

function toImportedBase(store: ObjectStore, backbone: Backbone): Base {
  const { input, features } = backbone;
  const name = toArchitectureName(backbone.name);
  const { height, width, channels, preprocessing } = input;
  return {
    title: `The imported backbone "${backbone.name}"`,
    preprocessing,
    framing: framingOf(input),
    defaultInputSize: { height, width, channels },
    minInputSize: { height, width },
    isPretrained: true,
    imported: backbone,
    featureLayer: undefined,
    build: ({ classes }) => denseHead(name, features, classes),
    hasLinearHead: () => true,
    async loadFrozen(head, { signal }) {
      const onnx = await loadBackboneFile(store, backbone, signal === undefined ? {} : { signal });
      return {
        backbone: { onnx, features },
        weights: new Map(),
        head,
        origin: `the imported file ${backbone.source.sha256}, up to "${backbone.source.output}"`,
      };
    },
    async toServed(_, weights) {
      return attachHead(await loadBackboneFile(store, backbone), {
        kernel: weights.get(`${DENSE_HEAD_LAYER}/kernel`) as Float32Array,
        bias: weights.get(`${DENSE_HEAD_LAYER}/bias`) as Float32Array,
      });
    },
    toCompanions: () => ({ heatmap: undefined, tfjs: undefined, files: new Map() }),
  };
}
