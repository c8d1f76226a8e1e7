import { describe, expect, it } from 'vitest';
import { checkUrl } from '../../../../cli/pull/allowed-url.ts';

const FROM = new URL('https://hub.example/a');
const rules = { allowHttp: ['127.0.0.1:8000', 'mirror.lan'] };
const check = (url: string, from?: URL) => () => checkUrl(new URL(url), rules, from);

describe('checkUrl', () => {
  it.each([
    'https://hub.example/a/b',
    'https://10.0.0.7/model.onnx',
    'http://127.0.0.1:8000/model.onnx',
    'http://mirror.lan/model.onnx',
  ])('allows %s, which a person names', (url) => {
    expect(check(url)).not.toThrow();
  });

  it.each([
    ['http://hub.example/a', /--allow-http hub\.example/],
    ['http://127.0.0.1:8001/a', /--allow-http 127\.0\.0\.1:8001/],
    ['file:///etc/passwd', /only https/],
    ['ftp://hub.example/a', /only https/],
    ['https://name:secret@hub.example/a', /a name or a password/],
  ])('rejects %s', (url, message) => {
    expect(check(url)).toThrow(message);
    expect(check(url)).not.toThrow(/secret/);
  });

  it.each([
    'https://localhost/a',
    'https://a.localhost/a',
    'https://127.1/a',
    'https://0x7f000001/a',
    'https://[::1]/a',
    'https://[::ffff:10.0.0.1]/a',
    'https://[::10.0.0.1]/a',
    'https://[::ffff:0:10.0.0.1]/a',
    'https://[64:ff9b::10.0.0.1]/a',
    'https://[64:ff9b::a9fe:a9fe]/a',
    'https://[64:ff9b:1::1]/a',
    'https://[2002:a00:1::1]/a',
    'https://[2002:c0a8:101::]/a',
    'https://[2002:ac1f:ffff::1]/a',
    'https://[fd00::1]/a',
    'https://192.168.1.1/a',
    'https://169.254.169.254/a',
  ])('rejects a redirect to %s from elsewhere', (url) => {
    expect(check(url, FROM)).toThrow(/to which https:\/\/hub\.example\/a redirects.*private network/);
    expect(check(url, new URL(url))).not.toThrow();
  });

  it('allows a redirect to another public host, and to a server that was allowed', () => {
    expect(check('https://cdn.example/a?signature=1', FROM)).not.toThrow();
    for (const host of ['[64:ff9b::8.8.8.8]', '[2002:808:808::1]', '[2002:ac20::1]', '[2606:4700::1]'])
      expect(check(`https://${host}/a`, FROM)).not.toThrow();
    expect(check('http://127.0.0.1:8000/a', FROM)).not.toThrow();
  });
});
