// The page on a server that has API keys: pictures of datasets with a key, and what a key does not allow.

import path from 'node:path';
import type { Browser } from 'playwright-core';
import { createClient } from '../../client/create-client.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { colorPicture } from '../support/color-model.ts';
import { demand, until } from './demand.ts';
import { JUDGED, makeJudgedModels } from './judged-models.ts';

const OPERATOR = 'the-key-of-the-operator';
const WIDTH = 360;
/** Longer than the page waits until it asks for its lists again. */
const TWO_POLLS_MS = 6000;

/** @param folder is written to. */
export async function walkWithKeys(browser: Browser, folder: string): Promise<void> {
  const dataDir = path.join(folder, 'keyed');
  const server = await startLocalServer({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    apiKeys: async () => ({ operator: OPERATOR }),
    logger: silentLogger,
  });
  try {
    await makeJudgedModels(dataDir);
    const client = createClient({ url: server.url, key: OPERATOR });
    const context = await browser.newContext({ viewport: { width: WIDTH, height: 740 } });
    await context.addInitScript(`
      const made = new Set();
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (of) => { const url = createObjectURL.call(URL, of); made.add(url); return url; };
      URL.revokeObjectURL = (url) => { made.delete(url); revokeObjectURL.call(URL, url); };
      globalThis.countOfObjectUrls = () => made.size;
    `);
    const page = await context.newPage();
    const enter = async (key: string) => {
      await page.evaluate('sessionStorage.clear()');
      await page.reload();
      await page.fill('#key', key);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#key-form', { state: 'detached' });
    };
    const urls = async () => Number(await page.evaluate('countOfObjectUrls()'));

    await page.goto(`${server.url}/#/datasets/${JUDGED}/red`);
    await enter(OPERATOR);
    await page.waitForSelector('#pictures img');
    await until(page, 'document.querySelector("#pictures span.thumb") === null');
    await until(
      page,
      '[...document.querySelectorAll("#pictures img")].slice(0, 3).every((one) => one.naturalWidth > 0)',
    );
    const pictures = await page.locator('#pictures img').count();
    demand(pictures > 0 && (await urls()) === pictures, `with a key ${pictures} pictures are shown`);
    await page.goto(`${server.url}/#/train`);
    await page.waitForSelector('#train-title');
    await until(page, 'countOfObjectUrls() === 0');
    demand((await urls()) === 0, 'none of their addresses is left when the view is gone');
    await page.goto(`${server.url}/#/models/${JUDGED}`);
    await page.locator('#confusion .wrong button').first().click();
    await page.waitForSelector('#cell img');
    demand(true, 'the pictures of mistakes are shown with a key');

    // It may use the model, and not the dataset that it was made of.
    const { secret } = await client.keys.create({
      name: 'limited',
      scopes: ['train'],
      models: [JUDGED],
      datasets: ['other'],
    });
    await page.goto(`${server.url}/#/try?model=${JUDGED}`);
    await enter(secret);
    await page.waitForSelector(`#model option[value="${JUDGED}"]`, { state: 'attached' });
    const buffer = Buffer.from(await colorPicture('red'));
    await page.setInputFiles('#file', { name: 'red.png', mimeType: 'image/png', buffer });
    await page.waitForSelector('#best-label');
    await page.check('#explain');
    await page.waitForSelector('#no-explanation');
    demand(
      (await page.textContent('#no-explanation'))?.includes('limited') === true,
      'a key that may not see the training pictures is told so',
    );
    await page.waitForSelector('#no-feedback');
    const refusal = await page.textContent('#no-feedback');
    demand((await page.locator('details.feedback').count()) === 0, 'what the server refuses is not offered');
    demand(
      refusal?.includes('keeps no photos') === true,
      `a server that keeps no photos says so: ${refusal}`,
    );

    // It may only predict.
    const { secret: predictOnly } = await client.keys.create({ name: 'predicts', scopes: ['predict'] });
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/v1/fine_tuning/jobs')) asked += 1;
    });
    await page.goto(`${server.url}/#/models/${JUDGED}`);
    await enter(predictOnly);
    await page.waitForSelector('#versions li');
    await page.waitForSelector('nav :text("Train")', { state: 'detached' });
    demand(
      (await page.locator('#roll-back, #versions button').count()) === 0,
      'a key that may only predict has no buttons that change a model',
    );
    demand(
      (await page.textContent('.lacks'))?.includes('needs the scope train') === true,
      'it says which scope would show more of the model',
    );
    for (const view of ['datasets', 'train']) {
      await page.goto(`${server.url}/#/${view}`);
      await page.waitForSelector('.lacks');
      demand(
        (await page.locator('main section').count()) === 1 &&
          (await page.locator('main input').count()) === 0,
        `${view} shows such a key the refusal alone`,
      );
    }
    asked = 0;
    await page.waitForTimeout(TWO_POLLS_MS);
    demand(asked === 0, 'what it may not list is not asked for again');

    // It may train, and delete nothing.
    const { secret: trains } = await client.keys.create({ name: 'trains', scopes: ['train'] });
    await page.goto(`${server.url}/#/datasets/${JUDGED}/red`);
    await enter(trains);
    for (const view of [`datasets/${JUDGED}/red`, `datasets/${JUDGED}`, `models/${JUDGED}`]) {
      await page.goto(`${server.url}/#/${view}`);
      await page.waitForSelector('#pictures img, #classes, #confusion');
      demand(
        (await page.locator('button.danger, #rename-dataset').count()) === 0 &&
          (await page.textContent('.lacks'))?.includes('needs the scope admin') === true,
        `${view} offers no deletion to a key of scope train, and says why`,
      );
    }
    await context.close();
  } finally {
    await server.stop();
  }
}
