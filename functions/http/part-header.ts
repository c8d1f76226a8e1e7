// What the header of a form's part says, in all the ways that clients write it. Knows nothing of what the part holds.

import { parse } from 'content-disposition';

/** As the parser of forms gives it: names in lower case, a byte a character. */
export type RawPartHeader = Readonly<Record<string, readonly string[] | undefined>>;

export interface PartHeader {
  /** Of the field; empty where the part has none. */
  readonly name: string;
  /** File name; empty where the part is a file without one, `undefined` where it is no file. */
  readonly file: string | undefined;
}

const FILE_TYPE = /^\s*(image\/|application\/octet-stream|binary\/octet-stream)/i;

/**
 * The name of a part, and whether it is a file: it has a file name, or the media type of bytes.
 *
 * Browsers write `"` in a name as `%22`, other clients as `\"`; .NET leaves quotes out and repeats the name as `filename*`
 * (RFC 8187), which then counts.
 * @returns `undefined` for a part without Content-Disposition.
 */
export function readPartHeader(header: RawPartHeader): PartHeader | undefined {
  const [raw] = header['content-disposition'] ?? [];
  if (raw === undefined) return undefined;
  const disposition = toText(Buffer.from(raw, 'latin1'));
  const parsed = parse(disposition, { multipart: !disposition.includes('\\"') });
  const { name = '', filename }: Readonly<Record<string, string | undefined>> = parsed.parameters;
  const isFile = filename !== undefined || FILE_TYPE.test(header['content-type']?.[0] ?? '');
  return { name, file: isFile ? (filename ?? '') : undefined };
}

/** UTF-8, or what browsers take for Latin-1. */
export function toText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}
