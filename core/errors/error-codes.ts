// All error codes, in groups for readers. Which HTTP status a code has is said in functions/http/error-status.ts.

import { JOB_CODES } from './job-codes.ts';
import { PICTURE_CODES } from './picture-codes.ts';
import { REQUEST_CODES } from './request-codes.ts';
import { SET_UP_CODES } from './set-up-codes.ts';
import { STORAGE_CODES } from './storage-codes.ts';

/** The codes under their headings, in the order in which ERRORS.md lists them. */
export const ERROR_CODE_GROUPS = {
  Requests: REQUEST_CODES,
  Pictures: PICTURE_CODES,
  'Storage, models and weights': STORAGE_CODES,
  'Jobs and trainers': JOB_CODES,
  'Set-up': SET_UP_CODES,
} as const;

/** All error codes, with what each means and what to do, in Markdown. */
export const ERROR_CODES = {
  ...REQUEST_CODES,
  ...PICTURE_CODES,
  ...STORAGE_CODES,
  ...JOB_CODES,
  ...SET_UP_CODES,
} as const;

/** An error code: stable and kebab-case, since clients decide by it. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text is a code of this version. Stored records may have codes of another one. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
