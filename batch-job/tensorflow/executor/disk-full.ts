// Tells a full temporary folder from other failures, and gives it one error code.

import { isDiskFull } from '../../../core/disk-full.ts';
import { FoveaError } from '../../../core/errors/errors.ts';

/**
 * The failure of a write as an error `disk-full`; the failure itself where it is of another kind.
 *
 * @param what Does not fit, e.g. `The features of the pictures`.
 */
export const toDiskFull = (cause: unknown, what: string, directory: string): unknown =>
  isDiskFull(cause)
    ? new FoveaError(
        'disk-full',
        `${what} do not fit into the temporary folder "${directory}". Free some space there, or set TMPDIR.`,
        { cause },
      )
    : cause;
