// Objects as buckets have them: archived ones, names with empty names, empty objects. Against a server that answers as S3 does.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { createS3Store } from '../../../core/storage/drivers/s3.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { makePicture, makePictures } from '../../support/make-dataset.ts';

const SPLIT = { train: 0.75, validation: 0.15, test: 0.1 };
const PREFIX = 'datasets/pets/';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A bucket of the given bodies; an error's code stands for an object that cannot be read. */
async function bucketOf(objects: ReadonlyMap<string, Uint8Array | string>): Promise<ObjectStore> {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://bucket');
    if (url.searchParams.has('list-type')) {
      response
        .writeHead(200, { 'content-type': 'application/xml' })
        .end(listingOf([...objects], url.searchParams));
      return;
    }
    const body = objects.get(decodeURIComponent(url.pathname.slice('/bucket/'.length)));
    if (typeof body === 'object') {
      response.writeHead(200, { etag: '"e"', 'content-length': body.length }).end(body);
    } else
      response
        .writeHead(body === undefined ? 404 : 403)
        .end(`<Error><Code>${body ?? 'NoSuchKey'}</Code></Error>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return createS3Store({
    bucket: 'bucket',
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
}

function listingOf(
  objects: readonly (readonly [string, Uint8Array | string])[],
  query: URLSearchParams,
): string {
  const prefix = query.get('prefix') ?? '';
  const under = objects.filter(([key]) => key.startsWith(prefix));
  const folderOf = (key: string) => `${prefix}${key.slice(prefix.length).split('/')[0]}/`;
  const inFolder = ([key]: (typeof under)[number]) => key.slice(prefix.length).includes('/');
  const grouped = query.get('delimiter') === null ? [] : under.filter(inFolder);
  const folders = [...new Set(grouped.map(([key]) => folderOf(key)))];
  const contents = under.filter((object) => !grouped.includes(object));
  return [
    '<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>',
    ...contents.map(
      ([key, body]) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${typeof body === 'string' ? 9 : body.length}</Size><ETag>"e"</ETag></Contents>`,
    ),
    ...folders.map(
      (folder) => `<CommonPrefixes><Prefix>${encodeURIComponent(folder)}</Prefix></CommonPrefixes>`,
    ),
    '</ListBucketResult>',
  ].join('');
}

test('are findings of theirs; the others are inspected', async () => {
  const good = Object.entries(await makePictures({ cat: 12, dog: 12 }));
  const picture = await makePicture(700);
  const store = await bucketOf(
    new Map<string, Uint8Array | string>([
      ...good.map(([path, bytes]) => [`${PREFIX}${path}`, bytes] as const),
      [`${PREFIX}/top.png`, picture],
      [`${PREFIX}/deep/er.png`, picture],
      [`${PREFIX}cat//x.png`, picture],
      [`${PREFIX}cat/empty.png`, new Uint8Array()],
      [`${PREFIX}cat/old.png`, 'InvalidObjectState'],
      [`${PREFIX}marker`, new Uint8Array()],
    ]),
  );
  const { classes, items, findings } = await inspectDataset(store, 'pets', { split: SPLIT });
  expect([classes, items.length]).toEqual([['cat', 'dog'], 24]);
  expect(findings.map(({ code, key, message }) => [code, key?.slice(PREFIX.length), message])).toEqual([
    ['file-empty', 'cat/empty.png', expect.stringContaining('0 bytes')],
    ['file-outside-class', 'marker', expect.stringContaining('is in no class folder')],
    ['file-unreadable', '/deep/er.png', expect.stringContaining('empty name')],
    ['file-unreadable', '/top.png', expect.stringContaining('empty name')],
    ['file-unreadable', 'cat//x.png', expect.stringContaining('empty name')],
    ['file-unreadable', 'cat/old.png', expect.stringContaining('archive')],
  ]);
});
