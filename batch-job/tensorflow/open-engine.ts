// Opens TensorFlow: picks the back end that a job asks for, or the best there is, and says why.

import { FoveaError } from '../../core/errors/errors.ts';
import type { BackendName, Engine } from './engine/engine.ts';
import { openNativeEngine } from './native/open-native-engine.ts';
import { openPortableEngine } from './portable/open-portable-engine.ts';
import { nativeDirectory } from './setup/native-directory.ts';

/** Which back end to open, and how much of the machine it may take. */
export type OpenEngineOptions = EngineSettings &
  (
    | { readonly backend: 'portable' }
    | {
        /** `auto` is the best there is. */
        readonly backend: 'auto' | BackendName;
        /** The folder under which set-up puts the native back ends, see core/cache-directory.ts. */
        readonly cacheDirectory: string;
      }
  );

interface EngineSettings {
  /** Bytes that the portable back end's tensors may take together; all there is by default. */
  readonly memoryBytes?: number | undefined;
  /** Whether a GPU's steps are compiled by XLA: a minute at first, and then much faster. A process decides it once. */
  readonly compiles?: boolean;
  /** Threads of the portable back end; by default one a core, at most 4 for its WebAssembly. */
  readonly threads?: number;
}

const REQUESTED = 'it was asked for';
const BEST_FIRST: readonly BackendName[] = ['gpu', 'native', 'portable'];

/**
 * Opens the engine of a back end. With `auto`, back ends that do not open are noted in the engine's `reason`.
 *
 * @throws {FoveaError} `backend-unavailable` where the back end that was asked for does not open; the message says what is
 * missing and what to do.
 */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  if (!('cacheDirectory' in options)) return openPortableEngine(options, REQUESTED);
  if (options.backend !== 'auto') return openBackend(options.backend, options, REQUESTED);
  const problems: string[] = [];
  for (const backend of BEST_FIRST) {
    try {
      return await openBackend(backend, options, ['it is the best there is', ...problems].join('; '));
    } catch (error) {
      const problem = error instanceof FoveaError ? error.details?.['problem'] : undefined;
      if (problem === undefined) throw error;
      problems.push(`${backend}: ${String(problem)}`);
    }
  }
  throw new FoveaError('backend-unavailable', `No back end of TensorFlow runs here. ${problems.join('. ')}.`);
}

async function openBackend(
  backend: BackendName,
  options: EngineSettings & { readonly cacheDirectory: string },
  reason: string,
): Promise<Engine> {
  if (backend === 'portable') return openPortableEngine(options, reason);
  const variant = backend === 'gpu' ? 'gpu' : 'cpu';
  const directory = nativeDirectory(options.cacheDirectory, variant);
  return openNativeEngine({ variant, directory, reason, compiles: options.compiles ?? false });
}
