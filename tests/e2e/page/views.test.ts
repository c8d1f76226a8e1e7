// What views show of things that change or vanish elsewhere, and what they keep while somebody goes to and fro.

import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Dialog, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_NAME_MAX_LENGTH } from '../../../api/model-name.ts';
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
/** Of a telephone. */
const NARROW = { width: 360, height: 740 };
/** As long as names may be that people see in sentences. */
const LONG = 'long'.repeat(45);
/** As many as the page shows at once. */
const CLASSES_OF_PAGE = 20;
const PICTURES_OF_PAGE = 60;
const AT_ONCE_MS = 500;
/** What does not appear by then never does. */
const MOST_WAIT_MS = 10_000;

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
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(MOST_WAIT_MS);
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

  it('asks and sends once for a button that is pressed twice', async () => {
    const sent: string[] = [];
    const onRequest = (request: Request) => {
      if (request.method() === 'POST') sent.push(new URL(request.url()).pathname);
    };
    for (const [at, label] of ['old', 'rest'].entries())
      await client.datasets.put('twice', `${label}/1.png`, await colorPicture('red', 'png', 50 + at));
    await show('datasets/twice');
    page.on('request', onRequest);
    const field = page.locator('[data-class=old] input');
    await page.click('[data-class=old] summary');
    await field.fill('new');
    const pressTwice = (selector: string, press: string) =>
      page.evaluate(
        `for (const one of [1, 2].map(() => document.querySelector(${JSON.stringify(selector)}))) one.${press}()`,
      );
    await pressTwice('[data-class=old] form', 'requestSubmit');
    await page.waitForSelector('[data-class=new]');
    expect(await page.textContent('main .done')).toBe('The class is now new.');
    const { id } = await jobs.create(newJob({ model: 'twice', dataset: 'twice' }));
    await show(`jobs/${id}`);
    await page.waitForSelector('.actions button.danger');
    await pressTwice('.actions button.danger', 'click');
    await page.waitForSelector('#job-end');
    page.off('request', onRequest);
    expect(await page.textContent('section:has(#sheet-title)')).toContain(
      'ended before the network began to learn',
    );
    expect(sent.filter((path) => /rename|cancel/.test(path))).toHaveLength(2);
    expect(sent.filter((path) => path.endsWith('/cancel'))).toHaveLength(1);
  });

  it('shows at once what another tab changed, and after a refusal what is there', async () => {
    for (const version of ['1', '2', '3']) await commitColorModel(store, { model: 'tabs', version });
    const other = await page.context().newPage();
    try {
      for (const tab of [page, other]) await tab.goto(`${server.url}/#/models/tabs`);
      const versions = (tab: Page) => tab.locator('#versions li').count();
      for (const tab of [page, other]) await expect.poll(() => versions(tab)).toBe(3);
      other.on('dialog', (dialog) => void dialog.accept());
      await other.click('[aria-label="Delete version 1"]');
      await expect.poll(() => versions(page)).toBe(2);
      // Not by a tab.
      await client.models.delete('tabs:2');
      await page.click('[aria-label="Use this one: version 2"]');
      await expect.poll(() => versions(page)).toBe(1);
      expect(await page.textContent('main section [role=alert]')).toContain('no version');
    } finally {
      await other.close();
    }
  });

  it('asks for the present numbers before classes are joined, and says at the field what a name may be', async () => {
    for (const [at, label] of ['one', 'two'].entries())
      await client.datasets.put('joined', `${label}/1.png`, await colorPicture('red', 'png', 60 + at));
    await show('datasets/joined');
    await page.click('[data-class=one] summary');
    const field = page.locator('[data-class=one] input');
    await field.fill('a/b');
    await field.press('Enter');
    await expect.poll(() => page.textContent('[data-class=one] .hint')).toContain('no slash');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('main [role=alert]').count()).toBe(0);
    await client.datasets.put('joined', 'two/2.png', await colorPicture('blue', 'png', 60));
    await field.fill('two');
    const dialogs: string[] = [];
    page.once('dialog', (dialog) => {
      dialogs.push(dialog.message());
      // Another listener may have answered.
      dialog.accept().catch(() => undefined);
    });
    await field.press('Enter');
    await expect.poll(() => dialogs.join()).toContain('1 + 2 pictures');
    await page.waitForSelector('[data-class=one]', { state: 'detached' });
  });

  it('does not offer to delete a dataset that a training uses', async () => {
    await client.datasets.put('used', 'one/1.png', await colorPicture('red', 'png', 60));
    const { id } = await jobs.create(newJob({ model: 'user', dataset: 'used' }));
    await show('datasets/used');
    const dialogs: string[] = [];
    const onDialog = (dialog: Dialog) => void dialogs.push(dialog.message());
    page.on('dialog', onDialog);
    await page.click('text=Delete the dataset');
    await page.waitForSelector('main [role=alert] >> text=Trainings use used, and have to end first: user.');
    page.off('dialog', onDialog);
    expect(dialogs).toEqual([]);
    await jobs.update(id, (job) => ({ ...job, status: 'cancelled' }));
  });

  it.each(['nonsense', 'compare', 'models/color/nonsense'])(
    'says that there is no view #/%s',
    async (view) => {
      await show(view);
      await page.waitForSelector(`#no-view h1 >> text=There is no view #/${view}.`);
      expect(await page.locator('#no-view a').getAttribute('href')).toBe('#/');
      expect(await page.locator('#datasets').count()).toBe(0);
    },
  );

  it('wraps long names on a narrow screen', async () => {
    const model = 'm'.repeat(MODEL_NAME_MAX_LENGTH);
    await client.datasets.put(LONG, `${LONG}/1.png`, await colorPicture('red', 'png', 60));
    await client.datasets.put(LONG, `${LONG}/copy-${LONG}.png`, await colorPicture('red', 'png', 60));
    await commitColorModel(store, { model, version: '1' });
    const { id } = await jobs.create(newJob({ model, dataset: LONG }));
    await page.setViewportSize(NARROW);
    const wide: string[] = [];
    const views = [
      'datasets',
      `datasets/${LONG}`,
      `datasets/${LONG}/${LONG}`,
      'train',
      `train?dataset=${LONG}`,
      `jobs/${id}`,
      'models',
      `models/${model}`,
      `try?model=${model}`,
    ];
    for (const view of views) {
      await show(view);
      await page.waitForSelector('main section');
      await delay(AT_ONCE_MS);
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
      if (width > NARROW.width) wide.push(`${view}: ${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 720 });
    await jobs.update(id, (job) => ({ ...job, status: 'cancelled' }));
    expect(wide).toEqual([]);
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
    await jobs.update(id, (job) => ({ ...job, startedAt: 100, finishedAt: 160 }));
    await show(`jobs/${id}`);
    await page.waitForSelector('#job-took');
    expect(await page.textContent('#job-took')).toBe('Took 1 minute');
    await show('models/color?version=2');
    await page.waitForSelector('#no-report code');
    expect(await page.textContent('#no-report code')).toBe('fovea evaluate color:2 DATASET');
    await show('models/color');
    await page.waitForSelector('#not-used');
    await page.click('#not-used button');
    await page.waitForSelector('text=Version 2 is in use now.');
    await page.waitForSelector('#not-used', { state: 'detached' });
    expect((await client.models.get('color')).version).toBe('2');
  });
});
