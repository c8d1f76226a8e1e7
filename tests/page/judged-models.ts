// Models whose reports are known, with the pictures that the reports name, so that the page has mistakes to show whatever was trained.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { assembleReport } from '../../batch-job/report/assemble-report.ts';
import { drawReport } from '../../batch-job/report/draw-report.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { keys } from '../../core/storage/keys.ts';
import { COLORS, colorPicture, commitColorModel } from '../support/color-model.ts';
import { makeReportInput } from '../support/report-input.ts';

/** The model, and the dataset that it was judged on. */
export const JUDGED = 'pets';
/** A model without a heatmap, a report and an index of its training pictures. */
export const PLAIN = 'plain';
/** A model of more classes than its matrix shows, whose pictures are gone. */
export const MANY = 'many';
const MANY_CLASSES = 30;
const TEST_PICTURES = 90;

/** Makes {@link PLAIN}. @param dataDir of a server. */
export async function makePlainModel(dataDir: string): Promise<void> {
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const { heatmap: _, ...manifest } = await commitColorModel(store, { model: PLAIN });
  await store.delete(keys.modelFile(PLAIN, '1', 'manifest.json'));
  await store.put(keys.modelFile(PLAIN, '1', 'manifest.json'), JSON.stringify(manifest));
}

/** Gives the pictures of a report hashes as the API takes them. */
function setHashes(report: ReturnType<typeof assembleReport>, hashOf: (key: string) => string | undefined) {
  const { mistakes = [], moreMistakes = [] } = report.results ?? {};
  for (const picture of [...mistakes, ...moreMistakes, ...report.suspectedLabels.pictures])
    picture.sha256 = hashOf(picture.key);
}

/** Makes {@link MANY}. @param dataDir of a server. */
export async function makeManyClasses(dataDir: string): Promise<void> {
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  const classes = Array.from({ length: MANY_CLASSES }, (_, index) => `kind-${index}`);
  const input = makeReportInput({ classes, test: 300, validation: TEST_PICTURES, skill: 2 });
  const report = assembleReport(input);
  setHashes(report, (key) => contentHashOf(Buffer.from(key)));
  await store.put(keys.modelFile(MANY, '1', 'report.json'), JSON.stringify(report));
  await commitColorModel(store, {
    model: MANY,
    version: '1',
    dataset: MANY,
    report: { file: 'report.json', page: 'report.html' },
  });
}

/**
 * Makes two versions of {@link JUDGED}, judged on the same pictures; the second is right more often.
 * @param dataDir of a server.
 */
export async function makeJudgedModels(dataDir: string): Promise<void> {
  const store = await openObjectStore(pathToFileURL(dataDir).href);
  for (const [version, skill] of [
    ['1', 2],
    ['2', 4],
  ] as const) {
    const input = makeReportInput({ classes: COLORS, test: TEST_PICTURES, validation: TEST_PICTURES, skill });
    const report = assembleReport({ ...input, version });
    const hashes = new Map<string, string>();
    for (const { key, classIndex } of input.inspection.items) {
      const file = path.join(dataDir, key);
      await mkdir(path.dirname(file), { recursive: true });
      // What follows the picture gives each its own hash.
      const bytes = Buffer.concat([
        await colorPicture(COLORS[classIndex] ?? 'red', 'jpeg'),
        Buffer.from(key),
      ]);
      await writeFile(file, bytes);
      hashes.set(key, contentHashOf(bytes));
    }
    setHashes(report, (key) => hashes.get(key));
    await store.put(keys.modelFile(JUDGED, version, 'report.json'), JSON.stringify(report));
    await store.put(keys.modelFile(JUDGED, version, 'report.html'), drawReport(report, new Map()));
    await commitColorModel(store, {
      model: JUDGED,
      version,
      dataset: JUDGED,
      report: { file: 'report.json', page: 'report.html' },
    });
  }
}
