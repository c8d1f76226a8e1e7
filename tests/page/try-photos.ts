// The view of photos: several at once, pasted ones and those of a camera, where the label is, what the model learned from that is alike,
// and models that can tell nothing of it.

import type { Page } from 'playwright-core';
import type { FoveaClient } from '../../client/create-client.ts';
import { colorPicture } from '../support/color-model.ts';
import { demand, until } from './demand.ts';
import { JUDGED, PLAIN } from './judged-models.ts';

/** A Chromium with these has a camera of its own, which shows a pattern. */
export const CAMERA_ARGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** @param page at the start of the page, with the models of `judged-models.ts`. */
export async function tryPhotos(page: Page, client: FoveaClient): Promise<void> {
  const photo = async (color: 'red' | 'green' | 'blue') => ({
    name: `${color}.png`,
    mimeType: 'image/png',
    buffer: Buffer.from(await colorPicture(color)),
  });
  await page.goto(`${client.url}/#/try?model=${JUDGED}`);
  await page.waitForSelector('#file');
  await page.setInputFiles('#file', [await photo('red'), await photo('green'), await photo('blue')]);
  await page.waitForSelector('.several li:nth-child(3):has-text("blue")');
  const labels = await page.locator('.several span').allTextContents();
  demand(labels.join() === 'red,green,blue', `three photos at once are ${labels.join(', ')}`);

  await page.check('#heatmap');
  await page.waitForSelector('#map');
  await page.focus('#map-opacity');
  await page.keyboard.press('Home');
  for (let presses = 0; presses < 30; presses++) await page.keyboard.press('ArrowRight');
  await page.waitForSelector('output:has-text("30.0 %")');
  const opacity = await page.evaluate('getComputedStyle(document.querySelector("#map")).opacity');
  demand(opacity === '0.3', `the map over the photo has an opacity of ${opacity}`);

  await page.check('#explain');
  await page.waitForSelector('#no-explanation');
  demand((await page.textContent('#best-label')) === 'red', 'a model without an index says so, and answers');

  await page.selectOption('#model', PLAIN);
  await page.waitForSelector('#no-heatmap');
  demand((await page.textContent('#best-label')) === 'red', 'a model without a heatmap says so, and answers');

  await page.evaluate(
    `(async () => {
      const bytes = Uint8Array.from(atob(${JSON.stringify((await photo('blue')).buffer.toString('base64'))}), (one) => one.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
    })()`,
  );
  await page.waitForSelector('#best-label:has-text("blue")');
  demand((await page.locator('.several').count()) === 0, 'a pasted photo takes the place of the others');

  await page.click('#camera');
  await until(page, 'document.querySelector("video")?.videoWidth > 0');
  await page.click('#shoot');
  await page.waitForSelector('video', { state: 'detached' });
  await page.waitForSelector('#best-label');
  demand((await page.locator('#photo').count()) === 1, 'a camera takes a photo');
}
