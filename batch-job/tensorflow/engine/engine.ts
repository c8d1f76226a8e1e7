// What training may ask of TensorFlow, on any back end. Types only: importing this file loads nothing.

import type { Preprocessing } from '../../../core/image/model-input.ts';
import type { TrainerBackend } from '../../../core/job/recipe/trainer-backends.ts';
import type { Network, NetworkWeights } from '../../../core/network/description/network.ts';
import type { FORMATS } from '../../../core/storage/formats.ts';
import type { LowPrecision } from '../program/program.ts';

/** `gpu`: CUDA. `native`: TensorFlow's CPU library. `portable`: what comes with npm. */
export type BackendName = TrainerBackend;

/**
 * `graph` runs a whole step as one graph: TensorFlow runs it, on the portable back end ONNX Runtime. `eager` runs the step op by op:
 * TensorFlow runs the ops, on the portable back end WebAssembly.
 */
export type ExecutorName = 'graph' | 'eager';

/** What an engine runs on. */
export interface EngineInfo {
  readonly backend: BackendName;
  /** By package or library, e.g. `tensorflow: 2.21.0`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly devices: readonly string[];
  /** Why this back end, and what the better ones lack. */
  readonly reason: string;
}

/** Settings and defaults of Keras 3's optimizers. */
export type OptimizerAlgorithm =
  | { readonly type: 'sgd'; readonly momentum?: number; readonly nesterov?: boolean }
  | {
      readonly type: 'adam' | 'adamw' | 'nadam';
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    }
  | {
      readonly type: 'rmsprop';
      readonly rho?: number;
      readonly momentum?: number;
      readonly epsilon?: number;
    };

/** An optimizer with what Keras 3 offers for all of them. */
export type OptimizerOptions = OptimizerAlgorithm & {
  /**
   * Decoupled (Loshchilov and Hutter 2019): before each update a weight loses `weightDecay * learningRate` of itself.
   * The default is 0.004 with `adamw`, else 0.
   */
  readonly weightDecay?: number;
  /** Whether a weight decays; by default every trainable one does, as in Keras. */
  readonly decays?: (weightName: string) => boolean;
  /** Largest L2 norm of all gradients together (Keras's `global_clipnorm`); larger ones are scaled down to it. */
  readonly clipNorm?: number;
};

/** How a network is trained. */
export interface TrainerOptions {
  /** A classifier: softmax on top. */
  readonly network: Network;
  /** First values of all weights. */
  readonly weights: NetworkWeights;
  readonly optimizer: OptimizerOptions;
  /** Which layers are trainable; all by default. A frozen batch normalization normalizes by its moving statistics. */
  readonly trainable?: (layerName: string) => boolean;
  /** Factor on the learning rate of a layer, above 0 (discriminative learning rates); 1 by default. */
  readonly rateFactor?: (layerName: string) => number;
  /** `inference` keeps every batch normalization on its moving statistics; default `training`. */
  readonly batchNormalization?: 'training' | 'inference';
  /** Share of a label given to all classes alike; default 0. */
  readonly labelSmoothing?: number;
  /** One factor a class on the loss of its samples (Keras's `class_weight`). */
  readonly classWeights?: readonly number[];
  /** Seed of the dropout masks; any 32-bit integer. */
  readonly seed: number;
  /** Most samples of a batch. */
  readonly batchSize: number;
  /**
   * Most samples that are on the device at once; default: a whole batch. The gradients of a larger batch are accumulated
   * over micro-batches of this size. The result is the same, but for batch normalizations that learn: they see the
   * statistics of one micro-batch.
   */
  readonly microBatchSize?: number;
  /** Whether every run of a program has as many samples as most runs, see {@link Engine.prefersFixedBatches}; its default. */
  readonly fixedBatches?: boolean;
  /**
   * Devices that share every batch or micro-batch, where they divide it; else the first one has it. The result is that of
   * one device with the whole batch. Default 1.
   */
  readonly towers?: number;
  /** By default the faster one that the back end has. */
  readonly executor?: ExecutorName;
  /** The type that steps compute in; predictions and variables are float32 always. Default `float32`. */
  readonly precision?: 'float32' | LowPrecision;
  /** Where batches are pixels: how the device preprocesses them before the first layer. */
  readonly preprocessing?: Preprocessing;
  /** Where batches are pixels and the device cuts augmented views out of them: the size of the pictures in training. */
  readonly viewsFrom?: { readonly height: number; readonly width: number };
  /** Where batches are pixels: whether the device mixes them in pairs in training. Batches must have no micro-batches then. */
  readonly mixes?: boolean;
  /** Decay of the EMA of the trained weights, e.g. 0.999; predictions and {@link Trainer.weights} use it. */
  readonly emaDecay?: number;
}

/** Preprocessed float32 values, or pixels (uint8) where {@link TrainerOptions.preprocessing} says how to preprocess them. */
export type Images = Float32Array | Uint8Array;

/** A batch of n samples, 1 ≤ n ≤ the trainer's batch size. */
export interface Batch {
  /** `[n, height, width, channels]`, preprocessed; or pixels, 0 to 255, where the trainer preprocesses them. */
  readonly images: Images;
  /** Class indices `[n]`, or probabilities `[n, classes]`. */
  readonly labels: Int32Array | Float32Array;
  /** The augmented views and the mixture that the device makes of them, see augmentation/device-views.ts. */
  readonly drawn?: ReadonlyMap<string, Float32Array | Int32Array>;
}

/** A batch that is ready for the first layer. */
export interface PreprocessedBatch extends Batch {
  readonly images: Float32Array;
}

/** What a training step has come to. */
export interface StepResult {
  /** Mean over the batch, before the update; label smoothing and class weights included. */
  readonly loss: number;
  /** Samples whose most probable class was the most probable label. */
  readonly correct: number;
}

/** Everything that a run needs to resume as if it had not been interrupted. Plain data. */
export interface TrainerState {
  readonly formatVersion: typeof FORMATS.trainerState.version;
  /** Batches that steps have taken. */
  readonly batches: number;
  /** Optimizer updates made. */
  readonly updates: number;
  readonly seed: number;
  /** Weights, moving statistics and optimizer slots, e.g. `Conv1/kernel` and `Conv1/kernel/momentum`. */
  readonly variables: ReadonlyMap<string, Float32Array>;
}

/** A network being trained. Owns its tensors until {@link Trainer.dispose}; its methods do not overlap: await each. */
export interface Trainer {
  /**
   * Trains on one batch: forward and backward, by micro-batches where there are, and one update of the weights. After a
   * failure only {@link Trainer.dispose} may follow.
   *
   * @param next The pixels of the next step, where they are known: a GPU takes them while it computes. They are not changed
   * until then. The results are the same without.
   * @throws {FoveaError} `batch-invalid`, `loss-not-finite`.
   */
  step(batch: Batch, learningRate: number, next?: Images): Promise<StepResult>;
  /** Probabilities `[count, classes]` of preprocessed images `[count, height, width, channels]`, in inference mode. */
  predict(images: Images, count: number): Promise<Float32Array>;
  /** Current weights, moving statistics included; their EMA where {@link TrainerOptions.emaDecay} is given. */
  weights(): Promise<Map<string, Float32Array>>;
  /**
   * Replaces weights by name; those not given stay, and optimizer slots too.
   *
   * @throws {FoveaError} `weights-invalid`.
   */
  setWeights(weights: NetworkWeights): Promise<void>;
  /** A copy of all that {@link Trainer.restore} needs. */
  state(): Promise<TrainerState>;
  /**
   * Resumes from a state.
   *
   * @throws {FoveaError} `trainer-state-invalid` where the state is of another network, optimizer or seed.
   */
  restore(state: TrainerState): Promise<void>;
  dispose(): void;
}

/** How a network is run in inference mode. */
export interface ForwardOptions
  extends Pick<
    TrainerOptions,
    | 'network'
    | 'weights'
    | 'fixedBatches'
    | 'towers'
    | 'executor'
    | 'precision'
    | 'preprocessing'
    | 'viewsFrom'
  > {
  /** Most pictures of a run, and how many most runs have. */
  readonly batchSize: number;
}

/** A network's forward pass in inference mode. Owns its tensors until {@link Forward.dispose}. */
export interface Forward {
  /**
   * The output for `count` images, one after another, float32 `[count, …]`. Runs do not overlap: await each.
   *
   * @param drawn The augmented views that the device cuts, see {@link Batch}; then `count` is at most the batch size.
   */
  run(images: Images, count: number, drawn?: Batch['drawn']): Promise<Float32Array>;
  dispose(): void;
}

/** TensorFlow on one back end. */
export interface Engine {
  readonly info: EngineInfo;
  /** Whether trainers take pixels, and 16-bit types. */
  readonly takesPixels: boolean;
  /**
   * Whether another number of samples costs far more than the samples that would fill a batch: for each one, cuDNN searches for
   * the fastest convolutions, or XLA compiles. Predictions then fill their last batch with zeros, and the training loop fills
   * the last batch of an epoch.
   */
  readonly prefersFixedBatches: boolean;
  /** The 16-bit type that mixed precision computes in on this device. */
  mixedPrecision(): LowPrecision;
  /**
   * Starts training a network.
   *
   * @throws {FoveaError} `network-not-classifier`, `weights-invalid`, `executor-unavailable`.
   */
  createTrainer(options: TrainerOptions): Promise<Trainer>;
  /**
   * Loads a network to run it in inference mode.
   *
   * @throws {FoveaError} `weights-invalid`, `executor-unavailable`.
   */
  createForward(options: ForwardOptions): Promise<Forward>;
  /** Number of tensors alive on the back end; steps do not change it. */
  numTensors(): number;
}
