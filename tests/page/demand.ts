// What the page must be is said aloud, and what it is not is kept for the end.

import type { Page } from 'playwright-core';

/** What was not as it must be. */
export const problems: string[] = [];

/** Says whether something is so. */
export type Demand = (isSo: boolean, what: string) => void;

/** Says whether something is so, and keeps it where it is not. */
export const demand: Demand = (isSo, what) => {
  if (!isSo) problems.push(what);
  console.log(`${isSo ? 'ok  ' : 'FAIL'} ${what}`);
};

const LOOK_AGAIN_MS = 50;
const PATIENCE_MS = 30_000;

/**
 * Waits until an expression is true in a page. The page's policy keeps Playwright's own wait from doing so.
 * @throws where it is still not after half a minute.
 */
export async function until(page: Page, expression: string): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
    if (await page.evaluate(expression)) return;
    await page.waitForTimeout(LOOK_AGAIN_MS);
  }
  throw new Error(`It is still not so: ${expression}`);
}
