// The S3 driver against a server that fails as S3 and networks do, which a stand-in for S3 never does.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createS3Store } from '../../../core/storage/drivers/s3.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server | undefined;
const requests: IncomingMessage[] = [];

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  requests.length = 0;
});

/** A store before a server that gives one answer after the other, and the last one for ever. */
async function storeBefore(...answers: readonly Answer[]) {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push(request);
      answer?.(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return createS3Store({
    bucket: 'bucket',
    prefix: '/some/prefix/',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
}

const fails =
  (status: number, code: string): Answer =>
  (_, response) =>
    response.writeHead(status).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
const gives =
  (body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(200, { ETag: '"e"', 'Content-Length': body.length, ...headers }).end(body);
const breaksOff: Answer = (_, response) => {
  response.writeHead(200, { ETag: '"e"', 'Content-Length': 100 });
  response.write('half', () => response.destroy());
};
const hangsUp: Answer = (_, response) => void response.destroy();

test('addresses objects by path under the prefix', async () => {
  const store = await storeBefore(gives('body'));
  await store.get('a b/é');
  expect(store.url).toBe('s3://bucket/some/prefix');
  expect(requests[0]?.url).toMatch(/^\/bucket\/some\/prefix\/a%20b\/%C3%A9(\?|$)/);
});

test.each([
  ['encodes them and says so', '<EncodingType>url</EncodingType>', 'a%2Bb%2520c%26d'],
  ['gives them as they are', '', 'a+b%20c&amp;d'],
])('lists keys of a server that %s', async (_what, says, key) => {
  const prefix = 'some/prefix/';
  const contents = `<Contents><Key>${prefix}${key}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`;
  const folders = `<CommonPrefixes><Prefix>${prefix}${key}/</Prefix></CommonPrefixes>`;
  const store = await storeBefore(gives(`<ListBucketResult>${says}${contents}${folders}</ListBucketResult>`));
  for await (const found of store.list('')) expect(found.key).toBe('a+b%20c&d');
  for await (const name of store.listFolders('')) expect(name).toBe('a+b%20c&d');
  expect.assertions(2);
});

test('reads a body again that breaks off', async () => {
  const store = await storeBefore(breaksOff, breaksOff, gives('whole'));
  expect(new TextDecoder().decode((await store.get('a'))?.body)).toBe('whole');
});

test('rejects a body that keeps breaking off', async () => {
  const store = await storeBefore(breaksOff);
  await expect(store.get('a')).rejects.toMatchObject({ code: 'storage-read-truncated', param: 'a' });
});

test('tries again after a conflict and after a server error', async () => {
  const store = await storeBefore(
    fails(409, 'ConditionalRequestConflict'),
    fails(503, 'SlowDown'),
    gives('', { ETag: '"written"' }),
  );
  expect((await store.put('a', '1', { ifNoneMatch: '*' })).etag).toBe('"written"');
  expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual(['*', '*', '*']);
});

test.each([
  ['a read', 'get'],
  ['a look', 'head'],
  ['a write', 'put'],
] as const)('rejects an answer to %s that has no ETag, which conditional writes need', async (_, call) => {
  const store = await storeBefore((_request, response) => response.writeHead(200).end());
  const answer = call === 'put' ? store.put('a', '1') : store[call]('a');
  await expect(answer).rejects.toMatchObject({ code: 'storage-unavailable', param: 'a' });
});

test('rejects a write that keeps colliding', async () => {
  const store = await storeBefore(fails(409, 'ConditionalRequestConflict'));
  await expect(store.put('a', '1', { ifMatch: '"x"' })).rejects.toMatchObject({ code: 'storage-conflict' });
});

test.each([
  [412, 'PreconditionFailed'],
  [404, 'NoSuchKey'],
])('calls %i to a swap a lost race', async (status, code) => {
  const store = await storeBefore(fails(status, code));
  await expect(store.put('a', '1', { ifMatch: '"x"' })).rejects.toMatchObject({
    code: 'precondition-failed',
  });
  expect(requests).toHaveLength(1);
});

test('recognizes its own write when the answer to it was lost', async () => {
  let writeId = '';
  const store = await storeBefore(
    (request, response) => {
      writeId = String(request.headers['x-amz-meta-fovea-write']);
      hangsUp(request, response);
    },
    fails(412, 'PreconditionFailed'),
    (_, response) => response.writeHead(200, { ETag: '"own"', 'x-amz-meta-fovea-write': writeId }).end(),
  );
  expect((await store.put('a', '1', { ifNoneMatch: '*' })).etag).toBe('"own"');
});

test('does not take another write for its own', async () => {
  const store = await storeBefore(hangsUp, fails(412, 'PreconditionFailed'), (_, response) =>
    response.writeHead(200, { ETag: '"other"', 'x-amz-meta-fovea-write': 'another' }).end(),
  );
  await expect(store.put('a', '1', { ifNoneMatch: '*' })).rejects.toMatchObject({
    code: 'precondition-failed',
  });
});

test.each([
  [403, 'AccessDenied', 'storage-denied'],
  [403, 'InvalidObjectState', 'object-archived'],
  [404, 'NoSuchBucket', 'storage-bucket-missing'],
  [501, 'NotImplemented', 'storage-unconditional'],
])('calls %i %s %s', async (status, reason, code) => {
  const store = await storeBefore(fails(status, reason));
  await expect(store.get('a')).rejects.toMatchObject({ code, details: { reason, status } });
  await expect(async () => {
    for await (const _ of store.list('')) break;
  }).rejects.toMatchObject({ code });
});

test('stops when the signal is aborted', async () => {
  const store = await storeBefore(() => undefined);
  await expect(store.get('a', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('erases in a server that knows no versions', async () => {
  const store = await storeBefore(
    (_, response) => response.writeHead(204).end(),
    fails(501, 'NotImplemented'),
  );
  await store.erase('a');
  expect(requests.map(({ method }) => method)).toEqual(['DELETE', 'GET']);
});

test('rejects where one deletion of many is refused', async () => {
  const key = (name: string) => `<Contents><Key>some/prefix/${name}</Key><ETag>"e"</ETag></Contents>`;
  const store = await storeBefore(
    gives(`<ListBucketResult>${key('f/a')}${key('f/b')}</ListBucketResult>`),
    gives(
      '<DeleteResult><Error><Key>f/b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>',
    ),
  );
  await expect(store.eraseAll('f/')).rejects.toMatchObject({ code: 'storage-denied' });
});
