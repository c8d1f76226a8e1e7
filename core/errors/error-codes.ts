// Every error code there is, in groups for readers. What HTTP makes of a code is functions/http/error-status.ts's.

import { JOB_CODES } from './job-codes.ts';
import { PICTURE_CODES } from './picture-codes.ts';
import { REQUEST_CODES } from './request-codes.ts';
import { SET_UP_CODES } from './set-up-codes.ts';
import { STORAGE_CODES } from './storage-codes.ts';

/** The codes under their headings, in the order in which they are listed. */
export const ERROR_CODE_GROUPS = {
  Requests: REQUEST_CODES,
  Pictures: PICTURE_CODES,
  'Storage, models and weights': STORAGE_CODES,
  'Jobs and trainers': JOB_CODES,
  'Set-up': SET_UP_CODES,
} as const;

/** Code to what it means and what to do, in Markdown. */
export const ERROR_CODES = {
  ...REQUEST_CODES,
  ...PICTURE_CODES,
  ...STORAGE_CODES,
  ...JOB_CODES,
  ...SET_UP_CODES,
} as const;

/** Stable and kebab-case: clients decide by it. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text is a code of this version: stored records may be of another one. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
