// Lists objects and folders with ListObjectsV2, page by page. Knows nothing of reading and writing objects.

import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { present } from '../../../present.ts';
import type { ObjectInfo } from '../../object-store.ts';
import { etagOf, type S3Target, toRequestOptions } from './s3-target.ts';

/** A character that follows every key of a folder in UTF-8 order, by which a listing can start after the folder. */
const LAST_CHARACTER = '\u{10FFFF}';

/**
 * A key of a page. Pages are asked for with URL-encoded keys, because XML cannot hold every character of a key. Servers other
 * than AWS's may not encode, and then do not say that they do.
 */
export const decodeListed = (
  { EncodingType }: Pick<ListObjectsV2CommandOutput, 'EncodingType'>,
  key: string,
): string => (EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key);

/** Pages of a listing. The keys in them are still encoded: see {@link decodeListed}. */
export async function* pagesOf(
  { client, bucket, prefix: storePrefix }: S3Target,
  options: {
    prefix: string;
    startAfter?: string | undefined;
    delimiter?: string;
    signal?: AbortSignal | undefined;
  },
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: storePrefix + options.prefix,
        StartAfter: options.startAfter === undefined ? undefined : storePrefix + options.startAfter,
        Delimiter: options.delimiter,
        ContinuationToken: token,
        EncodingType: 'url',
      }),
      toRequestOptions(options.signal),
    );
    yield page;
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Implements `list` of the port. Errors of the SDK are thrown unchanged. */
export async function* listObjects(
  target: S3Target,
  prefix: string,
  startAfter?: string,
  signal?: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  // S3 refuses an empty StartAfter.
  for await (const page of pagesOf(target, { prefix, startAfter: startAfter || undefined, signal })) {
    for (const { Key, Size = 0, ETag, LastModified = new Date(0) } of page.Contents ?? []) {
      signal?.throwIfAborted();
      const key = decodeListed(page, present(Key, 'a key in the listing of S3')).slice(target.prefix.length);
      // The console of S3 marks a folder by an empty object named "folder/".
      if (key === '' || key.endsWith('/')) continue;
      yield { key, sizeBytes: Size, etag: etagOf(ETag, key), lastModified: LastModified };
    }
  }
}

/** Implements `listFolders` of the port. Errors of the SDK are thrown unchanged. */
export async function* listFolderNames(
  target: S3Target,
  prefix: string,
  startAfter?: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const after = startAfter === undefined ? undefined : `${prefix}${startAfter}/${LAST_CHARACTER}`;
  for await (const page of pagesOf(target, { prefix, startAfter: after, delimiter: '/', signal })) {
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      signal?.throwIfAborted();
      const folder = decodeListed(page, present(Prefix, 'a prefix in the listing of S3'));
      const name = folder.slice(target.prefix.length + prefix.length, -1);
      if (name !== '' && name !== startAfter) yield name;
    }
  }
}
