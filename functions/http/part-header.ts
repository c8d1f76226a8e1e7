// Reads the header of a form's part, in all the ways that clients write it. Knows nothing of the part's content.

import { parse } from 'content-disposition';

/** A header as the parser of forms gives it: names in lower case, one character for each byte. */
export type RawPartHeader = Readonly<Record<string, readonly string[] | undefined>>;

/** The field name of a part, and its file name. */
export interface PartHeader {
  /** Name of the field; empty where the part has none. */
  readonly name: string;
  /** File name; empty where the part is a file without a name, `undefined` where it is not a file. */
  readonly file: string | undefined;
}

const FILE_TYPE = /^\s*(image\/|application\/octet-stream|binary\/octet-stream)/i;

/**
 * The name of a part, and whether it is a file: it has a file name, or the media type of bytes.
 * Browsers write `"` in a name as `%22`, other clients as `\"`. .NET writes names without quotes and repeats the file
 * name as `filename*` (RFC 8187), which then counts.
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

/** Text of bytes in UTF-8; where they are not valid UTF-8, in Latin-1 as browsers understand it (Windows-1252). */
export function toText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}
