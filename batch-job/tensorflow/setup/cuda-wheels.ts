// The wheels of NVIDIA's CUDA libraries, and what TensorFlow needs of each. Left out: libraries for profiling, static ones,
// headers, compilers that nothing here calls, cuRAND, which TensorFlow does not open, and NCCL: several GPUs add their gradients by
// copies and one sum.

import type { Wheel } from './wheel.ts';

/** @param folder the wheel's folder under `nvidia/`. @param files what is kept of it. */
const wheel = (
  name: string,
  version: string,
  sha256: string,
  { folder, files }: { readonly folder: string; readonly files: readonly string[] },
): Wheel => ({ name, version, sha256, keeps: files.map((file) => `nvidia/${folder}/${file}`) });

/** The newest of CUDA 12 that `tensorflow[and-cuda]` 2.21.0 allows. */
export const CUDA_WHEELS: readonly Wheel[] = [
  wheel(
    'nvidia-cublas-cu12',
    '12.9.3.13',
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    { folder: 'cublas', files: ['lib/libcublas.so.12', 'lib/libcublasLt.so.12'] },
  ),
  wheel(
    'nvidia-cuda-cupti-cu12',
    '12.8.90',
    'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    { folder: 'cuda_cupti', files: ['lib/libcupti.so.12'] },
  ),
  // XLA and the search for the fastest convolution compile small kernels.
  wheel(
    'nvidia-cuda-nvcc-cu12',
    '12.9.86',
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    { folder: 'cuda_nvcc', files: ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc'] },
  ),
  // cuDNN compiles kernels with it.
  wheel(
    'nvidia-cuda-nvrtc-cu12',
    '12.9.86',
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    { folder: 'cuda_nvrtc', files: ['lib/libnvrtc.so.12', 'lib/libnvrtc-builtins.so.12.9'] },
  ),
  wheel(
    'nvidia-cuda-runtime-cu12',
    '12.9.79',
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    { folder: 'cuda_runtime', files: ['lib/libcudart.so.12'] },
  ),
  // Without `adv`, which has recurrent layers and attention.
  wheel(
    'nvidia-cudnn-cu12',
    '9.28.0.42',
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    {
      folder: 'cudnn',
      files: [
        'lib/libcudnn.so.9',
        'lib/libcudnn_cnn.so.9',
        'lib/libcudnn_engines_precompiled.so.9',
        'lib/libcudnn_engines_runtime_compiled.so.9',
        'lib/libcudnn_engines_tensor_ir.so.9',
        'lib/libcudnn_ext.so.9',
        'lib/libcudnn_graph.so.9',
        'lib/libcudnn_heuristic.so.9',
        'lib/libcudnn_ops.so.9',
      ],
    },
  ),
  // No layer uses cuFFT, cuSOLVER and cuSPARSE, but without them TensorFlow does not use a GPU.
  wheel('nvidia-cufft-cu12', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28', {
    folder: 'cufft',
    files: ['lib/libcufft.so.11'],
  }),
  wheel(
    'nvidia-cusolver-cu12',
    '11.7.5.82',
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    { folder: 'cusolver', files: ['lib/libcusolver.so.11'] },
  ),
  wheel(
    'nvidia-cusparse-cu12',
    '12.5.10.65',
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    { folder: 'cusparse', files: ['lib/libcusparse.so.12'] },
  ),
  // cuSOLVER and cuSPARSE link to it.
  wheel(
    'nvidia-nvjitlink-cu12',
    '12.9.86',
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    { folder: 'nvjitlink', files: ['lib/libnvJitLink.so.12'] },
  ),
];

/**
 * A library that TensorFlow does not find where its wheel puts it: the folders that libtensorflow_framework looks into have no
 * cuSOLVER among them, and with one library missing it uses no GPU.
 */
export const LIBRARY_LINK = {
  file: 'nvidia/cusparse/lib/libcusolver.so.11',
  target: '../../cusolver/lib/libcusolver.so.11',
} as const;
