// The page while the server is away, slow, or refuses what is asked, and in a tab that nobody sees: each view says what happened.

import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Demand } from './demand.ts';

/** A page that is opened, and what it shows. */
export interface HardTimesOptions {
  readonly browser: Browser;
  /** A server that has something in each view, and needs no key. */
  readonly url: string;
  /** The views by their address behind "#/". */
  readonly views: readonly string[];
  /** A server without models that needs keys, and a key of it that allows predictions alone. */
  readonly locked: { readonly url: string; readonly key: string };
  readonly demand: Demand;
}

const SLOW_MS = 9000;
const HIDDEN_MS = 3000;
const WAIT_MS = 20_000;
/** Elements that say what is wrong. */
const NOTICES = 'main [role=alert], main .slow, main .lacks';

/** Goes through the views in each of these ways. */
export async function hardTimes(options: HardTimesOptions): Promise<void> {
  await whileDown(options);
  await whileSlow(options);
  await withoutScope(options);
  await whileHidden(options);
}

const say = async (page: Page): Promise<string> =>
  (await page.locator(NOTICES).allTextContents()).join(' ').trim();

async function show(
  { url }: Pick<HardTimesOptions, 'url'>,
  context: BrowserContext,
  view: string,
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${url}/#/${view}`);
  return page;
}

/** The connection is gone while views are changed, and comes back. */
async function whileDown({ browser, url, views, demand }: HardTimesOptions): Promise<void> {
  const context = await browser.newContext();
  const page = await show({ url }, context, 'try');
  await page.waitForSelector('#health.up');
  await context.setOffline(true);
  await page.waitForSelector('#health.down', { timeout: WAIT_MS });
  for (const view of views) {
    await page.evaluate(`location.hash = '#/${view}'`);
    await page.waitForSelector('main [role=alert]', { timeout: WAIT_MS });
    const said = await say(page);
    demand(/server does not answer/.test(said), `${view} says that the server is away`);
  }
  await page.evaluate(`location.hash = '#/datasets'`);
  await page.waitForSelector('main [role=alert] button');
  await context.setOffline(false);
  await page.waitForSelector('#datasets li', { timeout: WAIT_MS });
  await page.waitForSelector('main [role=alert]', { state: 'detached', timeout: WAIT_MS });
  demand(true, 'what a view lacks comes by itself once the server is back');
  await context.close();
}

/** Each answer takes long. */
async function whileSlow({ browser, url, views, demand }: HardTimesOptions): Promise<void> {
  const context = await browser.newContext();
  await context.route('**/v1/**', async (route) => {
    await delay(SLOW_MS);
    await route.continue().catch(() => undefined);
  });
  await Promise.all(
    views.map(async (view) => {
      const page = await show({ url }, context, view);
      const seen = await page.waitForSelector('main .slow', { timeout: WAIT_MS }).catch(() => undefined);
      demand(seen !== undefined, `${view} says that the server is slow`);
    }),
  );
  await context.close();
}

/** The key allows predictions alone. */
async function withoutScope({ browser, locked, views, demand }: HardTimesOptions): Promise<void> {
  const context = await browser.newContext();
  await context.addInitScript(`sessionStorage.setItem('fovea-api-key', ${JSON.stringify(locked.key)})`);
  for (const view of views.filter((one) => !one.startsWith('models/'))) {
    const page = await show(locked, context, view);
    await page.waitForSelector('#health.up', { timeout: WAIT_MS });
    const isOpen = view === 'models' || view === 'try';
    if (!isOpen) await page.waitForSelector('main .lacks', { timeout: WAIT_MS }).catch(() => undefined);
    const said = await say(page);
    demand(
      isOpen ? said === '' : /scope/.test(said),
      isOpen
        ? `${view} works with a key for predictions ${said}`.trim()
        : `${view} says which permission is missing`,
    );
    await page.close();
  }
  await context.close();
}

/** Nobody sees the tab. */
async function whileHidden({ browser, url, views, demand }: HardTimesOptions): Promise<void> {
  const context = await browser.newContext();
  await context.addInitScript(`
    let isHidden = false;
    Object.defineProperty(document, 'hidden', { get: () => isHidden });
    globalThis.hide = (hides) => { isHidden = hides; document.dispatchEvent(new Event('visibilitychange')); };`);
  const page = await show({ url }, context, views.find((view) => view.startsWith('jobs/')) ?? 'train');
  await page.waitForSelector('#health.up');
  await page.waitForLoadState('networkidle');
  let asked = 0;
  page.on('request', () => {
    asked++;
  });
  await page.evaluate('hide(true)');
  // More than the page waits between two polls.
  await delay(2 * HIDDEN_MS);
  demand(asked === 0, `a hidden tab asks nothing (${asked} requests)`);
  await page.evaluate('hide(false)');
  await delay(HIDDEN_MS);
  demand(asked > 0, 'a tab that is shown again asks at once');
  await context.close();
}
