// What axe finds in a page: barriers for people who use a keyboard or a screen reader, or see little.

import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** A line for each rule that the page breaks, with the first elements at fault. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${axe.source}; undefined`);
  return page.evaluate(`
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) =>
        id + ': ' + help + ' ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 160) + ' ' + failureSummary).join(' | ')))`);
}
