import { expect, it } from 'vitest';
import { findServer } from '../../../cli/context/find-server.ts';

const PROD = 'https://fovea.example.com';
const contexts = {
  current: 'prod',
  contexts: { prod: { url: PROD, key: 'of-prod' }, lab: { url: 'http://lab:8787' } },
};
const find = (
  url?: string,
  variables: Record<string, string> = {},
  saved: Parameters<typeof findServer>[1] = { contexts },
) => findServer(url, { variables, ...saved });

it('takes --url, else FOVEA_URL, else the context in use, else this machine', async () => {
  expect(await find('http://a', { FOVEA_URL: 'http://b' })).toMatchObject({
    url: 'http://a',
    urlFrom: '--url',
  });
  expect(await find(undefined, { FOVEA_URL: 'http://b' })).toMatchObject({
    url: 'http://b',
    urlFrom: 'FOVEA_URL',
  });
  expect(await find()).toMatchObject({ url: PROD, urlFrom: 'context "prod"' });
  expect(await find(undefined, {}, { contexts: { contexts: {} } })).toMatchObject({
    url: 'http://127.0.0.1:8787',
  });
});

it('sends the key of a context to its own server alone, and that of the environment to any', async () => {
  expect(await find()).toMatchObject({ key: 'of-prod', keyFrom: 'context "prod"' });
  expect(await find(`${PROD}/`)).toMatchObject({ key: 'of-prod' });
  expect((await find('http://elsewhere')).key).toBeUndefined();
  expect(await find('http://elsewhere', { FOVEA_API_KEY: 'mine' })).toMatchObject({
    key: 'mine',
    keyFrom: 'FOVEA_API_KEY',
  });
});

it('names the contexts that there are where the one in use is gone', async () => {
  await expect(find(undefined, {}, { contexts: { ...contexts, current: 'gone' } })).rejects.toThrow(
    'There is no context "gone". There are local, prod, lab.',
  );
});
