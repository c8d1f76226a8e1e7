// The door to TensorFlow: picks the back end that a job asks for, or the best there is, and says why.

import { FoveaError } from '../../core/errors.ts';
import type { BackendName, Engine } from './engine.ts';
import { openPortableEngine } from './portable/open-portable-engine.ts';

export interface OpenEngineOptions {
  /** `auto` is the best there is. */
  readonly backend: 'auto' | BackendName;
  /** Threads of the portable back end; left out, one a core, at most 4. */
  readonly threads?: number;
}

/**
 * Opens an engine.
 *
 * @throws {FoveaError} `backend-unavailable` where the back end that was asked for is not to be had: what is missing and
 * what to do.
 */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  switch (options.backend) {
    case 'portable':
    case 'auto':
      return openPortableEngine(options, 'It was asked for.');
    case 'native':
    case 'gpu':
      throw new FoveaError(
        'backend-unavailable',
        `The ${options.backend} back end of TensorFlow is not installed.`,
      );
  }
}
