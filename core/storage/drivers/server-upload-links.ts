// Upload links to the project's own server, for stores without a server of their own. A link contains what it allows, with a
// signature that only this server can make: nothing is stored, and a restart invalidates all links.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { FoveaError } from '../../errors/errors.ts';
import { assertKey } from '../object-key.ts';
import { headersOf, UPLOAD_LINK_MS, type UploadLinks } from '../upload-links.ts';

/** The server's route and the clock. */
export interface ServerUploadLinksOptions {
  /** Path of the server's route, before the token; ends in `/`. */
  readonly path: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Signs the links, where several processes are one server. Default: a random one. */
  readonly secret?: string | undefined;
}

const SECRET_BYTES = 32;

const ContentSchema = z.strictObject({
  key: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  contentType: z.string(),
  mayReplace: z.boolean(),
  expiresAtMs: z.number().int(),
});

/** Makes upload links whose last path segment {@link UploadLinks.open} reads. */
export function createServerUploadLinks({
  path,
  now,
  secret = randomBytes(SECRET_BYTES).toString('hex'),
}: ServerUploadLinksOptions): UploadLinks & Required<Pick<UploadLinks, 'open'>> {
  const sign = (content: string) => createHmac('sha256', secret).update(content).digest();

  return {
    async create(grant) {
      assertKey(grant.key);
      const expiresAtMs = now() + UPLOAD_LINK_MS;
      const content = Buffer.from(JSON.stringify({ ...grant, expiresAtMs })).toString('base64url');
      const url = `${path}${content}.${sign(content).toString('base64url')}`;
      return { method: 'PUT', url, headers: headersOf(grant), expiresAtMs };
    },

    open(token) {
      // Of a token without both parts one is empty, and the comparison below refuses it.
      const [content = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(content);
      if (given.length !== right.length || !timingSafeEqual(given, right)) throw invalid();
      const { expiresAtMs, ...grant } = ContentSchema.parse(
        JSON.parse(Buffer.from(content, 'base64url').toString('utf8')),
      );
      if (expiresAtMs < now()) throw expired(expiresAtMs);
      return grant;
    },
  };
}

const invalid = () =>
  new FoveaError(
    'upload-link-invalid',
    'This is not an upload link of this server, or it was made before the last start. POST /v1/uploads gives a new one.',
  );

const expired = (expiresAtMs: number) =>
  new FoveaError(
    'upload-link-expired',
    `The upload link expired at ${new Date(expiresAtMs).toISOString()}. POST /v1/uploads gives a new one.`,
  );
