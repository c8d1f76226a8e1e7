import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSampleDataset, SAMPLE_CLASSES } from '../../../cli/sample-dataset/draw-sample-dataset.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

const PICTURES_OF_CLASS = 3;
const PICTURES = PICTURES_OF_CLASS * SAMPLE_CLASSES.length;
/** Requests for bytes that arrive before the connection is gone. */
const ARRIVE = 5;

describe.skipIf(executablePath === undefined)('a folder that is dropped on the page', () => {
  const store = createMemoryStore();
  let folder: string;
  let browser: Browser;
  let server: RunningServer;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-upload-'));
    const write = async (file: string, bytes: Uint8Array) => {
      await mkdir(path.dirname(path.join(folder, 'fruit', file)), { recursive: true });
      await writeFile(path.join(folder, 'fruit', file), bytes);
    };
    await drawSampleDataset(write, { imagesPerClass: PICTURES_OF_CLASS });
    await write('star/empty.png', new Uint8Array());
    server = await startServer({ app: createTestApp({ store }).app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    await page.goto(server.url);
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('goes on where the connection broke off, and sends nothing twice', async () => {
    let sent = 0;
    let most = ARRIVE;
    const missing: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 404) missing.push(response.url());
    });
    await page.route('**/uploads/*', async (route) => {
      if (sent >= most) return route.abort();
      sent += 1;
      return route.continue();
    });
    await page.setInputFiles('#folder', path.join(folder, 'fruit'));
    expect(await page.textContent('.left-out summary')).toContain('1 file is left out');
    await page.click('form.plan button');
    await page.waitForSelector('#upload-progress [role=alert]');
    most = Number.POSITIVE_INFINITY;
    await page.click('#upload-progress >> text=Go on');
    await expect.poll(() => page.url()).toContain('#/datasets/fruit');
    expect(sent).toBe(PICTURES);
    // A dataset that is not there yet is not asked for.
    expect(missing).toEqual([]);
    const stored: string[] = [];
    for await (const { key } of store.list('datasets/fruit/')) stored.push(key);
    expect(stored.filter((key) => key.endsWith('.png'))).toHaveLength(PICTURES);
  });

  it('names what it left out at the head of the dataset, until somebody closes the list', async () => {
    const named = () => page.textContent('section:has(#dataset-title) #left-out');
    expect(await named()).toMatch(/1 file is left out.*star\/empty\.png.*The file is empty/);
    await page.click('#left-out button');
    await page.click('nav >> text=Datasets');
    await page.click('#datasets >> text=fruit');
    await page.waitForSelector('#classes');
    expect(await page.locator('#left-out').count()).toBe(0);
  });
});
