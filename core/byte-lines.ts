// Cuts bytes into lines while they arrive. Knows nothing of what the lines say, or where they come from.

const NEWLINE = 0x0a;

/** A line, and where it is in the whole. */
export interface ByteLine {
  /** From 1. */
  readonly line: number;
  /** Without the end of the line. */
  readonly bytes: Buffer;
  /** Its first byte in the whole. */
  readonly start: number;
}

/**
 * The lines of bytes, of which one is in memory at a time.
 * @param mostBytes of one line.
 * @param tooLong makes the error of a longer one, by its number.
 */
export async function* readByteLines(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLong: (line: number) => Error,
): AsyncGenerator<ByteLine> {
  let line = 0;
  let start = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    const piece = Buffer.from(buffer, byteOffset, byteLength);
    let at = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, at)) {
      const bytes = Buffer.concat([...rest, piece.subarray(at, end)]);
      if (bytes.byteLength > mostBytes) throw tooLong(line + 1);
      yield { line: ++line, bytes, start };
      start += bytes.byteLength + 1;
      at = end + 1;
      rest = [];
      restBytes = 0;
    }
    rest.push(piece.subarray(at));
    restBytes += byteLength - at;
    if (restBytes > mostBytes) throw tooLong(line + 1);
  }
  if (restBytes > 0) yield { line: ++line, bytes: Buffer.concat(rest), start };
}
