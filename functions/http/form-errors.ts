// The errors of forms that cannot be read.

import { FoveaError } from '../../core/errors/errors.ts';

/**
 * The error `multipart-invalid`.
 * @param problem says what is wrong, as the end of a sentence.
 */
export const formInvalid = (problem: string, param?: string, cause?: unknown) =>
  new FoveaError('multipart-invalid', `The form cannot be read: ${problem}.`, {
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause }),
  });

/** The error `multipart-invalid` for a body that the parser cannot read as a form. */
export const notAForm = (cause: unknown) =>
  formInvalid(
    'its parts do not match the boundary that the Content-Type names, or it is cut off',
    'Content-Type',
    cause,
  );
