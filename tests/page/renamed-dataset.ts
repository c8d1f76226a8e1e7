// The page after a dataset was renamed: its former address leads on, and the labels that a report suspects are mended under the new name.

import path from 'node:path';
import type { Browser } from 'playwright-core';
import { createClient } from '../../client/create-client.ts';
import { all } from '../../client/pages.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { demand, until } from './demand.ts';
import { JUDGED, makeJudgedModels } from './judged-models.ts';

const RENAMED = 'animals';

/** @param folder is written to. */
export async function followRename(browser: Browser, folder: string): Promise<void> {
  const dataDir = path.join(folder, 'renamed');
  const server = await startLocalServer({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    logger: silentLogger,
  });
  try {
    await makeJudgedModels(dataDir);
    const { datasets } = createClient({ url: server.url });
    await datasets.rename(JUDGED, RENAMED);
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}/#/datasets/${JUDGED}/red`);
    await page.click(`a:has-text("Now called ${RENAMED}")`);
    await page.waitForSelector('#classes');
    demand(page.url().endsWith(`#/datasets/${RENAMED}`), 'the former address of a dataset leads to its name');

    await page.goto(`${server.url}/#/models/${JUDGED}`);
    const suspect = page.locator('#suspects > li').first();
    // Pictures are loaded as they come into view.
    await until(
      page,
      'document.querySelector("#suspects")?.scrollIntoView() ?? document.querySelector("#suspects .mend") !== null',
    );
    await suspect.locator('.mend').waitFor();
    const before = await all(datasets.files(RENAMED));
    await suspect.locator('.mend button:not(.danger)').click();
    await until(page, 'document.querySelector(".done")?.textContent.includes("moved to")');
    const after = new Set((await all(datasets.files(RENAMED))).map((file) => file.path));
    const moved = before.filter((file) => !after.has(file.path));
    demand(moved.length === 1, `a label to check is mended by the new name: ${moved[0]?.path}`);
    await page.locator('#suspects > li').first().locator('text=Keep as it is').click();
    await until(page, 'document.querySelector(".done")?.textContent.includes("stays as it is")');
    demand((await datasets.kept(RENAMED)).length === 1, 'a label that is right is kept by the new name');
    await page.context().close();
  } finally {
    await server.stop();
  }
}
