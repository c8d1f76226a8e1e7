// Decompresses bodies that clients send with a Content-Encoding, while they arrive. The reader decides how many bytes may
// come out.

import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FoveaError } from '../../core/errors/errors.ts';

const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;
const CHUNK_BYTES = 65_536;

const isCoding = (name: string): name is keyof typeof DECODERS => Object.hasOwn(DECODERS, name);

/** The content codings that are understood, for `Accept-Encoding`. */
export const CONTENT_CODINGS = ['gzip', 'deflate', 'br'] as const;

/**
 * A body as it was before the client compressed it.
 * @param contentEncoding the header; null where the request has none.
 * @throws {FoveaError} `content-encoding-unsupported`, `content-encoding-invalid`; what `body` throws.
 */
export function decompress(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | null,
): AsyncIterable<Uint8Array> {
  const coding = contentEncoding?.trim().toLowerCase() || 'identity';
  if (coding === 'identity') return body;
  if (isCoding(coding)) return inflate(body, coding);
  throw new FoveaError(
    'content-encoding-unsupported',
    `The Content-Encoding ${JSON.stringify(coding.slice(0, 80))} is not understood: send the body as it is, or in one of ` +
      `${CONTENT_CODINGS.join(', ')}.`,
    { param: 'Content-Encoding', details: { received: coding, allowed: CONTENT_CODINGS } },
  );
}

async function* inflate(body: AsyncIterable<Uint8Array>, coding: keyof typeof DECODERS) {
  const decoder = DECODERS[coding]({ chunkSize: CHUNK_BYTES });
  // The error, of the body or of the decoder, comes out of the loop below.
  pipeline(Readable.from(body, { objectMode: true, highWaterMark: 1 }), decoder, () => undefined);
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    throw new FoveaError(
      'content-encoding-invalid',
      `The request body is not ${coding}, as its Content-Encoding says, or it is cut off.`,
      { param: 'Content-Encoding', cause: error },
    );
  }
}
