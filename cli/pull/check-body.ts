// Refuses what a server gives instead of the file: a page to log in, an error, a pointer to the file. Knows how files begin, not what is
// in them.

import { open } from 'node:fs/promises';
import { isArchive } from '../../core/network/weights/keras-archive.ts';
import { downloadFailed } from './request-file.ts';

/** `onnx`: a model; `keras`: weights, as HDF5 or in a `.keras` archive; `json`: an object. */
export type BodyKind = 'onnx' | 'keras' | 'json';

const HEAD_BYTES = 64;
const SHOWN_CHARACTERS = 40;
const HDF5 = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Varint and length-delimited: ONNX's message of a model has fields of these types alone. */
const MODEL_WIRE_TYPES = [0, 2];
const isText = (head: Buffer, start: RegExp) =>
  start.test(head.toString('latin1').replace(/^\xef\xbb\xbf/, ''));

const EXPECTED = {
  onnx: {
    what: 'an ONNX model',
    fits: (head) => !isText(head, /^\s*[<{]/) && MODEL_WIRE_TYPES.includes((head[0] ?? 0) & 7),
  },
  keras: {
    what: 'a Keras weight file (HDF5, or a .keras archive)',
    fits: (head) => head.subarray(0, HDF5.length).equals(HDF5) || isArchive(head),
  },
  json: { what: 'a JSON object', fits: (head) => isText(head, /^\s*\{/) },
} satisfies Record<BodyKind, { what: string; fits: (head: Buffer) => boolean }>;

/**
 * Checks that a file begins as one of its kind does.
 * @throws {FoveaError} `download-failed`.
 */
export async function checkBody(url: URL, file: string, kind: BodyKind): Promise<void> {
  const head = await headOf(file);
  const { what, fits } = EXPECTED[kind];
  if (head.length > 0 && fits(head)) return;
  const shown = JSON.stringify(head.toString('latin1', 0, SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, '·'));
  const came = head.length === 0 ? 'the file is empty' : `what came begins with ${shown}`;
  throw downloadFailed(
    url,
    `${came} and is not ${what}. It was not stored. Open the address in a browser: it may need a login, or be that of a page about ` +
      'the file. For a private or gated repository of a hub, set HF_TOKEN.',
  );
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
