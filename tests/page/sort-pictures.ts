// Pictures are sorted into classes: by a drag of one or of several, and by keyboard; a class is renamed.

import path from 'node:path';
import type { Page } from 'playwright-core';
import { SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import type { Demand } from './demand.ts';

/** What the walk needs of whoever starts it. */
export interface SortOptions {
  /** The page, on a server that has the dataset. */
  readonly page: Page;
  readonly client: FoveaClient;
  readonly url: string;
  readonly dataset: string;
  readonly tabTo: (page: Page, text: string) => Promise<void>;
  readonly demand: Demand;
}

/** Sorts pictures of a dataset whose classes are those of the sample. */
export async function sortPictures({
  page,
  client,
  url,
  dataset,
  tabTo,
  demand,
}: SortOptions): Promise<void> {
  const [from = '', to = ''] = SAMPLE_CLASSES;
  const countOf = async (label: string) =>
    (await client.datasets.filePage(dataset, { class: label, limit: 1000 })).data.length;
  const before = await countOf(from);

  await page.goto(`${url}/#/datasets/${dataset}`);
  await page.waitForSelector(`[data-class=${from}] img`);
  demand(
    /\d+ to learn from, \d+ for validation, \d+ for the test/.test(
      (await page.textContent(`[data-class=${from}]`)) ?? '',
    ),
    'each class says how its pictures are split',
  );
  // A row that gets its pictures later moves away below the mouse.
  await page.waitForSelector(`[data-class=${to}] img`);
  await page.dragAndDrop(`[data-class=${from}] .thumb`, `[data-class=${to}] .name`);
  await page.waitForSelector(`text=1 picture moved to ${to}.`);
  demand((await countOf(from)) === before - 1, 'a picture is dragged onto the row of another class');

  await page.goto(`${url}/#/datasets/${dataset}/${encodeURIComponent(from)}`);
  await page.waitForSelector('#pictures img');
  await page.locator('#pictures input').nth(0).click();
  await page
    .locator('#pictures input')
    .nth(2)
    .click({ modifiers: ['Shift'] });
  await page.waitForSelector('text=3 pictures selected.');
  await page.dragAndDrop('#pictures li:nth-child(2) .thumb', `.targets button:text-is("${to}")`);
  await page.waitForSelector(`text=3 pictures moved to ${to}.`);
  demand((await countOf(from)) === before - 4, 'a drag of one of several that are selected takes all along');

  await page.waitForSelector('text=Select pictures to move or remove them.');
  const [next] = (await client.datasets.filePage(dataset, { class: from, limit: 1 })).data;
  await page.focus('#pictures input');
  await page.keyboard.press('Space');
  await page.waitForSelector('text=1 picture selected.');
  await page.focus('#class-title a');
  await tabTo(page, to);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`text=1 picture moved to ${to}.`);
  const paths = (await client.datasets.filePage(dataset, { class: to, limit: 1000 })).data.map((file) =>
    path.basename(file.path),
  );
  demand(paths.includes(path.basename(next?.path ?? '')), 'a picture is moved by keyboard alone');

  await page.goto(`${url}/#/datasets/${dataset}`);
  await page.click(`[data-class=${from}] summary`);
  await page.fill(`[data-class=${from}] .rename input`, 'renamed');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=The class is now renamed.');
  await page.waitForSelector('[data-class=renamed] img');
  demand((await countOf('renamed')) === before - 5, 'a class gets another name, and keeps its pictures');
}
