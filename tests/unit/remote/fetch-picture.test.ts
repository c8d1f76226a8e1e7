// Against a real https server on this machine. Names are resolved by the test, and 127.0.0.1 counts as public unless a test says otherwise.

import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPictureFetcher, type PictureFetcherOptions } from '../../../core/remote/fetch-picture.ts';
import { isPrivateAddress } from '../../../core/remote/is-private-address.ts';
import type { ResolveName } from '../../../core/remote/resolve-public.ts';
import { CERTIFICATE, type HttpsServer, startHttpsServer } from '../../support/https-server.ts';

const ADDRESSES: Readonly<Record<string, string>> = {
  'pictures.test': '127.0.0.1',
  'cdn.pictures.test': '127.0.0.1',
  'other.test': '127.0.0.1',
  'inside.pictures.test': '10.0.0.1',
  'mapped.pictures.test': '::ffff:192.168.0.1',
};
const resolve: ResolveName = async (name) => {
  if (name === 'both.pictures.test')
    return [
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
  const address = ADDRESSES[name];
  if (address === undefined)
    throw Object.assign(new Error(`queryA ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
  return [{ address, family: address.includes(':') ? 6 : 4 }];
};
const LIMIT_BYTES = 1000;

let server: HttpsServer;
let asked: string[] = [];
let answer: RequestListener;
beforeAll(async () => {
  server = await startHttpsServer((request, response) => {
    asked.push(`${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
    answer(request, response);
  });
});
afterAll(() => server.stop());
beforeEach(() => {
  asked = [];
  answer = (_, response) => response.end('picture');
});

const at = (rest: string, name = 'pictures.test') => `https://${name}:${server.port}${rest}`;
const fetchIt = async (url: string, options: PictureFetcherOptions = {}, signal?: AbortSignal) => {
  let bytes = 0;
  const fetchPicture = createPictureFetcher({
    ports: [443, server.port],
    resolve,
    isPublic: (address) => address === '127.0.0.1' || !isPrivateAddress(address),
    ca: CERTIFICATE,
    ...options,
  });
  const picture = await fetchPicture(url, {
    maxBytes: LIMIT_BYTES,
    signal: signal ?? new AbortController().signal,
    onBytes: (count) => {
      bytes += count;
    },
  });
  expect(bytes).toBe(picture.byteLength);
  return Buffer.from(picture).toString();
};
const redirectTo = (location: string, status = 302): RequestListener => {
  return (request, response) => {
    if (request.url === '/picture') return response.end('picture');
    return response.writeHead(status, { location }).end();
  };
};

describe('a picture at an address', () => {
  it('is what the server answers, whatever its headers say', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('picture');
    expect(await fetchIt(at('/1.jpg?signature=1'))).toBe('picture');
    expect(asked).toEqual(['pictures.test/1.jpg?signature=1']);
  });

  it('sends nothing that tells who asks', async () => {
    let headers = {};
    answer = (request, response) => {
      headers = request.headers;
      response.end('picture');
    };
    await fetchIt(at('/'));
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  it('is found behind up to three redirects', async () => {
    answer = redirectTo('/picture', 307);
    expect(await fetchIt(at('/'))).toBe('picture');
    answer = redirectTo(at('/picture', 'cdn.pictures.test'));
    expect(await fetchIt(at('/'))).toBe('picture');
    answer = redirectTo('/again');
    asked = [];
    await expect(fetchIt(at('/'))).rejects.toMatchObject({ code: 'image-url-refused' });
    expect(asked).toHaveLength(4);
  });
});

const PRIVATE = [
  'https://10.0.0.1/a',
  'https://127.2/a',
  'https://0x7f000002/a',
  'https://[::1]/a',
  'https://[::ffff:10.0.0.1]/a',
  'https://[64:ff9b::a9fe:a9fe]/a',
  'https://169.254.169.254/latest/meta-data',
  'https://inside.pictures.test/a',
  'https://mapped.pictures.test/a',
  'https://both.pictures.test/a',
];

describe('an address that is not allowed', () => {
  it.each([...PRIVATE, 'https://127.0.0.1/a'])('refuses %s, and asks nobody', async (url) => {
    const isPublic = (address: string) => !isPrivateAddress(address);
    await expect(fetchIt(url, { isPublic })).rejects.toMatchObject({
      code: 'image-url-refused',
      message: expect.stringMatching(/not on the public internet/),
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ...PRIVATE,
    'http://pictures.test/a',
    'file:///etc/passwd',
    'https://a:b@pictures.test/',
    'https://pictures.test:22/',
  ])('refuses a redirect to %s', async (url) => {
    answer = redirectTo(url);
    await expect(fetchIt(at('/'))).rejects.toMatchObject({ code: 'image-url-refused' });
    expect(asked).toEqual(['pictures.test/']);
  });

  it.each([
    ['http://pictures.test/', /only https/],
    ['ftp://pictures.test/', /only https/],
    ['file:///etc/passwd', /^file:\/\/\/etc\/passwd is not fetched: only https/],
    ['foo://me:secret@pictures.test/a', /^foo:\/\/pictures\.test\/a is not fetched: only https/],
    ['https://me:secret@pictures.test/', /a name or a password/],
    ['https://pictures.test:8443/', /port 8443 is not allowed\. The operator may allow it\.$/],
    ['pictures.test/1.jpg', /is no URL/],
    ['', /is no URL/],
  ])('refuses %j and does not repeat secrets', async (url, message) => {
    const failure = await fetchIt(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'image-url-refused', message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('secret');
  });

  it('allows port 443 alone by default', async () => {
    await expect(fetchIt(at('/'), { ports: undefined })).rejects.toThrow(/port \d+ is not allowed/);
  });

  it('refuses a name whose address is another at the connection', async () => {
    let checks = 0;
    const isPublic = () => ++checks === 1;
    await expect(fetchIt(at('/'), { isPublic })).rejects.toMatchObject({ code: 'image-url-refused' });
    expect([checks, asked]).toEqual([2, []]);
  });
});

describe('an address from which nothing comes', () => {
  it('names a host without an address, a certificate of another host, and a status', async () => {
    const code = 'image-url-unreachable';
    await expect(fetchIt(at('/', 'none.test'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/ENOTFOUND/),
    });
    await expect(fetchIt(at('/', 'other.test'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/ALTNAME/),
    });
    await expect(fetchIt(at('/'), { ca: undefined })).rejects.toMatchObject({ code });
    answer = (_, response) => response.writeHead(404).end('none');
    await expect(fetchIt(at('/?token=secret'))).rejects.toMatchObject({
      code,
      message: expect.not.stringContaining('secret'),
      details: { status: 404 },
    });
  });

  it('is not waited for: neither for its name, nor for its answer, nor for the rest of it', async () => {
    const slow = { timeoutMs: 100 };
    const timedOut = { code: 'image-url-unreachable', message: expect.stringMatching(/longer than 0\.1 s/) };
    const never: ResolveName = () => new Promise(() => undefined);
    await expect(fetchIt(at('/'), { ...slow, resolve: never })).rejects.toMatchObject(timedOut);
    answer = () => undefined;
    await expect(fetchIt(at('/'), slow)).rejects.toMatchObject(timedOut);
    answer = (_, response) => response.write('pict');
    await expect(fetchIt(at('/'), slow)).rejects.toMatchObject(timedOut);
  });

  it('is left when nobody waits any more', async () => {
    const left = new AbortController();
    answer = () => left.abort(new Error('gone'));
    await expect(fetchIt(at('/'), {}, left.signal)).rejects.toThrow('gone');
  });

  it('is left as soon as it sends more than the limit, announced or not', async () => {
    const tooLarge = { code: 'image-too-large' };
    answer = (_, response) => response.writeHead(200, { 'content-length': LIMIT_BYTES + 1 }).write('p');
    await expect(fetchIt(at('/'))).rejects.toMatchObject(tooLarge);
    answer = (_, response) => response.write('p'.repeat(LIMIT_BYTES + 1));
    await expect(fetchIt(at('/'))).rejects.toMatchObject(tooLarge);
  });
});
