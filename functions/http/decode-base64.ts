// Base64 and data URLs to bytes, strictly: Node's own decoder skips what it does not know, and gives wrong bytes.

import { FoveaError } from '../../core/errors.ts';

const DATA_URL = /^data:[^,]{0,200},/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * The bytes of base64 text (standard or URL alphabet, padding optional, line breaks allowed) or of a base64 data URL.
 * @param param where the text stood, for the error.
 * @throws {FoveaError} `base64-invalid`.
 */
export function decodeBase64(text: string, param: string): Uint8Array {
  const prefix = DATA_URL.exec(text)?.[0];
  if (prefix !== undefined && !prefix.endsWith(';base64,')) {
    throw invalid(param, 'the data URL is not in base64: it must start with "data:image/…;base64,"');
  }
  const digits = text.slice(prefix?.length ?? 0).replaceAll(/\s+/g, '');
  if (digits === '') throw invalid(param, 'it is empty');
  if (!BASE64.test(digits)) {
    const at = digits.search(/[^A-Za-z0-9+/_=-]/);
    throw invalid(
      param,
      at === -1 ? '"=" may only stand at its end' : `it has ${JSON.stringify(digits[at])} at ${at}`,
    );
  }
  if (digits.replace(/=+$/, '').length % 4 === 1) throw invalid(param, 'it is cut off');
  return Buffer.from(digits, 'base64');
}

const invalid = (param: string, problem: string) =>
  new FoveaError('base64-invalid', `"${param}" is no base64 picture: ${problem}.`, { param });
