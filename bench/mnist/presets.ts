// The ways to train on MNIST, as plain data: a run's checkpoints and results are known by them.

import type { TrainerOptions } from '../../batch-job/tensorflow/engine/engine.ts';
import type { DistortionRange } from './distort-digits.ts';

/** How one network is trained. */
export interface Preset {
  readonly architecture: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: TrainerOptions['optimizer'];
  /** Half a cosine from `peak` to 0, after a linear rise over the share `warmUp` of all steps. */
  readonly learningRate: { readonly peak: number; readonly warmUp: number };
  readonly augmentation?: DistortionRange;
  readonly emaDecay?: number;
  readonly labelSmoothing?: number;
  /** Pictures of the training set that choose the best epoch in place of training; 0: the last epoch is taken. */
  readonly validationPictures: number;
}

/** The presets by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  course: {
    architecture: 'mnist_cnn',
    epochs: 10,
    batchSize: 32,
    optimizer: { type: 'nadam' },
    learningRate: { peak: 1e-3, warmUp: 0 },
    validationPictures: 5000,
  },
  augmented: {
    architecture: 'mnist_cnn',
    epochs: 40,
    batchSize: 128,
    optimizer: { type: 'adamw', weightDecay: 0.01 },
    learningRate: { peak: 2e-3, warmUp: 0.005 },
    augmentation: { degrees: 10, scale: 0.1, shift: 1.5, elastic: 1.2 },
    emaDecay: 0.999,
    labelSmoothing: 0.05,
    validationPictures: 0,
  },
  wide: {
    architecture: 'mnist_cnn_wide',
    epochs: 50,
    batchSize: 128,
    optimizer: { type: 'adamw', weightDecay: 0.05 },
    learningRate: { peak: 3e-3, warmUp: 0.2 },
    augmentation: { degrees: 12, scale: 0.15, shift: 2, elastic: 1.5 },
    emaDecay: 0.999,
    labelSmoothing: 0.05,
    validationPictures: 0,
  },
};
