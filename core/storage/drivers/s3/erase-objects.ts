// Erases objects of a bucket for good: first what readers see, then every earlier version, then the delete markers. In this order no
// reader sees an earlier version come back. Knows nothing of reading and writing.

import {
  type DeleteMarkerEntry,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { forEachConcurrent } from '../../../for-each-concurrent.ts';
import { present } from '../../../present.ts';
import { decodeListed, pagesOf } from './list-objects.ts';
import { statusOf } from './s3-errors.ts';
import { addressOf, type S3Target, toRequestOptions } from './s3-target.ts';

/** S3's limit for one request. */
const MOST_IN_ONE = 1000;
const CONCURRENCY = 16;
/** What the body of a request, which is XML, cannot hold. Such keys are deleted by requests of their own. */
const NOT_IN_XML = /[^\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
/** Answers of servers that know no versions at all. */
const WITHOUT_VERSIONS: ReadonlySet<number | undefined> = new Set([405, 501]);

/** A version of an object, or the object as readers see it. The key has the store's prefix. */
interface Doomed {
  readonly Key: string;
  readonly VersionId?: string;
}

interface Version extends Required<Doomed> {
  readonly isMarker: boolean;
  readonly isLatest: boolean;
}

/** Implements `erase` of the port. Errors of the SDK are thrown unchanged. */
export async function eraseObject(target: S3Target, key: string, signal?: AbortSignal): Promise<void> {
  const { Key } = addressOf(target, key);
  await deleteAll(target, [{ Key }], signal);
  await eraseVersions(target, Key, (other) => other === Key, signal);
}

/** Implements `eraseAll` of the port. Errors of the SDK are thrown unchanged. */
export async function eraseObjects(target: S3Target, prefix: string, signal?: AbortSignal): Promise<void> {
  for await (const page of pagesOf(target, { prefix, signal })) {
    const listed = (page.Contents ?? []).map(({ Key }) => ({
      Key: decodeListed(page, present(Key, 'a key in the listing of S3')),
    }));
    await deleteAll(target, listed, signal);
  }
  await eraseVersions(target, target.prefix + prefix, () => true, signal);
}

/** @param isMeant whether a key is meant; the first one that is not ends the listing. */
async function eraseVersions(
  target: S3Target,
  prefix: string,
  isMeant: (key: string) => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const versions: Doomed[] = [];
  const markers: Doomed[] = [];
  /** The marker that hides the versions of the key that is being listed. */
  let hiding: Version | undefined;
  const flush = async () => {
    await deleteAll(target, versions.splice(0), signal);
    await deleteAll(target, markers.splice(0), signal);
  };
  for await (const version of listVersions(target, prefix, signal)) {
    if (!isMeant(version.Key)) break;
    if (hiding !== undefined && hiding.Key !== version.Key) {
      markers.push(toDoomed(hiding));
      hiding = undefined;
    }
    // What another client has written since is not meant.
    if (version.isLatest && !version.isMarker) continue;
    if (version.isLatest) hiding = version;
    else versions.push(toDoomed(version));
    if (versions.length >= MOST_IN_ONE || markers.length >= MOST_IN_ONE) await flush();
  }
  if (hiding !== undefined) markers.push(toDoomed(hiding));
  await flush();
}

const toDoomed = ({ Key, VersionId }: Version): Doomed => ({ Key, VersionId });

/** All versions and markers, key by key, the newest of a key first. None where the server knows no versions. */
async function* listVersions(
  { client, bucket }: S3Target,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Version> {
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (from !== undefined) {
    const command = new ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...from,
    });
    let page: ListObjectVersionsCommandOutput;
    try {
      page = await client.send(command, toRequestOptions(signal));
    } catch (error) {
      if (WITHOUT_VERSIONS.has(statusOf(error))) return;
      throw error;
    }
    yield* versionsOf(page);
    from = page.IsTruncated
      ? {
          KeyMarker: decodeListed(page, present(page.NextKeyMarker, 'the next key of a listing of S3')),
          VersionIdMarker: page.NextVersionIdMarker,
        }
      : undefined;
  }
}

/** The versions and markers of a page, which S3 lists apart, in the order of keys. */
function versionsOf(page: ListObjectVersionsCommandOutput): Version[] {
  const toVersion = (
    { Key, VersionId = 'null', IsLatest = false }: ObjectVersion | DeleteMarkerEntry,
    isMarker: boolean,
  ): Version => ({
    Key: decodeListed(page, present(Key, 'a key in the listing of S3')),
    VersionId,
    isMarker,
    isLatest: IsLatest,
  });
  const markers = (page.DeleteMarkers ?? []).map((marker) => toVersion(marker, true));
  const byKey = new Map<string, Version[]>();
  for (const version of [...markers, ...(page.Versions ?? []).map((one) => toVersion(one, false))]) {
    const known = byKey.get(version.Key);
    if (known === undefined) byKey.set(version.Key, [version]);
    else known.push(version);
  }
  return [...byKey]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([, all]) => all);
}

async function deleteAll(
  target: S3Target,
  doomed: readonly Doomed[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const odd = doomed.filter(({ Key }) => NOT_IN_XML.test(Key));
  await forEachConcurrent(odd, CONCURRENCY, async (one) => {
    await target.client.send(
      new DeleteObjectCommand({ Bucket: target.bucket, ...one }),
      toRequestOptions(signal),
    );
  });
  const plain = doomed.filter(({ Key }) => !NOT_IN_XML.test(Key));
  if (plain.length === 1) {
    const command = new DeleteObjectCommand({ Bucket: target.bucket, ...(plain[0] as Doomed) });
    await target.client.send(command, toRequestOptions(signal));
    return;
  }
  for (let start = 0; start < plain.length; start += MOST_IN_ONE) {
    const command = new DeleteObjectsCommand({
      Bucket: target.bucket,
      Delete: { Objects: plain.slice(start, start + MOST_IN_ONE) as Doomed[], Quiet: true },
    });
    const { Errors = [], $metadata } = await target.client.send(command, toRequestOptions(signal));
    const error = Errors.find(({ Code }) => Code !== 'NoSuchKey' && Code !== 'NoSuchVersion');
    if (error === undefined) continue;
    // Of one request some deletions may fail; each has the code that a request of its own would have.
    throw new S3ServiceException({
      name: error.Code ?? 'Unknown',
      message: `${error.Message} (${error.Key})`,
      $fault: 'server',
      $metadata: { ...$metadata, httpStatusCode: error.Code === 'AccessDenied' ? 403 : 500 },
    });
  }
}
