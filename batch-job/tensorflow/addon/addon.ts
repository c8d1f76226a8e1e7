// The tfjs-node addon: TensorFlow's C library in a Node module. Loaded from where set-up built it, and used directly: the
// package's JavaScript above it, with its tape and layers, is not.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { unaligned } from './unaligned.ts';

/** A tensor that an op has made. Whoever ran the op deletes it. */
export interface AddonTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** One attribute of an op, as the addon takes it: `type` is one of its `TF_ATTR_…` numbers. */
export interface AddonAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** The functions of the addon that the trainer uses. Tensors and models are known by ids; whoever makes one deletes it. */
export interface Addon {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  /** Like {@link Addon.createTensor}; shares the memory where that lies on a multiple of 64 bytes, see lent-tensors.ts. */
  lendTensor(shape: readonly number[], dtype: number, data: Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    type: string,
    attributes: readonly AddonAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): AddonTensor[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names are comma-separated, `<op>:<output>`. */
  runSavedModel(
    id: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): AddonTensor[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_RESOURCE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
}

/** `gpu` is the addon of `@tensorflow/tfjs-node-gpu` against TensorFlow's CUDA build. */
export type NativeVariant = 'cpu' | 'gpu';

/** The npm package that has the sources of a variant's addon. */
export const ADDON_PACKAGE: Readonly<Record<NativeVariant, string>> = {
  cpu: '@tensorflow/tfjs-node',
  gpu: '@tensorflow/tfjs-node-gpu',
};

/** Version of Node-API that the addon is built for; Node 20 and all later releases have it. */
export const NAPI_VERSION = 8;

/** The addon's file in a folder that set-up has made. */
export const addonPath = (directory: string, variant: NativeVariant): string =>
  path.join(directory, 'node_modules', ADDON_PACKAGE[variant], `lib/napi-v${NAPI_VERSION}/tfjs_binding.node`);

/** Whether set-up has built the addon of a variant in this folder. */
export const hasAddon = (directory: string, variant: NativeVariant): boolean =>
  existsSync(addonPath(directory, variant));

/**
 * Loads the addon and TensorFlow's libraries with it.
 *
 * @throws {Error} The dynamic loader's error, which names the library that is missing.
 */
export function loadAddon(directory: string, variant: NativeVariant): Addon {
  // TensorFlow reads it when it is loaded; its notes on instruction sets would go between the lines of a progress bar.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const addon = createRequire(import.meta.url)(addonPath(directory, variant)) as Addon;
  const createTensor: Addon['createTensor'] = (shape, dtype, data) =>
    addon.createTensor(shape, dtype, unaligned(data));
  return Object.create(addon, {
    createTensor: { value: createTensor },
    lendTensor: { value: addon.createTensor },
  }) as Addon;
}
