// Which errors of a store concern one object alone: others can be read as before.

import type { ErrorCode } from '../errors/error-codes.ts';
import type { FoveaError } from '../errors/errors.ts';

const UNREADABLE: ReadonlySet<ErrorCode> = new Set([
  'storage-link-refused',
  'storage-name-not-utf8',
  'object-archived',
  'key-invalid',
  'key-too-long',
] as const);

/** Whether an error says that one object cannot be read, whatever is tried: a link, a name that is no UTF-8, an archived object. */
export const isUnreadableObject = ({ code }: FoveaError): boolean => UNREADABLE.has(code);
