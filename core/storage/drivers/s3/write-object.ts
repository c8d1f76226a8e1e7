// Writes objects of a bucket with S3's conditional writes, and handles their collisions and lost answers.

import { randomUUID } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { FoveaError } from '../../../errors/errors.ts';
import { type ObjectInfo, PreconditionFailedError, type PutOptions } from '../../object-store.ts';
import { readHead } from './read-object.ts';
import { attemptsOf, isNoSuchKey, statusOf } from './s3-errors.ts';
import { addressOf, etagOf, pause, type S3Target, toRequestOptions, WRITE_ID } from './s3-target.ts';

const CONFLICT_ATTEMPTS = 6;

/**
 * Implements `put` of the port. S3 answers 412 where the condition does not hold (404 to `ifMatch` where there is no object), and 409
 * where another write is under way: then it is tried again.
 */
export async function writeObject(
  target: S3Target,
  key: string,
  body: Uint8Array | string,
  { ifNoneMatch, ifMatch, contentType, signal }: PutOptions,
): Promise<ObjectInfo> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const writeId = randomUUID();
  let cause: unknown;
  for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(attempt, signal);
    const command = new PutObjectCommand({
      ...addressOf(target, key),
      Body: bytes,
      ContentType: contentType ?? 'application/octet-stream',
      IfNoneMatch: ifNoneMatch,
      IfMatch: ifMatch,
      Metadata: { [WRITE_ID]: writeId },
    });
    try {
      const { ETag } = await target.client.send(command, toRequestOptions(signal));
      return { key, sizeBytes: bytes.length, etag: etagOf(ETag, key), lastModified: new Date() };
    } catch (error) {
      cause = error;
      if (statusOf(error) === 409) continue;
      const lost = statusOf(error) === 412 || (ifMatch !== undefined && isNoSuchKey(error));
      if (!lost) throw error;
      // An earlier try may have written the object, and its answer been lost.
      const tried = attempt > 1 || attemptsOf(error) > 1;
      const stored = tried ? await readHead(target, key, signal) : undefined;
      if (stored?.writeId === writeId) return stored.info;
      const condition =
        ifMatch === undefined ? 'it exists already' : `its etag is not, or no longer, ${ifMatch}`;
      throw new PreconditionFailedError(key, condition, error);
    }
  }
  throw new FoveaError(
    'storage-conflict',
    `The object "${key}" in ${target.url} was not written: ${CONFLICT_ATTEMPTS} tries collided with other writers. Try again.`,
    { param: key, cause },
  );
}
