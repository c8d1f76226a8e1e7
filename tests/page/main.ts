// The page as a first-time user works with it, in Chromium, on a server of this machine with a trainer: drop a folder, mend a finding, train,
// watch, read the verdict, try a photo, put another version into use. At the width of a phone and of a screen, light and dark, once by
// keyboard alone, and with axe in each view.
//
//   npm run test:page -- [--only PART]... [--screenshots FOLDER]
//
// The part `look`, of which the screenshots are, needs what `walk` and `judge` make.

import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { drawSampleDataset, SAMPLE_CLASSES } from '../../cli/sample-dataset/draw-sample-dataset.ts';
import { createClient } from '../../client/create-client.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { COLORS, commitColorModel } from '../support/color-model.ts';
import { findBarriers } from '../support/find-barriers.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../support/find-chromium.ts';
import { demand, problems, until } from './demand.ts';
import { hardTimes } from './hard-times.ts';
import { JUDGED, MANY, makeJudgedModels, makeManyClasses, makePlainModel } from './judged-models.ts';
import { lookAtReport } from './look-at-report.ts';
import { LONG_TASK_MS, ourTasks } from './our-tasks.ts';
import { followRename } from './renamed-dataset.ts';
import { sortPictures } from './sort-pictures.ts';
import { CAMERA_ARGS, tryPhotos } from './try-photos.ts';
import { uploadAgain } from './upload-again.ts';
import { walkWithKeys } from './with-keys.ts';

/** A model whose versions learned from several datasets. */
const OLDER = 'older';
const TRAIN_MS = 180_000;
const PHONE = { width: 375, height: 740 };
const SCREEN = { width: 1280, height: 860 };
/** Elements of a view at most, whatever the dataset holds. */
const MOST_ELEMENTS = 1500;
const MANY_PICTURES = 5000;
const PICTURES_OF_CLASS = 24;
const PAGES_TURNED = 3;
const SCROLL_MS = 150;

const { values } = parseArgs({
  options: { screenshots: { type: 'string' }, only: { type: 'string', multiple: true } },
});
const executablePath = findChromium();
if (executablePath === undefined) throw new Error(NO_CHROMIUM);

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-page-'));
const pictures = path.join(folder, 'shapes');
const dataDir = path.join(folder, 'data');
const server = await startLocalServer({
  dataDir,
  host: '127.0.0.1',
  port: 0,
  version: '0.0.0',
  keepsFeedback: true,
  logger: silentLogger,
});
const client = createClient({ url: server.url });
let browser: Browser | undefined;
/** The page that was opened last. */
let last: Page | undefined;
try {
  await draw(pictures, PICTURES_OF_CLASS);
  browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS, ...CAMERA_ARGS] });
  const report = async (from: Browser) => lookAtReport(from, await reportOf('shapes'), demand);
  const renamed = (from: Browser) => followRename(from, folder);
  const keyed = (from: Browser) => walkWithKeys(from, folder);
  for (const [name, part] of Object.entries({
    walk,
    walkByKeyboard,
    judge,
    judgeMany,
    compareVersions,
    planNetwork,
    photos,
    keyed,
    renamed,
    look,
    report,
    sort,
    again,
    endure,
    lookAtMany,
  }))
    if (values.only === undefined || values.only.includes(name)) await part(browser);
} catch (error) {
  problems.push(`${String(error)}\nThe page says: ${await sayOf(last)}`);
} finally {
  await browser?.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(`${problems.length} problems:\n${problems.join('\n')}`);
  process.exitCode = 1;
}

async function open(from: Browser, options: Parameters<Browser['newContext']>[0]): Promise<Page> {
  const context = await from.newContext(options);
  const page = await context.newPage();
  last = page;
  page.on('pageerror', (error) => problems.push(`the page threw ${String(error)}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url()))
      problems.push(`the page asked ${request.url()}`);
  });
  await page.goto(server.url);
  return page;
}

/** What a page shows, for whoever looks for the reason of a failure. */
async function sayOf(page: Page | undefined): Promise<string> {
  return (await page?.innerText('body', { timeout: 1000 }).catch(() => undefined)) ?? 'nothing';
}

/** The whole way with a mouse. */
async function walk(from: Browser): Promise<void> {
  const page = await open(from, { viewport: SCREEN });
  await page.waitForSelector('#folder');
  // A copy in another class, which the inspection finds, and a file that is no picture.
  const [first = '', second = ''] = SAMPLE_CLASSES;
  const [picture = ''] = await readdir(path.join(pictures, first));
  await copyFile(path.join(pictures, first, picture), path.join(pictures, second, `copy-${picture}`));
  await writeFile(path.join(pictures, first, 'notes.txt'), 'no picture');
  await page.setInputFiles('#folder', pictures);
  await page.waitForSelector('#dataset-name');
  demand((await page.inputValue('#dataset-name')) === 'shapes', 'a folder gives the dataset its name');
  demand(
    (await page.textContent('.left-out'))?.includes('no picture') === true,
    'a file that is no picture is named with the reason',
  );
  await page.click('form.plan button');
  await page.waitForSelector('#classes .class-row', { timeout: 20000 });
  demand(page.url().endsWith('#/datasets/shapes'), 'the upload leads to the dataset');
  await page.waitForSelector('[data-code=duplicate-across-classes] img');
  await page.click('[data-code=duplicate-across-classes] >> text=Keep as it is');
  await page.waitForSelector('[data-code=duplicate-across-classes]', { state: 'detached' });
  await page.reload();
  await page.click('#kept summary');
  demand(
    (await page.locator('[data-code=duplicate-across-classes]').count()) === 0,
    'a finding that is kept is not asked again after a reload',
  );
  await page.click('#kept button');
  await page.waitForSelector('[data-code=duplicate-across-classes] img');
  demand((await page.locator('#kept').count()) === 0, 'a finding that was kept is asked again by a button');
  page.once('dialog', (dialog) => void dialog.accept());
  await page.click(`[data-code=duplicate-across-classes] >> [aria-label="Remove ${second}/copy-${picture}"]`);
  await page.waitForSelector('text=1 picture removed.');
  await page.waitForSelector('[data-code=duplicate-across-classes]', { state: 'detached' });
  demand(true, 'a finding is mended by a button');

  await page.click('text=Train a model');
  await page.waitForSelector('#estimate .lead');
  await page.check('input[value=simple]');
  await page.check('input[value=short]');
  await page.waitForSelector('#estimate[aria-busy=false] .lead');
  demand(
    (await page.textContent('#estimate'))?.includes('second') === true,
    'an estimate stands beside the choices',
  );
  const modelSize = await page.textContent('#model-size');
  demand(/about \d\S* [kM]B/.test(modelSize ?? ''), `it says how large the model will be: ${modelSize}`);
  await page.click('#start');
  await page.waitForSelector('#live');
  await page.waitForSelector('#curves path.curve', { timeout: TRAIN_MS });
  demand(true, 'curves are drawn while it trains');
  await page.waitForSelector('#job-end', { timeout: TRAIN_MS });
  await page.waitForSelector('#sheet');
  const sheet = Number(
    await page.evaluate(`document.querySelector('#sheet').decode().then(() => sheet.naturalWidth)`),
  );
  demand(sheet > 100, `the contact sheet of augmented pictures is ${sheet} px wide`);
  demand(
    /pictures a second/.test((await page.textContent('#job-end')) ?? ''),
    'the end says how fast it was',
  );
  demand((await page.textContent('#job-end'))?.includes('The model is ready') === true, 'the end is said');
  await page.click('text=See how good it is');
  await page.waitForSelector('#verdict');
  demand(
    (await page.textContent('#verdict'))?.includes('Of 100 new pictures') === true,
    'the verdict comes in words',
  );
  await page.waitForSelector('#confusion td');

  await page.click('text=Try it');
  await page.setInputFiles('#file', path.join(pictures, first, picture));
  await page.waitForSelector('#best-label');
  demand((await page.textContent('#bars'))?.includes('%') === true, 'a photo is answered with bars');
  await page.check('#explain');
  await page.waitForSelector('#nearest img');
  demand(
    (await page.locator('#nearest li').count()) === 6,
    'the training pictures that are most alike are shown',
  );
  await page.click('details.feedback summary');
  await page.selectOption('details.feedback select', first);
  await page.check('details.feedback input[type=checkbox]');
  await page.click('details.feedback button');
  await page.waitForSelector('text=Thank you.');
  demand(true, '"that is wrong" keeps the photo for training');
  await page.context().close();
}

async function draw(into: string, imagesPerClass: number): Promise<void> {
  const write = async (file: string, bytes: Uint8Array) => {
    await mkdir(path.dirname(path.join(into, file)), { recursive: true });
    await writeFile(path.join(into, file), bytes);
  };
  await drawSampleDataset(write, { imagesPerClass, seed: 1 });
}

/** The page of a model's report. */
async function reportOf(model: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/models/${model}/report?format=html`);
  return response.text();
}

/** The first entries of a list. */
async function take<T>(list: AsyncIterable<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const entry of list) {
    taken.push(entry);
    if (taken.length === most) break;
  }
  return taken;
}

/** Another version, and its promotion, without a mouse. */
async function walkByKeyboard(from: Browser): Promise<void> {
  const page = await open(from, { viewport: SCREEN });
  await page.waitForSelector('#try-title');
  await tabTo(page, 'Train');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#train-dataset');
  await tabTo(page, 'simple');
  // Radios of a group are one stop; arrows choose.
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press('ArrowDown');
  await page.waitForSelector('#estimate[aria-busy=false] .lead');
  await tabTo(page, 'Start training');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#job-end', { timeout: TRAIN_MS });
  await tabTo(page, 'See how good it is');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#versions li');
  const { version: before } = await client.models.get('shapes');
  const rows = await page.locator('#versions li').count();
  demand(rows === 2, 'a second training makes a second version');
  await tabTo(page, 'Use this one');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=is in use now.');
  const { version: after } = await client.models.get('shapes');
  demand(before !== after, 'a version is put into use by keyboard alone');
  await page.context().close();
}

/** What a report says, with a threshold to move and pictures to look at. */
async function judge(from: Browser): Promise<void> {
  await makeJudgedModels(dataDir);
  const page = await open(from, { viewport: SCREEN });
  await page.goto(`${server.url}/#/models/${JUDGED}?version=1`);
  await page.waitForSelector('#threshold');
  const said = () => page.textContent('#threshold-effect');
  const before = await said();
  demand(before?.includes('of 100 pictures') === true, 'a threshold has its consequences in words');
  await page.focus('#threshold');
  await page.keyboard.press('End');
  demand(
    (await said())?.includes('of 100 pictures 100 are set aside, and 0') === true,
    'the highest threshold sets all aside',
  );
  demand(
    /of 100 pictures \d+ more are set aside, and \d+ fewer are wrong/.test((await said()) ?? ''),
    'the change is said',
  );
  await page.click('#threshold-back');
  await page.waitForSelector('#threshold-back', { state: 'detached' });
  demand((await said()) === before, 'the threshold of the model comes back');
  const counts = await page.locator('#reliability .count').allTextContents();
  const { accuracy } = (await client.models.report(`${JUDGED}:1`)).results ?? {};
  const counted = counts.reduce((sum, count) => sum + Number(count), 0);
  demand(counted === accuracy?.trials, `the bars of the reliability diagram count ${counted} pictures`);

  const [, trust = ''] =
    /Can its scores be trusted\?<\/h2><p>(.*?)<\/p>/.exec(await reportOf(`${JUDGED}:1`)) ?? [];
  demand(
    (await page.textContent('#score-trust')) === trust.replace(/<[^>]*>/g, '').replaceAll('&#39;', "'"),
    'page and report say the same of the scores',
  );

  const cell = page.locator('#confusion .wrong button').first();
  const count = Number(await cell.textContent());
  await cell.click();
  await page.waitForSelector('#cell img');
  const shown = await page.locator('#cell img').count();
  demand(shown === count, `a cell of ${count} mistakes opens ${shown} pictures`);

  const left = async () =>
    Number(/(\d+) of \d+ labels/.exec((await page.textContent('section:has(#suspects)')) ?? '')?.[1]);
  const toCheck = await left();
  await page.locator('#suspects button.small').first().click();
  await page.waitForSelector('text=stays as it is.');
  await page.reload();
  await page.waitForSelector('#suspects li');
  demand((await left()) === toCheck - 1, `of ${toCheck} labels to check one fewer is left after it is kept`);
  const { suspected_labels: suspects } = await client.models.report(`${JUDGED}:1`);
  const suspect = suspects.pictures[1]?.key.slice(`datasets/${JUDGED}/`.length) ?? '';
  const other = COLORS.find((color) => !suspect.includes(color)) ?? '';
  await client.datasets.move(JUDGED, [suspect], other);
  // A browser that has not seen the picture at its old place.
  const fresh = await open(from, { viewport: SCREEN });
  await fresh.goto(`${server.url}/#/models/${JUDGED}?version=1`);
  // Pictures are asked for as they come into view.
  await fresh.locator('#suspects li').first().hover();
  await fresh.waitForSelector(`text=/^.*\\b${toCheck - 2} of \\d+ labels/`);
  demand(
    (await fresh.locator(`#suspects [aria-label$="${suspect}"]`).count()) === 0 &&
      (await fresh.locator('#suspects .gone').count()) === 0,
    'a picture that was moved to another class counts as checked, also in a new tab',
  );
  const { results } = await client.models.report(`${JUDGED}:1`);
  const mistake = [...(results?.mistakes ?? []), ...(results?.more_mistakes ?? [])].find(
    ({ key }) => key === suspects.pictures[1]?.key,
  );
  // Before each there is one more, from 1: the label of the row.
  const [row, column] = [Number(mistake?.label) + 1, Number(mistake?.predicted) + 2];
  await fresh.click(`#confusion tbody tr:nth-child(${row}) > :nth-child(${column}) button`);
  await fresh.locator(`#cell [aria-label$="${path.basename(suspect)}"]`).scrollIntoViewIfNeeded();
  await fresh.waitForSelector('#cell .moved');
  demand(
    (await fresh.textContent('#cell li:has(.moved)'))?.includes(`${other}/${path.basename(suspect)}`) ===
      true && (await fresh.locator('#cell .gone').count()) === 0,
    'a picture that was moved is shown at its new place',
  );
  await fresh.context().close();
  await page.click('#suspects-title ~ a');
  await page.waitForSelector('#train-dataset');
  demand(
    (await page.inputValue('#train-dataset')) === JUDGED,
    'the labels to check lead to another training',
  );
  await page.context().close();
}

/** A model of many classes and one version, whose pictures are gone. */
async function judgeMany(from: Browser): Promise<void> {
  await makeManyClasses(dataDir);
  const page = await open(from, { viewport: SCREEN });
  await page.goto(`${server.url}/#/models/${MANY}`);
  await page.waitForSelector('#confusions li');
  demand((await page.title()) === `Model · ${MANY} · Fovea`, 'the title of the tab names the view');
  demand((await page.locator('#roll-back').count()) === 0, 'one version has none before it');
  const matrix = (await client.models.report(MANY)).results?.confusion_matrix ?? [];
  const mistakes = matrix.flatMap((row, actual) => row.filter((_, predicted) => predicted !== actual));
  while ((await page.locator('#more-confusions').count()) > 0) await page.click('#more-confusions');
  const counts = await page.locator('#confusions button').allTextContents();
  const sum = (some: readonly number[]) => some.reduce((total, count) => total + count, 0);
  demand(sum(counts.map(Number)) === sum(mistakes), `the list holds all ${sum(mistakes)} mistakes`);
  const inMatrix = sum((await page.locator('#confusion .wrong button').allTextContents()).map(Number));
  const rows = await page.locator('#confusion tbody tr').count();
  demand(
    rows === 20 && inMatrix > (sum(mistakes) * 4) / 9,
    `${rows} rows of the matrix hold ${inMatrix} mistakes, more than their share`,
  );
  await page.locator('#confusions button').first().click();
  // Pictures are asked for where they come into view.
  await page.locator('#cell').scrollIntoViewIfNeeded();
  await page.waitForSelector('#cell .gone');
  demand(
    /moved or removed since/.test((await page.textContent('#cell .gone')) ?? ''),
    'a picture that is gone is said to be',
  );
  await page.locator('#suspects').scrollIntoViewIfNeeded();
  await page.waitForSelector('#suspects .gone');
  demand((await page.locator('#suspects .gone + *').count()) === 0, 'it cannot be moved');
  page.once('dialog', (dialog) => void dialog.accept());
  await page.click('text=Delete the model');
  await page.waitForSelector('#models-title');
  const left = await take(client.models.list(), 100);
  demand(
    left.every(({ id }) => id !== MANY),
    'a model is deleted',
  );
  await page.context().close();
}

/** Two versions on the same pictures, and which of them answers. */
async function compareVersions(from: Browser): Promise<void> {
  await makeJudgedModels(dataDir);
  await client.models.promote(JUDGED, { version: '1' });
  await client.models.promote(JUDGED, { version: '2', share: 0.1 });
  const page = await open(from, { viewport: SCREEN });
  await page.goto(`${server.url}/#/models/${JUDGED}`);
  await page.click('text=Side by side');
  await page.waitForSelector('#comparison');
  const verdict = await page.textContent('#compare-verdict');
  demand(
    /Version 2 is right on 23 pictures more than version 1\./.test(verdict ?? ''),
    'the better version is named',
  );
  demand(
    (await page.textContent('#comparison'))?.includes('gets 10.0 % of the predictions') === true,
    'the share of a canary is shown',
  );
  const { differing } = await client.models.compare(JUDGED, ['1', '2']);
  await page.waitForSelector('#differing img');
  const shown = await page.locator('#differing img').count();
  demand(shown === Math.min(24, differing?.length ?? 0), `${shown} pictures on which they differ are shown`);
  const live = async () =>
    (await client.models.aliases(JUDGED)).find(({ alias }) => alias === 'live')?.version;
  await page.click('text=End the trial');
  await page.waitForSelector('#comparison :text("of the predictions")', { state: 'detached' });
  demand((await live()) === '1', 'a canary is ended');
  await page.click('[aria-label="Use this one: version 2"]');
  await page.waitForSelector('text=Version 2 is in use now.');
  demand((await live()) === '2', 'a version is put into use beside the other');
  await page.click('#roll-back');
  await page.waitForSelector('text=Version 1 is in use now.');
  demand((await live()) === '1', 'it is taken back');
  await page.context().close();
}

/** Photos of all kinds, with all that the view says of them. */
async function photos(from: Browser): Promise<void> {
  await makeJudgedModels(dataDir);
  await makePlainModel(dataDir);
  const page = await open(from, { viewport: SCREEN });
  await tryPhotos(page, client);
  await page.context().close();
}

/** What a network takes, before it runs. */
async function planNetwork(from: Browser): Promise<void> {
  const page = await open(from, { viewport: SCREEN });
  await page.goto(`${server.url}/#/train`);
  await page.click('text=What networks need');
  await page.waitForSelector('#gpus');
  await page.selectOption('#plan-network', 'vgg16');
  await page.waitForSelector('#plan:has-text("parameters, 5")');
  await page.fill('#plan-batch', '4096');
  await page.fill('#plan-pixels', '256');
  await page.click('form.plan-form button');
  await page.waitForSelector('#gpus .failed');
  const body = { model: 'vgg16', batch_size: 4096, classes: 10, input_size: { height: 256, width: 256 } };
  const plan = await client.plan(body);
  demand(
    (await page.textContent('#plan'))?.includes(plan.parameters.total.toLocaleString('en')) === true,
    'the parameters of the network are those of the API',
  );
  const none = await page.locator('#gpus .failed').count();
  demand(
    none === plan.gpus.filter(({ fits }) => !fits).length,
    `${none} GPUs do not have the memory for the batch`,
  );
  demand((await page.textContent('#gpus'))?.includes('US$') === true, 'each GPU has its price');
  demand(
    (await page.locator('#layers tbody tr').count()) === plan.layers.length,
    'each layer has its bytes in a table',
  );
  demand((await page.locator('#stages progress').count()) > 5, 'each stage has a bar');
  await page.reload();
  await page.waitForSelector('#gpus .failed');
  demand((await page.inputValue('#plan-batch')) === '4096', 'the address keeps what was asked');
  await page.context().close();
}

/** Presses Tab until what has the focus says so. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    const focused = String(
      await page.evaluate(
        'document.activeElement?.textContent || document.activeElement?.closest("label, fieldset")?.parentElement?.innerHTML',
      ),
    );
    if (focused.includes(text)) return;
  }
  throw new Error(`No element with "${text}" is reached by Tab.`);
}

/** The views, by their address behind "#/". */
async function viewsOf(): Promise<readonly string[]> {
  const [first = ''] = SAMPLE_CLASSES;
  const [job] = await take(client.jobs.list({ pageSize: 1 }), 1);
  return [
    'datasets',
    'datasets/shapes',
    `datasets/shapes/${first}`,
    'train',
    `jobs/${job?.id ?? ''}`,
    'models',
    'models/shapes',
    `models/${JUDGED}`,
    `models/${JUDGED}/compare`,
    'plan',
    'try',
  ];
}

/** Each view at both widths, in both color schemes. */
async function look(from: Browser): Promise<void> {
  const views = await viewsOf();
  for (const viewport of [PHONE, SCREEN]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open(from, { viewport, colorScheme, reducedMotion: 'reduce' });
      for (const view of views) {
        await page.goto(`${server.url}/#/${view}`);
        await page.waitForSelector('h1');
        await page.waitForLoadState('networkidle');
        const name = `${view.replace(/ftjob-.*/, 'ID')} at ${viewport.width} px, ${colorScheme}`;
        demand((await page.locator('[role=alert]').count()) === 0, `no failure in ${name}`);
        const barriers = await findBarriers(page);
        demand(
          barriers.length === 0,
          `no barrier in ${name}${barriers.map((barrier) => `\n  ${barrier}`).join('')}`,
        );
        const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
        demand(width <= viewport.width, `${name} is ${width} px wide`);
        if (values.screenshots === undefined) continue;
        await mkdir(values.screenshots, { recursive: true });
        await until(
          page,
          '[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)',
        );
        const file = `${view.replace(/\/ftjob-.*/, '').replaceAll('/', '-')}-${viewport.width}-${colorScheme}.webp`;
        await sharp(await page.screenshot()).toFile(path.join(values.screenshots, file));
      }
      await page.context().close();
    }
  }
}

/** Pictures change their class, by mouse and by keyboard. */
async function sort(from: Browser): Promise<void> {
  const dataset = 'sorted';
  await draw(path.join(server.datasetsDir, dataset), PICTURES_OF_CLASS);
  const page = await open(from, { viewport: SCREEN });
  await sortPictures({ page, client, url: server.url, dataset, tabTo, demand });
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  // The newest version learned from another dataset.
  await commitColorModel(store, { model: OLDER, version: '1', dataset });
  await commitColorModel(store, { model: OLDER, version: '2', dataset: 'another' });
  await renameAndDelete(page, dataset);
  await page.context().close();
}

/** A dataset gets another name, and goes. */
async function renameAndDelete(page: Page, dataset: string): Promise<void> {
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void dialog.accept();
  });
  await page.goto(`${server.url}/#/datasets/${dataset}`);
  const rename = async (name: string) => {
    await page.click('#rename-dataset summary');
    await page.fill('#rename-dataset input', name);
    await page.click('#rename-dataset button');
  };
  await rename('no/name');
  await page.waitForSelector(
    '#rename-dataset:has([aria-invalid=true]) .problem:has-text("does not begin with a dot")',
  );
  demand(true, 'what the API refuses is said in words of the page');
  await page.fill('#rename-dataset input', `${dataset}-2`);
  await page.click('#rename-dataset button');
  await page.waitForSelector(`#dataset-title:text-is("${dataset}-2")`);
  await page.waitForSelector('#classes .class-row');
  demand(asked.at(-1)?.includes(`Rename ${dataset} to ${dataset}-2?`) === true, 'a dataset is renamed');
  demand(
    asked.at(-1)?.includes(OLDER) === true,
    'a model is named of which an earlier version learned from it',
  );
  await page.click('text=Delete the dataset');
  await page.waitForSelector('#datasets-title');
  demand(
    asked.at(-1)?.includes(`Delete ${dataset}-2 with all its pictures for good?`) === true,
    'a dataset is deleted once somebody is sure',
  );
  const left = await take(client.datasets.list(), 100);
  demand(!left.some((one) => one.dataset.startsWith(dataset)), 'it is gone');
}

/** Pictures are added to a dataset that is there. */
async function again(from: Browser): Promise<void> {
  const dataset = 'again';
  await draw(path.join(server.datasetsDir, dataset), PICTURES_OF_CLASS);
  const page = await open(from, { viewport: SCREEN });
  await uploadAgain({ page, client, url: server.url, dataset, folder, demand });
  await page.context().close();
}

/** A server that is away, slow, or closed to a key. */
async function endure(from: Browser): Promise<void> {
  const operator = 'operator-of-the-page-test';
  const locked = await startLocalServer({
    dataDir: path.join(folder, 'locked'),
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    logger: silentLogger,
    apiKeys: async () => ({ operator }),
  });
  try {
    const { secret } = await createClient({ url: locked.url, key: operator }).keys.create({
      name: 'app',
      scopes: ['predict'],
    });
    await hardTimes({
      browser: from,
      url: server.url,
      views: await viewsOf(),
      locked: { url: locked.url, key: secret },
      demand,
    });
  } finally {
    await locked.stop();
  }
}

/** A large dataset has no large page. */
async function lookAtMany(from: Browser): Promise<void> {
  const [first = ''] = SAMPLE_CLASSES;
  await draw(path.join(server.datasetsDir, 'many'), Math.ceil(MANY_PICTURES / SAMPLE_CLASSES.length));
  const page = await open(from, { viewport: SCREEN });
  for (const view of ['datasets/many', `datasets/many/${first}`]) {
    await page.goto(`${server.url}/#/${view}`);
    await page.waitForSelector(view.endsWith('many') ? '#findings-title' : '#pictures img', {
      timeout: TRAIN_MS,
    });
    await page.waitForLoadState('networkidle');
    const count = Number(await page.evaluate('document.querySelectorAll("*").length'));
    demand(count < MOST_ELEMENTS, `${view} of ${MANY_PICTURES} pictures has ${count} elements`);
    const [longest = 0] = await ourTasks(from, page, '/page.js', () => scroll(page));
    demand(
      longest > 0 && longest < LONG_TASK_MS,
      `the longest task of the page while ${view} scrolls takes ${longest.toFixed(1)} ms`,
    );
  }
  await page.context().close();
}

/** Down and up, then through some pages where there are pages. */
async function scroll(page: Page): Promise<void> {
  const next = page.locator('.pages button').last();
  for (let turn = 0; turn < PAGES_TURNED; turn++) {
    await page.mouse.move(SCREEN.width / 2, SCREEN.height / 2);
    for (const way of [1, 1, 1, -1, -1, -1]) {
      await page.mouse.wheel(0, way * SCREEN.height);
      await page.waitForTimeout(SCROLL_MS);
    }
    if ((await next.count()) === 0) continue;
    const before = await page.textContent('.pages span');
    await next.click();
    await page.waitForFunction(
      `document.querySelector('.pages span').textContent !== ${JSON.stringify(before)}`,
    );
    await page.waitForSelector('#pictures img');
  }
}
