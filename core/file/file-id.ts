// Ids of files that clients send. They count down with time, and their beginning says whether the file expires.

import { countingDown, timeCountedDown } from '../counting-down.ts';
import { idDigits } from '../id-digits.ts';
import { FILE_PREFIXES } from '../storage/keys.ts';

const RANDOM_BYTES = 10;
const PREFIX_LENGTH = FILE_PREFIXES.kept.length;

/** Matches the ids of files. */
export const FILE_ID_PATTERN = /^file-[kx][0-9a-v]{10}[0-9a-f]{20}$/;
/** Whether a text has the form of the id of a file. */
export const isFileId = (text: string): boolean => FILE_ID_PATTERN.test(text);

/** Whether a text is meant as the id of a file, of this server or of another one. */
export const looksLikeFileId = (text: string): boolean => /^file-[A-Za-z0-9]+$/.test(text);

/**
 * Makes the id of a new file.
 * @param nowMs Unix milliseconds.
 * @param expires whether it has an end.
 * @param digits hexadecimal digits that it is made of. Default: random ones.
 */
export const createFileId = (nowMs: number, expires: boolean, digits?: string): string =>
  `${expires ? FILE_PREFIXES.expiring : FILE_PREFIXES.kept}${countingDown(nowMs)}${idDigits(RANDOM_BYTES, digits)}`;

/** What orders ids by time, the newest first, whether they expire or not. */
export const orderOfFile = (fileId: string): string => fileId.slice(PREFIX_LENGTH);

/** When an id was made, in Unix milliseconds; 0 for a text that is no id of a file. */
export const fileIdMs = (fileId: string): number =>
  isFileId(fileId) ? timeCountedDown(fileId.slice(PREFIX_LENGTH)) : 0;
