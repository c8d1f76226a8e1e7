// The exit codes by which a trainer process tells how its attempt has ended.

import { exitCodes } from '../../core/environment.ts';
import type { AttemptOutcome } from './run-attempt.ts';

/** The exit code of each outcome. With 0 the job's record says everything. */
export const EXIT_CODE_OF: Readonly<Record<AttemptOutcome, number>> = {
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  paused: 0,
  released: exitCodes.released,
  'lease-lost': exitCodes.released,
  'out-of-memory': exitCodes.outOfMemory,
  'not-started': exitCodes.notStarted,
  'storage-denied': exitCodes.storageDenied,
};
