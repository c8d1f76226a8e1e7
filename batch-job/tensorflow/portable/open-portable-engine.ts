// The portable engine, from npm alone: ONNX Runtime for whole steps where it loads, WebAssembly op by op everywhere.

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { FoveaError } from '../../../core/errors/errors.ts';
import type { Engine, ExecutorName, TrainerOptions } from '../engine/engine.ts';
import { createForward } from '../engine/forward.ts';
import { createTrainer } from '../engine/trainer.ts';
import type { Executor } from '../executor/executor.ts';
import { createOnnxExecutor } from '../onnx/onnx-executor.ts';
import type { OnnxRuntime } from '../onnx/onnx-runtime.ts';
import { type OpenWasmOptions, openWasm } from './open-wasm.ts';
import { createPortableExecutor } from './portable-executor.ts';

const require = createRequire(import.meta.url);

/** How much of the machine the portable engine may take. */
export interface OpenPortableOptions extends OpenWasmOptions {
  /** Loads ONNX Runtime; by default the package from npm. */
  readonly loadOnnxRuntime?: () => Promise<OnnxRuntime>;
}

const versionOf = (name: string): string =>
  (require(`${name}/package.json`) as { readonly version: string }).version;

/**
 * Starts the portable engine.
 *
 * @param reason Why this back end is used, see {@link EngineInfo}.
 *
 * @throws {FoveaError} `backend-unavailable` where neither ONNX Runtime loads nor WebAssembly starts.
 */
export async function openPortableEngine(options: OpenPortableOptions, reason: string): Promise<Engine> {
  const { loadOnnxRuntime = () => import('onnxruntime-node') } = options;
  const threads = options.threads ?? availableParallelism();
  const loaded = await loadOnnxRuntime().catch((error: unknown) => error);
  const problem = loaded instanceof Error ? loaded.message : undefined;
  const graph =
    problem === undefined
      ? createOnnxExecutor(loaded as OnnxRuntime, { threads, memoryBytes: options.memoryBytes })
      : undefined;
  let eager: Executor | undefined;
  const openEager = async (): Promise<Executor> => {
    eager ??= createPortableExecutor(await openWasm(options));
    return eager;
  };
  if (graph === undefined) await openEager();
  const executorNamed = async (name: ExecutorName): Promise<Executor> => {
    if (name === 'eager') return openEager();
    if (graph !== undefined) return graph;
    throw new FoveaError(
      'executor-unavailable',
      `The portable back end has no graph executor here: ONNX Runtime does not load (${problem}). Leave \`executor\` out, ` +
        'or ask for the native back end.',
    );
  };
  const device = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return {
    info: {
      backend: 'portable',
      versions: {
        ...(graph === undefined
          ? { '@tensorflow/tfjs-backend-wasm': versionOf('@tensorflow/tfjs-backend-wasm') }
          : { 'onnxruntime-node': versionOf('onnxruntime-node') }),
        node: process.versions.node,
      },
      devices: [`CPU, ${graph === undefined ? 'WebAssembly with SIMD' : 'ONNX Runtime'}, ${device}`],
      reason: problem === undefined ? reason : `${reason}; ONNX Runtime does not load (${problem})`,
    },
    takesPixels: false,
    prefersFixedBatches: false,
    mixedPrecision: () => 'bfloat16',
    async createTrainer(trainerOptions) {
      const { executor = graph === undefined ? 'eager' : 'graph' } = trainerOptions;
      refuseOtherTypes(trainerOptions);
      return createTrainer(await executorNamed(executor), trainerOptions);
    },
    async createForward(forwardOptions) {
      const { executor = graph === undefined ? 'eager' : 'graph' } = forwardOptions;
      refuseOtherTypes(forwardOptions);
      return createForward(await executorNamed(executor), forwardOptions);
    },
    numTensors: () => (graph?.numTensors() ?? 0) + (eager?.numTensors() ?? 0),
  };
}

function refuseOtherTypes({
  precision = 'float32',
  preprocessing,
}: Pick<TrainerOptions, 'precision' | 'preprocessing'>): void {
  if (precision === 'float32' && preprocessing === undefined) return;
  throw new FoveaError(
    'executor-unavailable',
    `The portable back end computes in float32 alone and takes preprocessed values (asked for: ${precision}, ` +
      `${preprocessing === undefined ? 'values' : 'pixels'}). Leave \`precision\` and \`preprocessing\` out, or ask for the native back end.`,
  );
}
