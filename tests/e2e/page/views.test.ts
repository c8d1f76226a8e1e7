// What views show of things that change or vanish elsewhere, and what they keep while somebody goes to and fro.

import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { createClient, type FoveaClient } from '../../../client/create-client.ts';
import type { Report } from '../../../core/model/report.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { COLORS, type Color, colorPicture, commitColorModel } from '../../support/color-model.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { newJob } from '../../support/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

const PICTURES_OF_CLASS = 4;
const SMALLEST = 32;
/** Longer than the page waits until it asks again. */
const LATER_MS = 3200;
/** As many as the page shows at once. */
const CLASSES_OF_PAGE = 20;
const PICTURES_OF_PAGE = 60;
const AT_ONCE_MS = 500;

describe.skipIf(executablePath === undefined)('views of the page', () => {
  const store = createMemoryStore();
  let jobs: ReturnType<typeof createTestApp>['jobs'];
  let browser: Browser;
  let server: RunningServer;
  let client: FoveaClient;
  let page: Page;

  const show = async (view: string) => {
    await page.goto(`${server.url}/#/${view}`);
    await page.reload();
  };
  /** Stores a picture of a size of its own. */
  const put = async (color: Color, pixels: number) =>
    client.datasets.put('colors', `${color}/${pixels}.png`, await colorPicture(color, 'png', pixels));
  /** Looks at the tab again. @returns how often the page asked for the dataset at once. */
  const look = async (): Promise<number> => {
    let count = 0;
    const onRequest = (request: Request) => {
      if (new URL(request.url()).pathname === '/v1/datasets/colors') count++;
    };
    page.on('request', onRequest);
    await page.evaluate(`dispatchEvent(new Event('focus'))`);
    await delay(AT_ONCE_MS);
    page.off('request', onRequest);
    return count;
  };

  /** Commits a version of a model `judged` with a report, which may be changed. */
  const commitJudged = async (version: string, change: (report: Report) => Report = (report) => report) => {
    const input = makeReportInput({ classes: COLORS, test: 90, validation: 90, hasFolds: true, skill: 2 });
    const report = change(assembleReport({ ...input, version }));
    await store.put(keys.modelFile('judged', version, 'report.json'), JSON.stringify(report));
    const files = { file: 'report.json', page: 'report.html' };
    await commitColorModel(store, { model: 'judged', version, dataset: 'pets', report: files });
  };

  beforeAll(async () => {
    await commitColorModel(store);
    const test = createTestApp({ store });
    jobs = test.jobs;
    server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
    client = createClient({ url: server.url });
    for (const [at, color] of COLORS.entries())
      for (let number = 0; number < PICTURES_OF_CLASS; number++)
        await put(color, SMALLEST + at * PICTURES_OF_CLASS + number);
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    page = await browser.newPage();
    await page.goto(server.url);
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it('shows what changed elsewhere when somebody looks at the tab again, and keeps what is typed', async () => {
    await show('datasets/colors');
    const red = page.locator('[data-class=red]');
    // Rows are asked for as they come into view.
    await red.scrollIntoViewIfNeeded();
    await red.locator('.strip img').first().waitFor();
    await red.locator('summary').click();
    await red.locator('input').fill('half of a na');
    await put('red', 90);
    await delay(LATER_MS);
    await page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })`);
    expect(await look()).toBe(0);
    await page.evaluate('delete document.hidden');
    expect(await look()).toBe(1);
    await expect.poll(() => red.locator('.version').textContent()).toBe(`${PICTURES_OF_CLASS + 1} pictures`);
    expect(await page.evaluate('document.activeElement.value')).toBe('half of a na');
    expect(await look()).toBe(0);
  });

  it.each([
    ['datasets/nope', 'There is no such dataset', '#/datasets', ['Rename', 'Delete', 'Add more']],
    ['datasets/colors/nope', 'There is no class nope in colors', '#/datasets/colors', ['Remove', 'Select']],
    ['models/nope', 'There is no such model', '#/models', ['Use it in a program', 'Try it']],
    [
      'models/color?version=99',
      'no version 99 of color',
      '#/models/color',
      ['Use it in a program', 'Try it'],
    ],
    ['jobs/nope', 'There is no such training', '#/train', ['Cancel']],
  ])('says of #/%s what happened, offers nothing for it and leads on', async (view, said, on, without) => {
    await show(view);
    const card = page.locator('main section.card', { hasText: said });
    await card.waitFor();
    const body = (await page.textContent('main')) ?? '';
    expect(without.filter((words) => body.includes(words))).toEqual([]);
    await card.locator(`a.button[href="${on}"]`).click();
    await expect.poll(() => page.url()).toBe(`${server.url}/${on}`);
    await expect.poll(() => page.locator('main section.card', { hasText: said }).count()).toBe(0);
  });

  it('tries a photo and an estimate again by a button once the connection is back', async () => {
    await show('try');
    // A server that comes up is asked again without the button.
    await page.waitForSelector('#health.up');
    await page.route('**/predict*', (route) => route.abort());
    const buffer = Buffer.from(await colorPicture('green'));
    await page.setInputFiles('#file', { name: 'meadow.png', mimeType: 'image/png', buffer });
    await page.waitForSelector('#answer-error');
    await page.unroute('**/predict*');
    await page.click('#answer-error button');
    await expect.poll(() => page.textContent('#best-label')).toBe('green');

    await show('train');
    await page.waitForSelector('#health.up');
    await page.waitForSelector('#estimate .lead');
    await page.route('**/v1/fine_tuning/jobs*', (route) =>
      route.request().method() === 'POST' ? route.abort() : route.continue(),
    );
    await page.check('input[value=accurate]');
    await page.waitForSelector('#estimate [role=alert]');
    await page.unroute('**/v1/fine_tuning/jobs*');
    await page.click('#estimate [role=alert] button');
    await page.waitForSelector('#estimate .lead');
    expect(await page.locator('#estimate [role=alert]').count()).toBe(0);
  });

  it('offers no second try of a file that is refused', async () => {
    await show('try');
    const buffer = Buffer.from('no photo');
    await page.setInputFiles('#file', { name: 'a.txt', mimeType: 'text/plain', buffer });
    await page.waitForSelector('#answer-error');
    expect(await page.locator('#answer-error button').count()).toBe(0);
  });

  it('keeps what was chosen to train by for the way back', async () => {
    await show('train');
    await page.check('input[value=other]');
    await page.selectOption('label:has-text("Network") select', 'resnet50');
    await page.check('input[value=short]');
    await page.fill('#model-name', 'my-colors');
    await page.click('nav >> text=Models');
    await page.waitForSelector('#models');
    await page.goBack();
    await page.waitForSelector('#train-dataset');
    expect(await page.inputValue('#model-name')).toBe('my-colors');
    expect(await page.isChecked('input[value=short]')).toBe(true);
    await expect.poll(() => page.locator('label:has-text("Network") select').inputValue()).toBe('resnet50');
  });

  it('keeps the pages that were turned, of classes and of pictures, for the way back', async () => {
    const many = Array.from({ length: CLASSES_OF_PAGE + 2 }, (_, at) => `c${10 + at}`);
    for (const label of many)
      await client.datasets.put('many', `${label}/${label}.png`, await colorPicture('blue', 'png', 32));
    const last = many.at(-1) ?? '';
    for (let number = 0; number <= PICTURES_OF_PAGE; number++)
      await client.datasets.put('many', `${last}/${number}.png`, await colorPicture('blue', 'png', 40));
    await show('datasets/many');
    await page.click('text=Next page');
    await page.click(`[data-class=${last}] .strip`);
    await page.click('text=Next page');
    // The class has one picture more than was put into all at first.
    const rest = () => expect.poll(() => page.locator('#pictures li').count()).toBe(2);
    await rest();
    await page.click('nav >> text=Models');
    await page.waitForSelector('#models');
    await page.goBack();
    await rest();
    await page.click('text=Previous page');
    await page.waitForSelector('text=Page 1');
    await page.goBack();
    await page.waitForSelector(`[data-class=${last}]`);
    expect(await page.textContent('.pages')).toContain('Page 2');
  });

  it('says in its own words that the server does not answer, and nothing beside it of what was done before', async () => {
    await show('datasets/colors/red');
    page.on('dialog', (dialog) => void dialog.accept());
    await page.locator('#pictures input').first().check();
    await page.click('.bar >> text=Remove');
    await page.waitForSelector('text=1 picture removed.');
    await page.locator('#pictures input').first().check();
    await page.route('**/files/delete', (route) => route.abort());
    await page.click('.bar >> text=Remove');
    const alert = page.locator('main section [role=alert]');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^The server does not answer. Check that it runs/);
    expect(await page.locator('text=1 picture removed.').count()).toBe(0);
    await page.unroute('**/files/delete');
    // Somebody else removes it first.
    const path = (await page.getAttribute('#pictures img', 'title')) ?? '';
    await client.datasets.deleteFiles('colors', [path]);
    await page.click('.bar >> text=Remove');
    await expect
      .poll(() => alert.textContent())
      .toBe('Nothing was removed: the pictures are no longer there.');
    expect(await page.textContent('main')).not.toContain('0 pictures');
  });

  it.each([
    ['auto', 'solved at once'],
    ['short', 'choose the best of the rounds'],
    ['full', 'how far all layers are trained'],
  ])('says what pictures for validation are for with the effort %s', async (effort, said) => {
    await show('train');
    await page.selectOption('#train-dataset', 'colors');
    await page.check(`input[value=${effort}]`);
    await expect.poll(() => page.textContent('#estimate')).toContain(said);
  });

  it('says beside the verdict what takes from it, and leads to the labels to check', async () => {
    await commitJudged('1', (report) => ({
      ...report,
      dataset: { ...report.dataset, nearDuplicates: { ...report.dataset.nearDuplicates, acrossSplits: 1 } },
    }));
    await show('models/judged?version=1');
    await page.waitForSelector('#verdict');
    expect(await page.textContent('#verdict [data-about=estimates]')).toMatch(
      /On series it has not seen: \d+\.\d % \(\d+–\d+ %\)/,
    );
    expect(await page.textContent('#verdict .caution[data-about=copies]')).toContain(
      'results look better than they are',
    );
    expect(await page.textContent('#verdict [data-about=labels]')).toMatch(
      /^\d+ of \d+ labels that were checked look wrong\./,
    );
    await page.click('#verdict [data-about=labels] button');
    await expect.poll(async () => (await page.locator('#suspects-title').boundingBox())?.y).toBeLessThan(720);
  });

  it('keeps the threshold that was moved, and says what it was counted on', async () => {
    await commitJudged('2');
    await show('models/judged?version=2');
    await page.waitForSelector('#threshold');
    expect(await page.textContent('#threshold-effect')).toMatch(
      /It was chosen on 90 pictures held out of training, of which .* Counted on 90 test pictures/,
    );
    for (const share of [99, 100]) await page.fill('#threshold', String(share));
    await page.reload();
    await page.waitForSelector('#threshold');
    expect(await page.inputValue('#threshold')).toBe('100');
    expect(page.url()).toContain('version=2');
    await page.click('#threshold-back');
    expect(page.url()).not.toContain('threshold');
  });

  it('marks photos that may show none of the classes, and those without an answer', async () => {
    await commitColorModel(store, {
      model: 'unsure',
      calibration: { temperature: 1, rejectionThreshold: 0.9999 },
    });
    await show('try?model=unsure');
    await page.waitForSelector('#file', { state: 'attached' });
    const buffer = Buffer.from(await colorPicture('green'));
    await page.setInputFiles('#file', [
      { name: 'meadow.png', mimeType: 'image/png', buffer },
      { name: 'note.png', mimeType: 'image/png', buffer: Buffer.from('no photo') },
    ]);
    await expect
      .poll(() => page.locator('.several span').allTextContents())
      .toEqual(['Perhaps none of these', 'no answer']);
    await expect.poll(() => page.locator('.several i').allTextContents()).toEqual(['note.png']);
    expect(await page.locator('#answer .best').allTextContents()).toEqual([
      'Perhaps none of these',
      expect.stringMatching(/^green/),
    ]);
    expect(await page.textContent('.rejected')).toContain('is below the threshold of 99.99 %');
    expect(await page.textContent('.timing')).toMatch(/^Answered in \d+ ms\.$/);
  });

  it('says why a version is trained and not used, and lets it be compared and used', async () => {
    const { id } = await jobs.create(newJob({ model: 'color', dataset: 'colors' }));
    await client.models.promote('color', { version: '1' });
    await commitColorModel(store, { version: '2', jobId: id });
    await jobs.appendEvent(id, {
      level: 'info',
      type: 'message',
      message: 'Version 1 stays live.',
      data: { promoted: false, reason: 'worse', model: 'color', model_version: '2', live_version: '1' },
    });
    for (const status of ['queued', 'running', 'succeeded'] as const)
      await jobs.update(id, (job) => ({ ...job, status }));
    const said =
      'Version 2 is trained and not used, because it is right on fewer pictures than the live version, of those that neither was trained on. ' +
      'Version 1 stays in use.';
    for (const view of [`jobs/${id}`, 'models/color']) {
      await show(view);
      await page.waitForSelector('#not-used');
      expect(await page.textContent('#not-used p')).toBe(said);
      expect(await page.getAttribute('#not-used a', 'href')).toBe('#/models/color/compare?versions=1%2C2');
    }
    await page.click('#not-used button');
    await page.waitForSelector('text=Version 2 is in use now.');
    await page.waitForSelector('#not-used', { state: 'detached' });
    expect((await client.models.get('color')).version).toBe('2');
  });
});
