import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { findBarriers } from '../../support/find-barriers.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { newJob } from '../../support/new-job.ts';
import { createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

describe.skipIf(executablePath === undefined)('the page in Chromium', () => {
  let browser: Browser;
  let server: RunningServer;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const store = createMemoryStore();
    const { app, jobs } = createTestApp({ store });
    await commitColorModel(store);
    await commitColorModel(store, { model: 'no-map', heatmap: undefined, createdAt: 1_600_000_000 });
    await jobs.create(newJob({ model: 'shapes-of-things' }));
    server = await startServer({ app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    page.on('console', (message) => {
      // The browser reports every refused upload by itself; the test that makes one says so.
      if (message.type() === 'error' && !/status of (404|415|422|409|400)/.test(message.text()))
        problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(server.url);
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it('predicts a photo that is dropped, with a bar for every label', async () => {
    const buffer = Buffer.from(await colorPicture('green'));
    await page.setInputFiles('#file', { name: 'meadow.png', mimeType: 'image/png', buffer });
    await page.waitForSelector('#answer');
    expect(await page.textContent('#best-label')).toBe('green');
    expect((await page.locator('#bars li').allTextContents()).join(' ')).toMatch(/green.*red|green.*blue/s);
  });

  it('lays the heatmap over the photo while the toggle is on', async () => {
    const photo = await page.getAttribute('#photo', 'src');
    await page.check('#heatmap');
    await page.waitForSelector('#map');
    expect(await page.getAttribute('#map', 'src')).not.toBe(photo);
    expect(await page.getAttribute('#photo', 'src')).toBe(photo);
    await page.uncheck('#heatmap');
    expect(await page.locator('#map').count()).toBe(0);
    expect(await page.isVisible('#answer-error')).toBe(false);
  });

  it('says of a model without heatmaps that it has none, and goes on to answer', async () => {
    await page.selectOption('#model', 'no-map');
    await page.waitForSelector('#answer');
    await page.check('#heatmap');
    await page.waitForSelector('#no-heatmap');
    for (const color of ['red', 'blue'] as const) {
      const buffer = Buffer.from(await colorPicture(color));
      await page.setInputFiles('#file', { name: `${color}.png`, mimeType: 'image/png', buffer });
      await expect.poll(() => page.textContent('#best-label')).toBe(color);
    }
    expect(await page.isVisible('#answer-error')).toBe(false);
    await page.uncheck('#heatmap');
    await page.selectOption('#model', 'color');
  });

  it('says what is wrong with a file that is no photo', async () => {
    await page.setInputFiles('#file', {
      name: 'a.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('no photo'),
    });
    await page.waitForSelector('#answer-error');
    expect(await page.textContent('#answer-error')).toContain('JPEG');
  });

  it('lists models and jobs', async () => {
    await page.click('nav >> text=Train');
    await page.waitForSelector('#jobs li');
    expect(await page.textContent('#jobs')).toContain('shapes-of-things');
    await page.click('nav >> text=Models');
    await page.waitForSelector('#models li');
    expect(await page.textContent('#models')).toContain('color');
    expect(problems).toEqual([]);
  });

  it.each(['try', 'datasets', 'train', 'models', 'models/color'])('has no barrier in %s', async (view) => {
    await page.goto(`${server.url}/#/${view}`);
    await page.waitForSelector('h1');
    await page.waitForLoadState('networkidle');
    expect(await findBarriers(page)).toEqual([]);
  });

  it('keeps the focus on a button while the list is asked for again', async () => {
    await page.click('nav >> text=Train');
    const cancel = page.locator('#jobs button', { hasText: 'Cancel' });
    await cancel.focus();
    await page.waitForResponse((response) => response.url().includes('/v1/fine_tuning/jobs?'));
    await page.waitForResponse((response) => response.url().includes('/v1/fine_tuning/jobs?'));
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Cancel');
  });

  it('asks nothing in a hidden tab, and at once when it is shown', async () => {
    const show = (state: string) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${state === 'hidden'} }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await page.waitForLoadState('networkidle');
    await show('hidden');
    await page.waitForTimeout(300);
    let asked = 0;
    page.on('request', () => {
      asked += 1;
    });
    await page.waitForTimeout(2500);
    expect(asked).toBe(0);
    const next = page.waitForRequest((request) => request.url().includes('/v1/models'));
    await show('visible');
    await next;
  });
});
