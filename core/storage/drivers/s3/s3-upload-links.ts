// Upload links to a bucket: presigned requests of S3. S3 itself refuses another key, size or type, and a second write.

import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { assertKey } from '../../object-key.ts';
import { headersOf, UPLOAD_LINK_MS, type UploadLinks } from '../../upload-links.ts';
import { addressOf, createClient, type S3ClientOptions } from './s3-target.ts';

/** The bucket, the folder in it, and the clock. */
export interface S3UploadLinksOptions extends S3ClientOptions {
  readonly bucket: string;
  /** Folder of the store in the bucket. */
  readonly prefix: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Headers that the holder of a link cannot change. */
const SIGNED_HEADERS = new Set(['host', 'content-length', 'content-type', 'if-none-match']);

/**
 * Makes upload links into a bucket, with the rights of this process's credentials. Making one sends no request.
 *
 * A link ends with the credentials where these are temporary.
 */
export function createS3UploadLinks(
  options: S3UploadLinksOptions,
): UploadLinks & Required<Pick<UploadLinks, 'origin'>> {
  // The checksum that the SDK would add is that of the body it has, which is none.
  const client = createClient(options, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  const { bucket, now } = options;
  const folder = options.prefix.replace(/^\/+|\/+$/g, '');
  const target = { bucket, prefix: folder === '' ? '' : `${folder}/` };
  const sign = (command: PutObjectCommand, signingDate: Date) =>
    getSignedUrl(client, command, {
      expiresIn: UPLOAD_LINK_MS / 1000,
      signingDate,
      signableHeaders: SIGNED_HEADERS,
    });
  return {
    async origin() {
      // The SDK alone knows how buckets are addressed.
      const url = await sign(new PutObjectCommand(addressOf(target, 'any')), new Date(now()));
      return new URL(url).origin;
    },

    async create(grant) {
      const { key, sizeBytes, contentType, mayReplace } = grant;
      assertKey(key);
      const signingDate = new Date(now());
      const command = new PutObjectCommand({
        ...addressOf(target, key),
        ContentLength: sizeBytes,
        ContentType: contentType,
        ...(mayReplace ? {} : { IfNoneMatch: '*' }),
      });
      return {
        method: 'PUT',
        url: await sign(command, signingDate),
        headers: headersOf(grant),
        expiresAtMs: signingDate.getTime() + UPLOAD_LINK_MS,
      };
    },
  };
}
