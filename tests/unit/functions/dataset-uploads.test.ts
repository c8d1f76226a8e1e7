// Many upload links at once, over HTTP.

import { expect, it } from 'vitest';
import { makePicture } from '../../support/make-dataset.ts';
import { createTestApp } from '../../support/test-app.ts';

const UPLOADS = '/v1/datasets/pets/uploads';

it('hundreds of links are given in one request, and each takes its picture to its place', async () => {
  const test = createTestApp();
  const picture = await makePicture(1);
  const files = Array.from({ length: 500 }, (_, i) => ({ path: `cat/${i}.png`, bytes: picture.length }));
  const { status, body } = await test.send('POST', UPLOADS, { files });
  expect(status).toBe(200);
  expect(body.data.map(({ path }: { path: string }) => path)).toEqual(files.map(({ path }) => path));
  for (const { key, url, method, headers } of [body.data[0], body.data[499]]) {
    const { pathname } = new URL(url);
    expect(
      (await test.app.request(pathname, { method, headers, body: Uint8Array.from(picture) })).status,
    ).toBe(200);
    expect((await test.store.get(key))?.body).toEqual(Uint8Array.from(picture));
  }
});

it.each([
  ['another dataset', '../other/1.png', 'dataset-name-invalid'],
  ['no class', '1.png', 'request-invalid'],
  ['a hidden file', 'cat/.x', 'dataset-name-invalid'],
])('none is given where one is for %s', async (_, path, code) => {
  const files = [
    { path: 'cat/1.png', bytes: 1 },
    { path, bytes: 1 },
  ];
  const { status, body } = await createTestApp().send('POST', UPLOADS, { files });
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code, param: 'files.1.path' });
});
