// Why a form cannot be read.

import { FoveaError } from '../../core/errors/errors.ts';

/**
 * `multipart-invalid`.
 * @param problem what is wrong, as the end of a sentence.
 */
export const formInvalid = (problem: string, param?: string, cause?: unknown) =>
  new FoveaError('multipart-invalid', `The form cannot be read: ${problem}.`, {
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause }),
  });

/** Of a body that the parser cannot take apart. */
export const notAForm = (cause: unknown) =>
  formInvalid(
    'its parts do not match the boundary that the Content-Type names, or it is cut off',
    'Content-Type',
    cause,
  );
