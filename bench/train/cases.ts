// The networks that are timed, at sizes for which two cores need about a second for a training step.

/** One network at one size. */
export interface TrainCase {
  readonly architecture: string;
  /** Height and width of the pictures. */
  readonly size: number;
  readonly channels: 1 | 3;
  readonly batch: number;
  /** How Keras builds the same network; see keras-worker.py. */
  readonly keras: 'mnist_cnn' | 'ResNet50' | 'MobileNetV2' | 'Xception';
  /** The same network in timm, where there is one; see pytorch-worker.py. */
  readonly timm?: string;
}

/** Number of classes of every network. */
export const CLASSES = 10;

/** The networks that are timed, from the smallest to the largest. */
export const TRAIN_CASES: readonly TrainCase[] = [
  { architecture: 'mnist_cnn', size: 28, channels: 1, batch: 32, keras: 'mnist_cnn' },
  { architecture: 'resnet50', size: 64, channels: 3, batch: 16, keras: 'ResNet50', timm: 'resnet50' },
  {
    architecture: 'mobilenet_v2_1.0',
    size: 128,
    channels: 3,
    batch: 16,
    keras: 'MobileNetV2',
    timm: 'mobilenetv2_100',
  },
  { architecture: 'xception', size: 96, channels: 3, batch: 8, keras: 'Xception' },
];
