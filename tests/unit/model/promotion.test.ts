import { describe, expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { createSplitSnapshots } from '../../../core/dataset/split-snapshots.ts';
import { SplitFractionsSchema } from '../../../core/job/record/job.ts';
import { readLiveRecord } from '../../../core/model/live-record.ts';
import type { Manifest } from '../../../core/model/manifest.ts';
import { hasSameClasses, isNotWorse, type PairedAnswers } from '../../../core/model/promotion.ts';
import {
  describePromotion,
  publishVersion,
  type SettleOptions,
  settlePromotion,
} from '../../../core/model/settle-promotion.ts';
import { resolveVersion } from '../../../core/model/versions.ts';
import { foreseePromotion } from '../../../core/promotion/foresee-promotion.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorManifest, colorOnnx, commitColorModel } from '../../support/color-model.ts';
import { makeReportInput } from '../../support/report-input.ts';

const now = () => 1_800_000_000_000;

/** Publishes a version of the color model, and decides on it. */
async function publish(
  store: ObjectStore,
  version: string,
  changes: Partial<Manifest> = {},
  options: Partial<SettleOptions> = {},
) {
  const onnx = colorOnnx();
  const manifest = colorManifest(onnx, { version, jobId: `ftjob-${version}`, ...changes });
  await publishVersion(store, manifest, new Map([['model.onnx', onnx]]));
  return settlePromotion(store, manifest, { policy: 'auto', now, ...options });
}

const answers = (onlyLiveRight: number, onlyNewRight: number, both = 40): PairedAnswers => ({
  pictures: both + onlyLiveRight + onlyNewRight,
  liveRight: both + onlyLiveRight,
  newRight: both + onlyNewRight,
  onlyLiveRight,
  onlyNewRight,
});

describe('isNotWorse', () => {
  it.each([
    [0, 0, true],
    [1, 0, false],
    [3, 3, true],
    [6, 3, false],
    [0, 9, true],
  ])('with %i pictures lost and %i won: %s', (lost, won, isFine) => {
    expect(isNotWorse(answers(lost, won))).toBe(isFine);
  });
});

describe('hasSameClasses', () => {
  it('takes classes in any order, and none that is new', () => {
    expect(hasSameClasses(['a', 'b'], ['b', 'a'])).toBe(true);
    expect(hasSameClasses(['a', 'b'], ['a', 'c'])).toBe(false);
    expect(hasSameClasses(['a', 'b'], ['a', 'b', 'c'])).toBe(false);
  });
});

describe('settlePromotion', () => {
  it('makes the first version live, whatever is asked', async () => {
    const store = createMemoryStore();
    expect(await publish(store, '1', {}, { policy: 'never' })).toMatchObject({
      promoted: true,
      reason: 'first',
    });
    expect(await readLiveRecord(store, 'color')).toMatchObject({ version: '1', revision: 1, history: [] });
  });

  it('keeps the live version where the classes have changed, and says how to change it', async () => {
    const store = createMemoryStore();
    await publish(store, '1');
    const changes = { labels: ['red', 'green', 'pink'] };
    const decision = await publish(store, '2', changes, { compare: async () => answers(0, 9) });
    expect(decision).toEqual({ promoted: false, reason: 'classes-changed', before: '1' });
    expect(await resolveVersion(store, 'color')).toBe('1');
    expect(await resolveVersion(store, 'color', 'latest')).toBe('2');
    expect(describePromotion({ model: 'color', version: '2' }, decision)).toBe(
      'Version 1 of model "color" stays live, and version 2 is not: its classes are not those of the live version. ' +
        'To make it live: POST /v1/models/color/promote {"version":"2"}',
    );
  });

  it('replaces it by a version that is not worse, and keeps it before one that is', async () => {
    const store = createMemoryStore();
    await publish(store, '1');
    const worse = await publish(store, '2', {}, { compare: async () => answers(20, 0) });
    expect(worse).toMatchObject({ promoted: false, reason: 'worse', answers: { newRight: 40 } });
    const better = await publish(store, '3', {}, { compare: async () => answers(2, 3) });
    expect(better).toMatchObject({ promoted: true, reason: 'not-worse', before: '1' });
    expect(await readLiveRecord(store, 'color')).toMatchObject({
      version: '3',
      history: [{ version: '1', until: 1_800_000_000 }],
    });
  });

  it('does as the request says, and keeps what cannot be compared', async () => {
    const store = createMemoryStore();
    await publish(store, '1');
    expect(await publish(store, '2')).toMatchObject({ promoted: false, reason: 'no-pictures' });
    expect(await publish(store, '3', {}, { policy: 'never' })).toMatchObject({ reason: 'asked-not' });
    expect(await publish(store, '4', { labels: ['x', 'y', 'z'] }, { policy: 'always' })).toMatchObject({
      promoted: true,
      reason: 'asked',
    });
    expect(await resolveVersion(store, 'color')).toBe('4');
  });

  it('keeps what a store of an earlier version served', async () => {
    const store = createMemoryStore();
    await commitColorModel(store, { version: '1' });
    await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
    expect(await readLiveRecord(store, 'color')).toBeUndefined();
    expect(await publish(store, '3')).toMatchObject({ promoted: false, before: '2' });
    expect(await resolveVersion(store, 'color')).toBe('2');
  });

  it('compares anew where another version becomes live meanwhile', async () => {
    const store = createMemoryStore();
    await publish(store, '1');
    const seen: string[] = [];
    const decision = await publish(
      store,
      '3',
      {},
      {
        compare: async ({ version }) => {
          seen.push(version);
          if (version === '1') await publish(store, '2', {}, { policy: 'always' });
          return answers(0, 0);
        },
      },
    );
    expect(seen).toEqual(['1', '2']);
    expect(decision).toMatchObject({ promoted: true, before: '2' });
  });

  it('serves what was live before where the live version is not in the store', async () => {
    const store = createMemoryStore();
    await publish(store, '1');
    await publish(store, '2', {}, { policy: 'never' });
    await publish(store, '3', {}, { policy: 'always' });
    await store.delete(keys.modelFile('color', '3', 'manifest.json'));
    expect(await resolveVersion(store, 'color')).toBe('1');
  });
});

/** Publishes version 1 with a report that names pictures which no store has. */
async function publishTrained(store: ObjectStore) {
  const input = makeReportInput({ classes: ['blue', 'green', 'red'], test: 30, validation: 10 });
  const report = assembleReport(input);
  const training = { ...report.training, splitSnapshot: 1 };
  await store.put(keys.modelFile('color', '1', 'report.json'), JSON.stringify({ ...report, training }));
  await createSplitSnapshots(store, 'colors', SplitFractionsSchema.parse(report.training.split)).create({
    sequence: 1,
    method: 'quota',
    splits: new Map(),
  });
  await publish(store, '1', { report: { file: 'report.json', page: 'report.html' } });
}

describe('foreseePromotion', () => {
  /** As many test pictures, which no job has seen. */
  const inspection = (count = 40, dataset = 'colors') => ({
    dataset,
    classes: ['blue', 'green', 'red'],
    items: Array.from({ length: count }, (_, index) => ({
      key: `datasets/${dataset}/red/${index}.png`,
      classIndex: 2,
      split: 'test' as const,
      contentHash: String(index).padStart(64, '0'),
      sizeBytes: 1,
      width: 32,
      height: 32,
      brightness: null,
    })),
    contentHash: 'now',
  });
  const job = { model: 'color', policy: 'auto', inspection: inspection() } as const;

  it('says which version is live, and what would become of it', async () => {
    const store = createMemoryStore();
    expect(await foreseePromotion(store, job)).toEqual({
      liveVersion: null,
      outlook: 'Model "color" has no version yet: the first becomes live.',
    });
    await publishTrained(store);
    const outlook = async (changes: object) =>
      (await foreseePromotion(store, { ...job, ...changes })).outlook;
    expect(await outlook({})).toContain('takes its place if it is not worse');
    expect(await outlook({ inspection: { ...inspection(), classes: ['red'] } })).toContain(
      'stays so: the classes of the dataset are not its',
    );
    expect(await outlook({ inspection: inspection(40, 'other') })).toContain(
      'stays so: it was not trained on this dataset',
    );
    expect(await outlook({ inspection: inspection(12) })).toContain('12 test pictures are new to it, and 30');
    expect(await outlook({ policy: 'never' })).toContain('stays so: "promote" says so');
    expect(await outlook({ policy: 'always' })).toContain('the new version takes its place');
    // What it was trained on, its report alone says.
    await publish(store, '2', {}, { policy: 'always' });
    expect(await outlook({})).toContain('stays so: it is not known which pictures');
  });
});
