// Decodes base64 and data URLs strictly. Node's own decoder skips characters that it does not know, and gives wrong bytes.

import { FoveaError } from '../errors/errors.ts';
import { imageTooLarge } from './image-errors.ts';

const DATA_URL = /^\s*data:[^,]{0,200},/i;
const URL_START = /^\s*[a-z][a-z0-9+.-]{1,20}:\/\//i;
const BASE64 = /^[A-Za-z0-9+/_ \t\r\n-]*(?:=[ \t\r\n]*){0,2}$/;
const [SPACE, EQUALS] = [0x20, 0x3d];
/** Base64 has four characters for three bytes; line breaks come on top. */
const MOST_CHARACTERS_PER_BYTE = 1.5;

/**
 * The bytes of base64 text (standard or URL alphabet, padding optional, line breaks allowed) or of a base64 data URL.
 * Where the text is neither, the error: `base64-invalid`, or `image-too-large` for text that is too long for
 * `limitBytes`.
 * @param param the place of the text in the request, for the error.
 */
export function decodeBase64(text: string, param: string, limitBytes: number): Uint8Array | FoveaError {
  if (text.length > limitBytes * MOST_CHARACTERS_PER_BYTE)
    return imageTooLarge(Math.floor((text.length * 3) / 4), limitBytes);
  const prefix = DATA_URL.exec(text)?.[0];
  if (prefix !== undefined && !/;base64,$/i.test(prefix))
    return invalid(param, 'the data URL is not in base64: it must start with "data:image/…;base64,"');
  if (URL_START.test(text))
    return invalid(
      param,
      'it is a URL, and URLs are not fetched from here. Send the bytes of the picture in base64, or upload it (POST /v1/uploads) and ' +
        'send its "image_key"; or send the URL as "image_url", where the operator of the server allows that',
    );
  const encoded = text.slice(prefix?.length ?? 0);
  if (!BASE64.test(encoded)) {
    const at = encoded.search(/[^A-Za-z0-9+/_= \t\r\n-]/);
    return invalid(
      param,
      at === -1 ? '"=" may only stand at its end' : `it has ${JSON.stringify(encoded[at])} at ${at}`,
    );
  }
  const digits = countDigits(encoded);
  if (digits === 0) return invalid(param, 'it is empty');
  if (digits % 4 === 1) return invalid(param, 'it is cut off');
  return Buffer.from(encoded, 'base64');
}

function countDigits(encoded: string): number {
  let digits = 0;
  for (let at = 0; at < encoded.length; at++) {
    const code = encoded.charCodeAt(at);
    if (code > SPACE && code !== EQUALS) digits += 1;
  }
  return digits;
}

const invalid = (param: string, problem: string) =>
  new FoveaError('base64-invalid', `"${param}" is no base64 picture: ${problem}.`, { param });
