import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
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
    await jobs.create(newJob({ model: 'shapes-of-things' }));
    server = await startServer({ app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    page.on('console', (message) => {
      // The browser reports every refused upload by itself; the test that makes one says so.
      if (message.type() === 'error' && !message.text().includes('status of 415'))
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
    await page.waitForSelector('#answer:not([hidden])');
    expect(await page.textContent('#best-label')).toBe('green');
    expect((await page.locator('#bars li').allTextContents()).join(' ')).toMatch(/green.*red|green.*blue/s);
  });

  it('lays the heatmap over the photo while the toggle is on', async () => {
    const source = () => page.getAttribute('#photo', 'src');
    const photo = await source();
    await page.check('#heatmap');
    await expect.poll(source).not.toBe(photo);
    const overlay = await source();
    await page.uncheck('#heatmap');
    expect(await source()).not.toBe(overlay);
    expect(await page.isVisible('#answer-error')).toBe(false);
  });

  it('says what is wrong with a file that is no photo', async () => {
    await page.setInputFiles('#file', {
      name: 'a.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('no photo'),
    });
    await page.waitForSelector('#answer-error:not([hidden])');
    expect(await page.textContent('#answer-error')).toContain('JPEG');
  });

  it('lists models and jobs', async () => {
    await page.waitForSelector('#jobs li');
    expect(await page.textContent('#jobs')).toContain('shapes-of-things');
    expect((await page.textContent('#models'))?.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });
});
