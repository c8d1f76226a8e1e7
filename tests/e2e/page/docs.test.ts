// The pages of the API as people meet them: in a browser, by keyboard, in both color schemes, and held to axe's rules.

import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { type AnyJson, createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

const AXE = createRequire(import.meta.url).resolve('axe-core');
/** Operations, schemas and rows of a page that axe looks at. */
const SHOWN = 6;
/** Runs in the page. All of its parts would take a minute, and what differs between them is data. */
const SHORTEN = `(shown) => {
  for (const list of ['details.operation', 'main > section', 'tbody > tr'])
    for (const one of [...document.querySelectorAll(list)].slice(shown)) one.remove();
  for (const details of document.querySelectorAll('details')) details.open = true;
  for (const link of document.querySelectorAll('main > nav a'))
    if (document.getElementById(link.getAttribute('href').slice(1)) === null) link.closest('li').remove();
}`;
const PAGES = ['/docs', '/docs/schemas', '/docs/errors'];

describe.skipIf(executablePath === undefined)('the pages of the API in Chromium', () => {
  let browser: Browser;
  let server: RunningServer;
  let page: Page;
  const problems: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    server = await startServer({ app: createTestApp().app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('data:'))
        foreign.push(request.url());
    });
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it.each(PAGES.flatMap((path) => (['light', 'dark'] as const).map((scheme) => ({ path, scheme }))))(
    '$path in $scheme has no finding of axe',
    async ({ path, scheme }) => {
      // A test puts axe into the page, which the page's policy would refuse.
      const context = await browser.newContext({ bypassCSP: true, colorScheme: scheme });
      try {
        const checked = await context.newPage();
        await checked.goto(`${server.url}${path}`);
        await checked.evaluate(`(${SHORTEN})(${SHOWN})`);
        await checked.addScriptTag({ path: AXE });
        const { violations, passes } = await checked.evaluate(() => (globalThis as AnyJson).axe.run());
        expect(violations.map(({ id, nodes }: AnyJson) => [id, nodes[0].html])).toEqual([]);
        expect(passes.map(({ id }: AnyJson) => id)).toContain('color-contrast');
      } finally {
        await context.close();
      }
    },
  );

  it('every operation is there, with its command, and opens by keyboard', async () => {
    await page.goto(`${server.url}/docs`);
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as AnyJson;
    const operations = Object.values<AnyJson>(paths).flatMap((methods) => Object.values<AnyJson>(methods));
    expect(await page.locator('details.operation').count()).toBe(operations.length);
    const summary = page.locator('#predict > summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#predict').getAttribute('open')).not.toBeNull();
    expect(await page.textContent('#predict pre')).toContain(`${server.url}/v1/models/fruit/predict`);
  });

  it('an address opens its operation, and the filter leaves what has all of its words', async () => {
    await page.goto(`${server.url}/docs#createPlan`);
    expect(await page.locator('#createPlan').getAttribute('open')).not.toBeNull();
    await page.getByLabel('Filter operations').fill('webhook rotate');
    await expect.poll(() => page.locator('details.operation:visible').count()).toBe(1);
    expect(await page.textContent('#count')).toMatch(/^1 of \d+$/);
    expect(await page.locator('h2:visible').allTextContents()).toEqual(['Webhooks']);
  });

  it('nothing was asked of others, and nothing was refused', () => {
    expect({ foreign, problems }).toEqual({ foreign: [], problems: [] });
  });
});
