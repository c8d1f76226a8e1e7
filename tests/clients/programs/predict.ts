// A program of a user: has a picture predicted in every way, by types that openapi-typescript makes. Checked and run by
// ../main.ts, which puts those types beside it.

import { readFile } from 'node:fs/promises';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated.ts';

const [baseUrl = '', model = '', file = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
const picture = await readFile(file);
const predict = '/v1/models/{model}/predict';
const params = { path: { model } };
const image = picture.toString('base64');

const asFile = await client.POST(predict, {
  params,
  body: '',
  bodySerializer: () => picture,
  headers: { 'Content-Type': 'application/octet-stream' },
});
const asForm = await client.POST(predict, {
  params,
  body: { image: [image], top_k: 1 },
  bodySerializer(fields) {
    if (typeof fields !== 'object' || !('top_k' in fields)) throw new TypeError('These are not the fields.');
    const form = new FormData();
    form.set('image', new Blob([picture]), 'red.png');
    form.set('top_k', String(fields.top_k));
    return form;
  },
});
const asJson = await client.POST(predict, { params, body: { image } });
const asList = await client.POST(predict, {
  params: { ...params, query: { top_k: 1 } },
  body: { images: [image, image] },
});

type Prediction = components['schemas']['Prediction'];
const labels = [asFile, asForm, asJson].map(({ data, error }): Prediction['label'] => {
  if (typeof data !== 'object' || data.object !== 'prediction')
    throw new Error(`Nothing was predicted: ${JSON.stringify(error ?? data)}`);
  return data.label;
});
if (labels.some((label) => label !== 'red')) throw new Error(`The picture is red, not ${labels}.`);
if (typeof asList.data !== 'object' || asList.data.object !== 'list' || asList.data.data.length !== 2)
  throw new Error(`No list was given: ${JSON.stringify(asList.error ?? asList.data)}`);

console.log(`predicted by file, form and JSON: ${labels}`);
