import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../client/create-client.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

const KEY = 'correct-horse-battery-staple';
/** Above what the server takes in one request. */
const LARGE_BYTES = 5_000_000;

describe.skipIf(executablePath === undefined)('the page of a server that wants an API key', () => {
  let browser: Browser;
  let server: RunningServer;
  let page: Page;
  /** Method, path and bearer token of every request. */
  const requests: { method: string; path: string; token: string | undefined }[] = [];

  beforeAll(async () => {
    const store = createMemoryStore();
    const { app } = createTestApp({
      store,
      apiKeys: async () => ({ default: KEY }),
      // What a function takes.
      limits: { predictBodyBytes: 4_500_000 },
    });
    await commitColorModel(store);
    server = await startServer({ app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      const token = request.headers()['authorization']?.replace('Bearer ', '');
      requests.push({ method: request.method(), path: pathname + search, token });
    });
    await page.goto(server.url);
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  const enter = async (key: string) => {
    await page.waitForSelector('#key-form');
    await page.fill('#key', key);
    await page.click('#key-form button');
  };

  it('asks for one, and again where it is wrong', async () => {
    await enter('wrong');
    await page.waitForSelector('#key-error');
    expect(await page.textContent('#key-error')).toContain('not known');
    expect(await page.textContent('#health')).toBe('needs an API key');
  });

  it('works with the right one, and keeps it for the tab alone', async () => {
    await enter(KEY);
    await page.waitForSelector('#model option[value=color]', { state: 'attached' });
    expect(await page.isVisible('#key-form')).toBe(false);
    const kept = () => page.evaluate('[Object.values(sessionStorage), localStorage.length, document.cookie]');
    expect(await kept()).toEqual([[KEY], 0, '']);
    await page.reload();
    await page.waitForSelector('#model option[value=color]', { state: 'attached' });
    expect(await page.isVisible('#key-form')).toBe(false);
  });

  it('uploads a photo that is too large for one request, without the key, and predicts it', async () => {
    const picture = await colorPicture('green', 'jpeg');
    // What comes after the end of a picture is ignored by decoders.
    const buffer = Buffer.concat([picture, Buffer.alloc(LARGE_BYTES)], LARGE_BYTES);
    await page.setInputFiles('#file', { name: 'large.jpg', mimeType: 'image/jpeg', buffer });
    await page.waitForSelector('#answer');
    expect(await page.textContent('#best-label')).toBe('green');
    const uploads = requests.filter(({ method }) => method === 'PUT');
    expect(uploads).toEqual([
      { method: 'PUT', path: expect.stringMatching(/^\/uploads\//), token: undefined },
    ]);
  });

  it('says at the field which names the key allows, and offers nothing that it refuses', async () => {
    const client = createClient({ url: server.url, key: KEY });
    await client.datasets.put('secret', 'red/1.png', await colorPicture('red'));
    const { secret } = await client.keys.create({ name: 'fruits', scopes: ['train'], datasets: ['fruit*'] });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-limited-'));
    await mkdir(path.join(folder, 'red'));
    await writeFile(path.join(folder, 'red/1.png'), await colorPicture('red'));
    const limited = await browser.newPage();
    try {
      await limited.goto(`${server.url}/#/datasets`);
      await limited.fill('#key', secret);
      await limited.click('#key-form button');
      await limited.setInputFiles('#folder', folder);
      await limited.waitForSelector('#dataset-name');
      await limited.fill('#dataset-name', 'newlim');
      expect(await limited.textContent('#dataset-name-problem')).toContain(
        'only datasets of these names: fruit*.',
      );
      expect(await limited.isDisabled('form.plan button')).toBe(true);
      await limited.fill('#dataset-name', 'fruits');
      expect(await limited.isDisabled('form.plan button')).toBe(false);
      for (const view of ['secret', 'secret/red']) {
        await limited.goto(`${server.url}/#/datasets/${view}`);
        const alert = limited.locator('main section [role=alert]');
        await alert.waitFor();
        expect(await alert.textContent()).toContain('may not use the dataset "secret"');
        expect(await limited.locator('main section button').count()).toBe(0);
      }
    } finally {
      await limited.close();
      await rm(folder, { recursive: true });
    }
  });

  it('sends the key in no address', () => {
    expect(requests.filter(({ path }) => path.includes(KEY))).toEqual([]);
    expect(requests.filter(({ path, token }) => path.startsWith('/v1/') && token === KEY)).not.toEqual([]);
  });
});
