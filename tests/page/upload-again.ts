// What would lose pictures or classes: names that are taken, of pictures and of classes, and an upload that a reload breaks off.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { colorPicture } from '../support/color-model.ts';
import { type Demand, until } from './demand.ts';

/** What the walk needs of whoever starts it. */
export interface UploadAgainOptions {
  /** The page, on a server that has the dataset. */
  readonly page: Page;
  readonly client: FoveaClient;
  readonly url: string;
  /** It has the classes of the sample. */
  readonly dataset: string;
  /** Is written to. */
  readonly folder: string;
  readonly demand: Demand;
}

/** Adds a picture under a name that is taken, in each of the ways, and leaves the page during an upload. */
export async function uploadAgain(options: UploadAgainOptions): Promise<void> {
  await addTakenName(options);
  await joinClasses(options);
  await reloadDuringUpload(options);
}

async function choose({ page, url, dataset }: UploadAgainOptions, chosen: string): Promise<void> {
  await page.goto(`${url}/#/datasets?into=${dataset}`);
  await page.setInputFiles('#folder', chosen);
  await page.click('form.plan button[type=submit]');
}

async function addTakenName(options: UploadAgainOptions): Promise<void> {
  const { page, client, dataset, folder, demand } = options;
  const [label = ''] = SAMPLE_CLASSES;
  const bytesOf = async (name: string) =>
    Buffer.from(await client.datasets.read(dataset, `${label}/${name}`)).toString('base64');
  const old = (await client.datasets.filePage(dataset, { class: label, limit: 1 })).data[0]?.path ?? '';
  const name = path.basename(old);
  const second = name.replace(/(\.[^.]*)$/, '-2$1');
  const chosen = path.join(folder, 'again');
  await mkdir(path.join(chosen, label), { recursive: true });
  await writeFile(path.join(chosen, label, name), await colorPicture('red'));
  const before = await bytesOf(name);
  const answer = async (words: string) => {
    await choose(options, chosen);
    await page.waitForSelector('#clashes');
    demand(
      (await page.textContent('#clashes'))?.includes(
        `1 picture has the name of another picture in ${dataset}.`,
      ) === true,
      `the page asks before it sends a picture whose name is taken (${words})`,
    );
    await page.click(`#clashes button:text-is("${words}")`);
    await page.waitForSelector('#dataset-title');
  };

  await answer('Skip');
  demand((await bytesOf(name)) === before, 'a picture that is skipped changes nothing');
  await answer('Keep both');
  const red = Buffer.from(await colorPicture('red')).toString('base64');
  demand(
    (await bytesOf(name)) === before && (await bytesOf(second)) === red,
    'both are kept: the new one gets a number',
  );
  await answer('Replace');
  demand((await bytesOf(name)) === red, 'a picture is replaced where somebody wants it');
  await choose(options, chosen);
  await page.waitForSelector('#dataset-title');
  demand(true, 'the same picture again is no question');
  await rm(chosen, { recursive: true });
}

async function reloadDuringUpload(options: UploadAgainOptions): Promise<void> {
  const { page, url, folder, demand } = options;
  const chosen = path.join(folder, 'broken-off');
  for (const label of ['red', 'green'] as const)
    for (let number = 0; number < 6; number++) {
      await mkdir(path.join(chosen, label), { recursive: true });
      await writeFile(path.join(chosen, label, `${number}.png`), await colorPicture(label));
    }
  // The store takes three pictures, and then is silent.
  let taken = 0;
  await page.route('**/*', (route) => {
    if (route.request().method() !== 'PUT' || ++taken <= 3) void route.continue();
  });
  const dataset = 'broken-off';
  await choose({ ...options, dataset }, chosen);
  await page.waitForSelector('#upload-progress');
  await until(page, `document.querySelector('#upload-progress').textContent.includes('3 of 12 pictures')`);
  const question = page.waitForEvent('dialog');
  void page.reload().catch(() => undefined);
  const dialog = await question;
  demand(dialog.type() === 'beforeunload', 'the browser asks before it leaves an upload');
  await dialog.accept();
  await page.unroute('**/*');
  await page.waitForSelector('.unfinished');
  demand(
    (await page.textContent('.unfinished'))?.includes(
      'The upload into broken-off stopped at 3 of 12 pictures',
    ) === true,
    'after a reload the page says where the upload stopped',
  );
  await choose({ ...options, dataset }, chosen);
  await page.waitForSelector('#dataset-title');
  await page.goto(`${url}/#/datasets`);
  await page.waitForSelector('#folder');
  demand((await page.locator('.unfinished').count()) === 0, 'an upload that went on to its end is not named');
}

async function joinClasses({ page, client, url, dataset, demand }: UploadAgainOptions): Promise<void> {
  // The first class has copies by now, which the page does not count.
  const [, from = '', to = ''] = SAMPLE_CLASSES;
  const countOf = async (label: string) =>
    (await client.datasets.filePage(dataset, { class: label, limit: 1000 })).data.length;
  await page.goto(`${url}/#/datasets/${dataset}`);
  await page.waitForSelector(`[data-class=${from}] summary`);
  const [renamed, other] = [await countOf(from), await countOf(to)];
  const answers = ['dismiss', 'accept'] as const;
  for (const answer of answers) {
    const asked = page.waitForEvent('dialog').then(async (dialog) => {
      await dialog[answer]();
      return dialog.message();
    });
    if ((await page.locator(`[data-class=${from}] details[open]`).count()) === 0)
      await page.click(`[data-class=${from}] summary`);
    await page.fill(`[data-class=${from}] .rename input`, to);
    await page.keyboard.press('Enter');
    demand(
      (await asked) === `There is a class ${to}. Join them? ${renamed} + ${other} pictures`,
      `a name that another class has is asked about (${answer})`,
    );
    if (answer === 'dismiss')
      demand((await countOf(from)) === renamed, 'two classes stay apart until somebody joins them');
  }
  await page.waitForSelector(`text=The class is now ${to}.`);
  demand((await countOf(to)) === renamed + other, 'two classes are joined where somebody wants it');
}
