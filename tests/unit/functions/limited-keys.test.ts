// Every operation × a key that is limited to other datasets: no answer names, shows or counts a picture that the key may not see.

import { expect, it } from 'vitest';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { runBatch } from '../../../batch-job/run-batch.ts';
import { contentHashOf } from '../../../core/content-hash.ts';
import { recordSnapshot } from '../../../core/dataset/dataset-snapshots.ts';
import { inspectDataset } from '../../../core/dataset/inspect-dataset.ts';
import { pictureId } from '../../../core/dataset/split-snapshots.ts';
import { encodeCheckpoint } from '../../../core/job/checkpoints/checkpoint-file.ts';
import { SplitFractionsSchema } from '../../../core/job/record/job.ts';
import { keys } from '../../../core/storage/keys.ts';
import { OPERATION_SCOPES, type OperationId } from '../../../functions/http/operation-scopes.ts';
import { batchDepsOf } from '../../support/batch-deps.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { newJob } from '../../support/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';
import { type AnyJson, createTestApp, readAnswer, type TestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';
const HIDDEN = 'hidden-picture';
const FILE = `red/${HIDDEN}.png`;
const PATH = `vault/${FILE}`;
const PICTURE = await colorPicture('red', 'png', 40);

/** A model that the key may use, trained on a dataset that it may not see, with everything that is made of such a dataset. */
async function open() {
  const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }), keepsFeedback: true });
  const { store, jobs } = test;
  const operator = async (method: string, path: string, body?: object) =>
    (await test.send(method, path, body, { authorization: `Bearer ${OPERATOR}` })).body;
  await store.put(`datasets/${PATH}`, PICTURE);
  await store.put('datasets/vault/green/1.png', await colorPicture('green'));
  await store.put('datasets/fruit/red/1.png', await colorPicture('red'));
  await store.put('datasets/fruit/green/1.png', await colorPicture('green', 'png', 50));
  const inspection = await inspectDataset(store, 'vault', { split: SplitFractionsSchema.parse({}) });
  await recordSnapshot(store, inspection);
  const stored = assembleReport(
    makeReportInput({ classes: ['red', 'green', 'blue'], test: 30, validation: 30 }),
  );
  const { name: _, ...dataset } = stored.dataset;
  const named = JSON.stringify({
    ...stored,
    dataset: { ...dataset, name: 'vault', contentHash: inspection.contentHash },
  }).replaceAll(/"datasets\/[^"]*"/g, JSON.stringify(`datasets/${PATH}`));
  for (const version of ['1', '2']) {
    const files = { 'report.json': named, 'report.html': HIDDEN, 'parity.json': `{"key":"${HIDDEN}"}` };
    for (const [file, body] of Object.entries(files))
      await store.put(keys.modelFile('color', version, file), body);
    const report = { file: 'report.json', page: 'report.html' };
    await commitColorModel(store, { version, dataset: 'vault', jobId: `ftjob-${version}`, report });
  }
  const job = await jobs.create({ ...newJob(), dataset: 'vault', model: 'color' });
  await jobs.appendEvent(job.id, { level: 'warn', type: 'message', message: HIDDEN, data: null });
  await store.put(keys.jobContactSheet(job.id), HIDDEN);
  const header = { stage: 'full', epoch: 1, isFinished: false, history: [] };
  await store.put(keys.jobCheckpoint(job.id, 1), encodeCheckpoint({ header, tensors: new Map() }));
  const batch = await operator('POST', '/v1/batches', { model: 'color', input_prefix: 'datasets/vault/' });
  await runBatch(batchDepsOf(test), batch.id);
  const form = new FormData();
  form.append('file', new Blob([`{"key":"datasets/${PATH}"}\n`]), `${HIDDEN}.jsonl`);
  form.append('purpose', 'batch');
  const headers = { authorization: `Bearer ${OPERATOR}` };
  const file = await readAnswer(await test.app.request('/v1/files', { method: 'POST', body: form, headers }));
  const upload = { bytes: 3, filename: `${HIDDEN}.jsonl`, mime_type: 'text/jsonl', purpose: 'batch' };
  const parts = await operator('POST', '/v1/uploads', upload);
  const key = { name: 'team', scopes: ['train'], datasets: ['fruit', 'color-feedback'], models: ['color'] };
  const keysOf = {
    limited: (await operator('POST', '/v1/keys', key)).secret,
    free: (await operator('POST', '/v1/keys', { name: 'free', scopes: ['train'] })).secret,
  };
  return {
    test,
    ids: {
      job: job.id,
      batch: batch.id,
      file: file.body.id,
      upload: parts.id,
      snapshot: inspection.contentHash,
    },
    keys: keysOf,
    marks: [HIDDEN, contentHashOf(PICTURE), pictureId(contentHashOf(PICTURE)), inspection.contentHash],
  };
}
type Ids = Awaited<ReturnType<typeof open>>['ids'];

/** A request: its path, and a body of JSON. */
type Asked = readonly [path: string, body?: object];
interface Row {
  readonly asked: (ids: Ids) => readonly Asked[];
  /** Whether a key without limits is shown something of the picture. Such a key does not ask what would change something. */
  readonly shows?: true;
}
const shown = (asked: Row['asked']): Row => ({ asked, shows: true });
const hidden = (asked: Row['asked']): Row => ({ asked });
const ofJob = (suffix: string) => hidden(({ job }) => [[`/v1/fine_tuning/jobs/${job}${suffix}`]]);
const ofModel = (suffix: string, body?: object) =>
  hidden(() => [body === undefined ? [`/v1/models/color${suffix}`] : [`/v1/models/color${suffix}`, body]]);
const ofBatch = (suffix: string) => (({ batch }: Ids) => [[`/v1/batches/${batch}${suffix}`]]) as Row['asked'];
const UPLOAD = { files: [{ path: FILE, bytes: 1, mime_type: 'image/png' }] };
const MODEL_FILES = ['report.json', 'report.html', 'parity.json', 'manifest.json', 'pictures.index'];

/** Requests of each operation that a limited key may use, about what it may not see. Whoever adds an operation adds its row. */
const ROWS: Partial<Readonly<Record<OperationId, Row>>> = {
  predict: hidden(() => [
    ['/v1/models/color/predict', { dataset_file: PATH }],
    ['/v1/models/color/predict?explain=true', { image: Buffer.from(PICTURE).toString('base64') }],
  ]),
  createPredictionFeedback: hidden(() => [
    [
      '/v1/predictions/pred-a/feedback',
      { model: 'color', label: 'red', image_key: `datasets/${PATH}`, consent: true },
    ],
  ]),
  createUpload: hidden(() => [
    ['/v1/uploads', { purpose: 'fine-tune', filename: PATH, bytes: 1, mime_type: 'image/png' }],
  ]),
  createFile: hidden(() => [['/v1/files', {}]]),
  addUploadPart: hidden(({ upload }) => [[`/v1/uploads/${upload}/parts`, {}]]),
  completeUpload: hidden(({ upload }) => [[`/v1/uploads/${upload}/complete`, { part_ids: ['part_a'] }]]),
  cancelUpload: hidden(({ upload }) => [[`/v1/uploads/${upload}/cancel`]]),
  listFiles: shown(() => [['/v1/files']]),
  getFile: shown(({ file }) => [[`/v1/files/${file}`]]),
  getFileContent: shown(({ file, batch }) => [
    [`/v1/files/${file}/content`],
    [`/v1/files/${batch}-output/content`],
  ]),
  deleteFile: hidden(({ file, batch }) => [[`/v1/files/${file}`], [`/v1/files/${batch}-output`]]),
  createBatch: hidden(({ file }) => [
    ['/v1/batches', { model: 'color', input_prefix: 'datasets/vault/', dry_run: true }],
    ['/v1/batches', { model: 'color', input_file_id: file, dry_run: true }],
    ['/v1/batches', { model: 'color', input_prefix: 'datasets/', dry_run: true }],
  ]),
  listBatches: hidden(() => [['/v1/batches']]),
  getBatch: hidden(ofBatch('')),
  cancelBatch: hidden(ofBatch('/cancel')),
  deleteBatch: hidden(ofBatch('')),
  getBatchResults: shown(ofBatch('/results')),
  listNextToLabel: shown(ofBatch('/next-to-label')),
  listModels: hidden(() => [['/v1/models']]),
  getModel: ofModel(''),
  getModelVersion: ofModel('/versions/1'),
  listModelVersions: ofModel('/versions'),
  listModelAliases: ofModel('/aliases'),
  getCurrentKey: hidden(() => [['/v1/key']]),
  listArchitectures: hidden(() => [['/v1/architectures']]),
  createPlan: hidden(() => [['/v1/plans', { architecture: 'small_cnn', classes: 3 }]]),
  listDatasets: hidden(() => [['/v1/datasets']]),
  inspectDataset: hidden(() => [['/v1/datasets/vault']]),
  listDatasetFiles: shown(() => [['/v1/datasets/vault/files']]),
  getDatasetFile: shown(() => [[`/v1/datasets/vault/files/content?path=${FILE}`]]),
  getDatasetThumbnail: shown(() => [[`/v1/datasets/vault/files/thumbnail?path=${FILE}`]]),
  moveDatasetFiles: hidden(() => [
    ['/v1/datasets/vault/files/move', { paths: ['red/x.png'], class: 'green' }],
  ]),
  renameDatasetClass: hidden(() => [['/v1/datasets/vault/classes/red/rename', { name: 'blue' }]]),
  getKeptFindings: hidden(() => [['/v1/datasets/vault/kept_findings']]),
  keepFindings: hidden(() => [['/v1/datasets/vault/kept_findings', { ids: ['near-duplicate:a'] }]]),
  listDatasetSnapshots: shown(() => [['/v1/datasets/vault/snapshots']]),
  getDatasetSnapshot: shown(({ snapshot }) => [[`/v1/datasets/vault/snapshots/${snapshot}`]]),
  diffDatasetSnapshots: shown(({ snapshot }) => [
    [`/v1/datasets/vault/snapshots/${snapshot}/diff?since=${snapshot}`],
  ]),
  createDatasetUploads: shown(() => [['/v1/datasets/vault/uploads', UPLOAD]]),
  putDatasetFile: hidden(() => [['/v1/datasets/vault/red/x.png', {}]]),
  storeDatasetFiles: hidden(() => [['/v1/datasets/vault/files', {}]]),
  putNestedDatasetFile: hidden(() => [['/v1/datasets/vault/train/red/x.png', {}]]),
  createFineTuningJob: hidden(() => [
    ['/v1/fine_tuning/jobs', { model: 'small_cnn', training_file: 'vault', suffix: 'color', dry_run: true }],
    ['/v1/fine_tuning/jobs', { model: 'small_cnn', training_file: 'fruit', suffix: 'color', dry_run: true }],
  ]),
  listFineTuningJobs: hidden(() => [['/v1/fine_tuning/jobs']]),
  getFineTuningJob: ofJob(''),
  cancelFineTuningJob: ofJob('/cancel'),
  pauseFineTuningJob: ofJob('/pause'),
  resumeFineTuningJob: ofJob('/resume'),
  finishFineTuningJob: ofJob('/finish'),
  deleteFineTuningJob: ofJob(''),
  listFineTuningJobCheckpoints: ofJob('/checkpoints'),
  createModelOfCheckpoint: ofJob('/checkpoints/ftckpt-1/model'),
  listFineTuningJobEvents: shown(({ job }) => [[`/v1/fine_tuning/jobs/${job}/events`]]),
  getContactSheet: shown(({ job }) => [[`/v1/fine_tuning/jobs/${job}/contact-sheet`]]),
  importModel: hidden(() => [
    ['/v1/models', { name: 'color', architecture: 'small_cnn', labels: ['a', 'b'] }],
  ]),
  getModelFile: shown(() => MODEL_FILES.map((file): Asked => [`/v1/models/color:1/files/${file}`])),
  promoteModel: ofModel('/promote', { version: '2' }),
  rollBackModel: ofModel('/rollback'),
  setModelAlias: ofModel('/aliases/best', { version: '1' }),
  deleteModelAlias: ofModel('/aliases/best'),
  compareModelVersions: ofModel('/compare?versions=1,2'),
  evaluateModel: hidden(() => [
    ['/v1/models/color/evaluate', { dataset: 'vault', dry_run: true }],
    ['/v1/models/color/evaluate', { dataset: 'fruit', dry_run: true }],
  ]),
  getModelReport: shown(() => [
    ['/v1/models/color/report?format=json'],
    ['/v1/models/color/report?format=html'],
  ]),
  listWorkers: hidden(() => [['/v1/workers']]),
};

/** What an answer says of the picture. A refusal may repeat what was sent. */
async function shownBy(
  { app }: TestApp,
  { method, marks, secret }: { method: string; marks: readonly string[]; secret: string },
  [path, body]: Asked,
): Promise<string[]> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const response = await app.request(path, {
    method,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: json }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isImage = response.headers.get('content-type')?.startsWith('image/') === true;
  const isPicture = response.ok && (isImage || bytes.equals(PICTURE));
  const found = marks.filter((mark) => bytes.includes(mark));
  const sent = `${path}${json}`;
  return isPicture ? ['a picture', ...found] : found.filter((mark) => response.ok || !sent.includes(mark));
}

it('every operation has a row, but for those that no limited key may use', () => {
  const open = Object.entries(OPERATION_SCOPES).filter(
    ([, scope]) => scope !== 'public' && scope !== 'admin',
  );
  expect(Object.keys(ROWS).sort()).toEqual(open.map(([id]) => id).sort());
});

it('no operation shows or names a picture to a key that may not see its dataset', async () => {
  const { test, ids, keys: secrets, marks } = await open();
  const document: AnyJson = (await test.send('GET', '/openapi.json')).body;
  const methods = new Map(
    Object.values<AnyJson>(document.paths).flatMap((one) =>
      Object.entries<AnyJson>(one).map(
        ([method, { operationId }]) => [operationId, method.toUpperCase()] as const,
      ),
    ),
  );
  for (const [id, row] of Object.entries(ROWS)) {
    const method = methods.get(id) ?? '';
    const asked = row.asked(ids);
    const free: string[] = [];
    for (const one of row.shows === true ? asked : [])
      free.push(...(await shownBy(test, { method, marks, secret: secrets.free }, one)));
    expect([id, free.length > 0], 'a key without limits').toEqual([id, row.shows === true]);
    for (const one of asked)
      expect([id, one[0], await shownBy(test, { method, marks, secret: secrets.limited }, one)]).toEqual([
        id,
        one[0],
        [],
      ]);
  }
});

it('no evaluation says which pictures a version was trained on to a key that may not see their dataset', async () => {
  const { test, keys: secrets } = await open();
  await test.store.put('datasets/fruit/red/copy.png', PICTURE);
  const seenBy = async (secret: string): Promise<AnyJson> => {
    const headers = { authorization: `Bearer ${secret}` };
    const made = await test.send('POST', '/v1/models/color/evaluate', { dataset: 'fruit' }, headers);
    await runBatch(batchDepsOf(test), made.body.id);
    const { body } = await test.send('GET', `/v1/batches/${made.body.id}`, undefined, headers);
    expect(body.evaluation.pictures).toBe(3);
    return body.evaluation.seen;
  };
  expect(await seenBy(secrets.limited)).toBeNull();
  expect(await seenBy(secrets.free)).not.toBeNull();
});
