// Multipart forms as clients of many ecosystems write them, byte by byte.

import { handle } from 'hono/aws-lambda';
import { beforeAll, describe, expect, it } from 'vitest';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const PREDICT = '/v1/models/color/predict';
const BOUNDARY = '----boundary';
const LIMITS = { predictBodyBytes: 200_000, imagesPerRequest: 3, uploadBytes: 50_000 };

let test: TestApp;
let red: Uint8Array<ArrayBuffer>;
let blue: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  test = createTestApp({ limits: LIMITS });
  await commitColorModel(test.store);
  red = await colorPicture('red');
  blue = await colorPicture('blue');
});

type Piece = string | Uint8Array;
const bytesOf = (...pieces: readonly Piece[]) =>
  new Uint8Array(
    Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))),
  );
/** A whole form of parts, each a header and what it holds. */
const formOf = (parts: readonly (readonly [header: Piece, content: Piece])[], boundary = BOUNDARY) =>
  bytesOf(
    ...parts.flatMap(([header, content]) => [`--${boundary}\r\n`, header, '\r\n\r\n', content, '\r\n']),
    `--${boundary}--\r\n`,
  );
const field = (name: string, value: string) =>
  [`Content-Disposition: form-data; name="${name}"`, value] as const;
const file = (content: Piece, name = 'a.png') =>
  [
    `Content-Disposition: form-data; name="image"; filename="${name}"\r\nContent-Type: image/png`,
    content,
  ] as const;

async function send(body: Uint8Array<ArrayBuffer>, boundary = BOUNDARY, path = PREDICT) {
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  return readAnswer(await test.app.request(path, { method: 'POST', body, headers }));
}
/** File names that come back; a second picture makes the answer a list. */
async function namesOf(header: Piece): Promise<(string | null)[]> {
  const { status, body } = await send(formOf([[header, red], file(blue)]));
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body.data).toMatchObject([{ label: 'red' }, { label: 'blue' }]);
  return body.data.map((entry: { file: string | null }) => entry.file);
}

describe('forms of many clients', () => {
  it.each<[client: string, header: Piece, file: string | null]>([
    [
      'curl',
      'Content-Disposition: form-data; name="image"; filename="red.png"\r\nContent-Type: image/png',
      'red.png',
    ],
    [
      '.NET MultipartFormDataContent',
      "Content-Type: image/png\r\nContent-Disposition: form-data; name=image; filename=red.png; filename*=utf-8''red.png",
      'red.png',
    ],
    [
      '.NET, of a name that is not ASCII',
      'Content-Disposition: form-data; name=image; filename="=?utf-8?B?w6kucG5n?="; filename*=utf-8\'\'%C3%A9.png',
      'é.png',
    ],
    [
      'older Python requests',
      'Content-Disposition: form-data; name="image"; filename*=utf-8\'\'%E7%BA%A2.png',
      '红.png',
    ],
    [
      'a client that sends both names',
      'Content-Type: image/png\r\nContent-Disposition: form-data; name="image"; filename="red%20x.png"; filename*=utf-8\'\'red%20x.png',
      'red x.png',
    ],
    ['httpx', 'Content-Disposition: form-data; name="image"; filename="a%22b.png"', 'a"b.png'],
    [
      'Go mime/multipart',
      'Content-Disposition: form-data; name="image"; filename="a\\"b.png"\r\nContent-Type: application/octet-stream',
      'a"b.png',
    ],
    [
      'an old Internet Explorer',
      'Content-Disposition: form-data; name="image"; filename="C:\\photos\\red.png"\r\nContent-Type: image/x-png',
      'C:\\photos\\red.png',
    ],
    [
      'a browser on a Latin-1 page',
      new Uint8Array(Buffer.from('Content-Disposition: form-data; name="image"; filename="é.png"', 'latin1')),
      'é.png',
    ],
    [
      'a browser on a UTF-8 page',
      'Content-Disposition: form-data; name="image"; filename="rød; 1.png"',
      'rød; 1.png',
    ],
    [
      'a client that names the file first',
      'Content-Disposition: form-data; filename="red.png"; name="image"',
      'red.png',
    ],
    [
      'a client that leaves spaces out',
      'content-disposition:form-data;name="image";filename="red.png"',
      'red.png',
    ],
    [
      'a client that writes in capitals',
      'CONTENT-DISPOSITION: Form-Data; NAME="image"; FILENAME="red.png"',
      'red.png',
    ],
    [
      'a client that folds lines',
      'Content-Disposition: form-data;\r\n name="image"; filename="red.png"',
      'red.png',
    ],
    [
      'a client that sends a length',
      'Content-Disposition: form-data; name="image"; filename="red.png"\r\nContent-Length: 5\r\nContent-Transfer-Encoding: binary',
      'red.png',
    ],
    [
      'a client without a file name',
      'Content-Disposition: form-data; name="image"\r\nContent-Type: image/png',
      null,
    ],
    ['a browser without a file name', 'Content-Disposition: form-data; name="image"; filename=""', null],
    ['a client without a name of the field', 'Content-Disposition: form-data; filename="red.png"', 'red.png'],
  ])('%s', async (_, header, name) => {
    expect(await namesOf(header)).toEqual([name, 'a.png']);
  });

  it('accepts text before and after the parts', async () => {
    const form = formOf([file(red)]);
    for (const body of [
      bytesOf('This is a multi-part message.\r\n--boundary\r\n', '\r\n', form),
      bytesOf('\r\n', form),
      bytesOf(form, 'The end.\r\n--x'),
      bytesOf(form.subarray(0, -2)),
    ])
      expect(await send(body)).toMatchObject({ status: 200, body: { label: 'red' } });
  });

  it.each(['x', '"x"', '"x y"', '----WebKitFormBoundary7MA4YWxkTrZu0gW; charset=utf-8', "'()+_,-./:=?"])(
    'takes the boundary %s',
    async (parameter) => {
      const boundary = (parameter.split(';')[0] ?? '').replaceAll('"', '');
      expect(await send(formOf([file(red)], boundary), parameter)).toMatchObject({
        status: 200,
        body: { label: 'red' },
      });
    },
  );

  it("keeps a picture whole in which the boundary's text occurs", async () => {
    // What comes after the end of a PNG is not looked at, but it belongs to the file.
    const tail = `--x--x\r\nx\r\n-x\n--x\r--x\r\n--`.repeat(40);
    const answer = await send(formOf([file(bytesOf(red, tail)), file(blue, 'b.png')], 'x'), 'x');
    expect(answer).toMatchObject({
      status: 200,
      body: { data: [{ label: 'red' }, { label: 'blue', file: 'b.png' }] },
    });
  });

  it('reads fields like the query string', async () => {
    const { body } = await send(formOf([field('top_k', '1'), file(red), field('version', '1')]));
    expect(body).toMatchObject({ label: 'red', model_version: '1', predictions: [{ label: 'red' }] });
    expect(body.predictions).toHaveLength(1);
    const { body: both } = await send(
      formOf([field('version', '1'), file(red)]),
      BOUNDARY,
      `${PREDICT}?top_k=2`,
    );
    expect(both.predictions).toHaveLength(2);
    const again = await send(formOf([field('top_k', '1'), file(red)]), BOUNDARY, `${PREDICT}?top_k=1`);
    expect(again.body.predictions).toHaveLength(1);
  });

  it.each([
    ['an unknown field', [field('topk', '1')], PREDICT, 'topk'],
    ['a field out of range', [field('top_k', '0')], PREDICT, 'top_k'],
    ['a field given twice', [field('top_k', '1'), field('top_k', '1')], PREDICT, 'top_k'],
    ['a field that the query string has otherwise', [field('top_k', '1')], `${PREDICT}?top_k=2`, 'top_k'],
  ] as const)('rejects %s', async (_, fields, path, name) => {
    const { status, body } = await send(formOf([file(red), ...fields]), BOUNDARY, path);
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'request-invalid' });
    expect(body.error.message).toContain(name);
  });

  it('gives a picture that exceeds the limit an error of its own, and keeps none of its bytes', async () => {
    const { status, body } = await send(formOf([file(new Uint8Array(60_000), 'large.png'), file(red)]));
    expect(status).toBe(200);
    expect(body.data).toMatchObject([
      { file: 'large.png', error: { code: 'image-too-large', details: { size_bytes: 60_000 } } },
      { label: 'red' },
    ]);
  });

  it('gives an empty file an error of its own', async () => {
    const { body } = await send(formOf([file('', ''), file(red)]));
    expect(body.data).toMatchObject([{ file: null, error: { code: 'image-empty' } }, { label: 'red' }]);
  });
});

describe('a form that comes as an event of AWS Lambda', () => {
  it('is read completely', async () => {
    const handler = handle(test.app);
    const body = formOf([file(bytesOf(red, '\r\n--\xff\0')), file(blue, 'b.png'), field('top_k', '1')]);
    const event: unknown = {
      version: '2.0',
      routeKey: '$default',
      rawPath: PREDICT,
      rawQueryString: '',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      requestContext: { domainName: 'local', http: { method: 'POST', path: PREDICT } },
      body: Buffer.from(body).toString('base64'),
      isBase64Encoded: true,
    };
    const answer = await handler(event as Parameters<typeof handler>[0]);
    expect(JSON.parse(answer.body)).toMatchObject({
      data: [
        { label: 'red', file: 'a.png' },
        { label: 'blue', file: 'b.png' },
      ],
    });
  });
});

describe('forms that are refused', () => {
  const many = (count: number) => formOf(Array.from({ length: count }, () => file('0')));

  it('for more pictures than the limit', async () => {
    expect(await send(many(3))).toMatchObject({ status: 200 });
    expect(await send(many(4))).toMatchObject({ status: 400, body: { error: { code: 'too-many-images' } } });
  });

  it('for too many parts, of which it reads no more than the first', async () => {
    let sent = 0;
    const part = Buffer.from(`--x\r\n\r\n\r\n`.repeat(1000));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 100) controller.close();
        else controller.enqueue(part);
      },
    });
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      duplex: 'half',
    };
    const answer = await readAnswer(await test.app.request(new Request(`http://localhost${PREDICT}`, init)));
    expect(answer.status).toBe(400);
    expect(sent).toBeLessThan(10);
  });

  it('for endless fields', async () => {
    const fields = Array.from({ length: 33 }, (_, index) => field(`a${index}`, ''));
    expect(await send(formOf([file(red), ...fields]))).toMatchObject({
      status: 400,
      body: { error: { code: 'too-many-images' } },
    });
  });

  it.each<[reason: string, boundary: string, body: () => Uint8Array<ArrayBuffer>]>([
    ['two boundaries', 'x; boundary=y', () => formOf([file(red)], 'y')],
    ['two boundaries, the first quoted', '"x"; boundary=x', () => formOf([file(red)], 'x')],
    ['no boundary', '', () => formOf([file(red)], '')],
    ['a boundary that is too long', 'x'.repeat(300), () => formOf([file(red)], 'x'.repeat(300))],
    ['another boundary than the body has', 'y', () => formOf([file(red)], 'x')],
    [
      'a part without Content-Disposition',
      'x',
      () => formOf([['Content-Type: image/png', red], file(red)], 'x'),
    ],
    ['a part without a header', 'x', () => bytesOf('--x\r\n', formOf([file(red)], 'x'))],
    ['a header of 20 KB', 'x', () => formOf([[`X-Long: ${'a'.repeat(20_000)}\r\n${file('')[0]}`, red]], 'x')],
    [
      'a header of 100 KB',
      'x',
      () => formOf([[`${file('')[0]}\r\nX-Long: ${'a'.repeat(100_000)}`, red]], 'x'),
    ],
    ['a field of 5 KB', 'x', () => formOf([file(red), field('heatmap', 'a'.repeat(5000))], 'x')],
    ['no end', 'x', () => formOf([file(red)], 'x').slice(0, -6)],
    ['an end in a header', 'x', () => formOf([file(red)], 'x').slice(0, 30)],
    ['nothing', 'x', () => new Uint8Array()],
    ['no parts', 'x', () => formOf([], 'x')],
    ['no file', 'x', () => formOf([field('image', 'photo.jpg')], 'x')],
  ])('for %s', async (_, boundary, body) => {
    const answer = await send(body(), boundary);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'multipart-invalid' } } });
  });
});
