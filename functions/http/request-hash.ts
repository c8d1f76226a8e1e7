// The hash of a request, by which a repeated one is known. It sees the body pass and keeps nothing of it.

import { createHash, type Hash } from 'node:crypto';
import { parse } from 'content-disposition';
import type { RequestHash } from '../deps/deps.ts';
import { mediaTypeOf } from './content-type.ts';

/** Begins a hash with the address of a request. Clients choose the boundary of a form anew each time they send it, so it does not count. */
export function createRequestHash(request: Request): RequestHash {
  const { pathname, search } = new URL(request.url);
  const hash = createHash('sha256').update(pathname + search);
  const boundary = mediaTypeOf(request).startsWith('multipart/')
    ? parse(request.headers.get('content-type') ?? '').parameters['boundary']
    : undefined;
  // A form without one is refused by whoever reads it.
  return boundary === undefined || boundary === ''
    ? { update: (bytes) => void hash.update(bytes), digest: () => hash.copy().digest('hex') }
    : hashOfForm(hash, Buffer.from(`\r\n--${boundary}`, 'latin1'));
}

const COUNT_BYTES = 8;

/** Hashes what is between delimiters, each piece followed by its length, so that no two forms have the same bytes. */
function hashOfForm(hash: Hash, delimiter: Buffer): RequestHash {
  // The first delimiter begins the body, without a line before it.
  let rest = Buffer.from('\r\n');
  let pieceBytes = 0;
  const end = (to: Hash, bytes: number) => {
    const count = Buffer.alloc(COUNT_BYTES);
    count.writeBigUInt64BE(BigInt(bytes));
    to.update(count);
  };
  const take = (bytes: Uint8Array) => {
    hash.update(bytes);
    pieceBytes += bytes.byteLength;
  };
  return {
    update(bytes) {
      const waiting = Buffer.concat([rest, bytes]);
      let from = 0;
      for (let at = waiting.indexOf(delimiter); at >= 0; at = waiting.indexOf(delimiter, from)) {
        take(waiting.subarray(from, at));
        end(hash, pieceBytes);
        pieceBytes = 0;
        from = at + delimiter.length;
      }
      // Its end may be the beginning of a delimiter.
      const sure = Math.max(from, waiting.length - delimiter.length + 1);
      take(waiting.subarray(from, sure));
      rest = Buffer.from(waiting.subarray(sure));
    },
    digest() {
      const copy = hash.copy().update(rest);
      end(copy, pieceBytes + rest.byteLength);
      return copy.digest('hex');
    },
  };
}
