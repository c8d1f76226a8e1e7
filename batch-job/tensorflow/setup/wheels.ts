// The Python wheels that TensorFlow's native libraries are taken from: versions, hashes and the files that are kept, pinned. A
// wheel is a zip file; no Python runs them. Set-up and the trainer's image both take what is listed here, and nothing else.

import type { NativeVariant } from '../addon/addon.ts';
import { CUDA_WHEELS } from './cuda-wheels.ts';
import { PROVIDER_WHEELS } from './onnx-provider.ts';
import type { Wheel } from './wheel.ts';

/** What a variant needs on a platform. */
export interface WheelSet {
  /** TensorFlow itself: headers and libraries. */
  readonly tensorflow: Wheel;
  /** CUDA's libraries; empty for a CPU. */
  readonly cuda: readonly Wheel[];
  /** pip's platform tags, so that the same files come whatever the Python that runs pip. */
  readonly platforms: readonly string[];
  /** Free space that set-up needs, in bytes, with the wheels and what is unpacked from them side by side. */
  readonly diskBytes: number;
}

/** The version of TensorFlow that set-up takes. */
export const TENSORFLOW_VERSION = '2.21.0';

/** TensorFlow's own files. */
const TENSORFLOW_FILES = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/LICENSE',
  'tensorflow/THIRD_PARTY_NOTICES.txt',
];

/** How the paths of the headers begin that the addon is compiled with; they are gone once it is. */
export const HEADERS: readonly string[] = [
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
];

const GIB = 2 ** 30;

const tensorflow = (name: string, sha256: string): Wheel => ({
  name,
  version: TENSORFLOW_VERSION,
  sha256,
  keeps: TENSORFLOW_FILES,
});

/** All wheels of CUDA's libraries that some set-up takes. */
export const CUDA_LIBRARIES: readonly Wheel[] = [...CUDA_WHEELS, ...PROVIDER_WHEELS];

const X64 = [
  'manylinux_2_28_x86_64',
  'manylinux_2_27_x86_64',
  'manylinux_2_17_x86_64',
  'manylinux2014_x86_64',
  'manylinux1_x86_64',
];

/** The wheels of each `<variant>-<platform>-<architecture>`, in Node's names. What is not listed has no wheel. */
export const WHEEL_SETS: Readonly<Record<string, WheelSet>> = {
  'cpu-linux-x64': {
    tensorflow: tensorflow(
      'tensorflow-cpu',
      '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    ),
    cuda: [],
    platforms: X64,
    diskBytes: 2 * GIB,
  },
  'cpu-linux-arm64': {
    tensorflow: tensorflow('tensorflow', '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c'),
    cuda: [],
    platforms: ['manylinux_2_27_aarch64'],
    diskBytes: 2 * GIB,
  },
  'gpu-linux-x64': {
    tensorflow: tensorflow('tensorflow', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'),
    cuda: CUDA_WHEELS,
    platforms: X64,
    diskBytes: 9 * GIB,
  },
};

/**
 * The wheels of a variant on this machine, if there are any.
 *
 * @param imported Whether imported backbones run on the GPU, which needs ONNX Runtime's CUDA provider.
 */
export function findWheels(variant: NativeVariant, imported = false): WheelSet | undefined {
  const set = WHEEL_SETS[`${variant}-${process.platform}-${process.arch}`];
  if (set === undefined || variant === 'cpu' || !imported) return set;
  return { ...set, cuda: [...set.cuda, ...PROVIDER_WHEELS] };
}
