import { describe, expect, it } from 'vitest';
import { besideOf, isSource, toAddress } from '../../../../cli/pull/source-address.ts';

describe('toAddress', () => {
  it.each([
    ['org/name', undefined, 'https://huggingface.co/org/name/resolve/main/onnx/model.onnx', 'name'],
    [
      'org/na.me@v1/x',
      'https://hub.lan/',
      'https://hub.lan/org/na.me/resolve/v1%2Fx/onnx/model.onnx',
      'na.me',
    ],
    ['https://host/a/b.onnx?download=true#x', undefined, 'https://host/a/b.onnx?download=true', 'b'],
  ])('%s with the hub %s is %s', (text, hub, url, name) => {
    expect(toAddress(text, 'onnx/model.onnx', hub)).toMatchObject({ url: new URL(url), name });
  });

  it('gives other files of the same repository and revision', () => {
    const { other } = toAddress('org/name@abc', 'a.onnx');
    expect(other?.('preprocessor_config.json').pathname).toBe(
      '/org/name/resolve/abc/preprocessor_config.json',
    );
    expect(toAddress('https://host/a.onnx', 'a.onnx').other).toBeUndefined();
  });

  it.each([
    ['name', 'a.onnx'],
    ['org/name', '../../other/x'],
    ['org/name', '/etc'],
    ['../name', 'a.onnx'],
    ['https://', 'a.onnx'],
    ['https://host/a%E0%A4%A', 'a.onnx'],
  ])('rejects %s with the file %s', (text, file) => {
    expect(() => toAddress(text, file)).toThrow(expect.objectContaining({ code: 'download-refused' }));
  });

  it('knows sources by their form', () => {
    expect(['org/name', 'org/name@main', 'https://host/a'].every(isSource)).toBe(true);
    expect(['model.onnx', './a/b', '/a/b', 'a/b/c', '~/a'].some(isSource)).toBe(false);
  });
});

describe('besideOf', () => {
  const model = new URL('https://host/org/name/resolve/main/onnx/model.onnx');

  it('is in the folder of the model, or below', () => {
    expect(besideOf(model, 'model.onnx_data').pathname).toBe('/org/name/resolve/main/onnx/model.onnx_data');
    expect(besideOf(model, 'a/b c?d').pathname).toBe('/org/name/resolve/main/onnx/a/b%20c%3Fd');
  });

  it.each(['../secret', '/etc/passwd', 'https://other/x', 'a//b', 'a\\b', ''])('rejects %j', (location) => {
    expect(() => besideOf(model, location)).toThrow(
      expect.objectContaining({ code: 'backbone-external-data' }),
    );
  });
});
