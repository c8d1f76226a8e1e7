// Examples of JSON bodies, one for each operation that takes one. A test sends every one of them to a server, which accepts it.

import type { OperationId } from '../http/operation-scopes.ts';

/** A small yellow picture, as Base64. */
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAMAAAAoLQ9TAAAAA1BMVEXw3CgKhmzjAAAADUlEQVR42mNgGAXIAAABEAABf80DtQAAAABJRU5ErkJggg==';

/** The bodies, as the API's description shows them. They name the model and the dataset `fruit`, as other examples do. */
export const REQUEST_EXAMPLES: Partial<Record<OperationId, unknown>> = {
  createFineTuningJob: { model: 'small_cnn', training_file: 'fruit', suffix: 'fruit', seed: 1 },
  importModel: {
    file: 'uploads/upload-00000000-0000-4000-8000-000000000000',
    name: 'ripeness',
    labels: ['ripe', 'rotten', 'unripe'],
    preprocessing: 'unit',
  },
  renameModel: { name: 'fruit-2' },
  promoteModel: { version: '3' },
  setModelAlias: { version: '3' },
  createPredictionFeedback: { model: 'fruit', label: 'banana', image: PICTURE, consent: true },
  predict: { image: PICTURE },
  createBatch: { model: 'fruit', input_prefix: 'inputs/tuesday/', top_k: 3 },
  evaluateModel: { dataset: 'fruit', split: 'all' },
  createUpload: { bytes: 6_500_000, mime_type: 'image/jpeg', purpose: 'vision' },
  completeUpload: { part_ids: ['part_3f0c2a9b4e7d4c1f8a9b8c0d1e2f3a4b'] },
  moveDatasetFiles: { paths: ['apple/1.jpg'], class: 'banana' },
  keepFindings: { ids: ['near-duplicate:0f1e2d3c4b5a6978.8796a5b4c3d2e1f0'] },
  deleteDatasetFiles: { paths: ['apple/1.jpg'] },
  renameDatasetClass: { class: 'plantain' },
  renameDataset: { name: 'fruit-2' },
  createDatasetUploads: { files: [{ path: 'banana/9.jpg', bytes: 250_000, mime_type: 'image/jpeg' }] },
  createPlan: { model: 'mobilenet_v2_1.0', classes: 5, batch_size: 32, gpu: 'T4' },
  createKey: { name: 'camera-1', scopes: ['predict'], models: ['fruit'], requests_per_minute: 60 },
  rotateKey: { grace_seconds: 3600 },
  createWebhook: {
    url: 'https://hooks.example.com/fovea',
    events: ['fine_tuning.job.succeeded', 'fine_tuning.job.failed'],
  },
  updateWebhook: { status: 'enabled', description: 'Tells the team.' },
  rotateWebhook: { grace_seconds: 3600 },
};

/** What the commands send as forms: a value that begins with `@` is a file. */
export const FORM_EXAMPLES: Partial<Record<OperationId, Readonly<Record<string, string>>>> = {
  predict: { image: '@photo.jpg' },
  createFile: { file: '@pictures.zip', purpose: 'fine-tune' },
  addUploadPart: { data: '@part-1' },
  storeDatasetFiles: { archive: '@pictures.zip' },
};

/** Headers that a command sends beside those that the description has. */
export const HEADER_EXAMPLES: Partial<Record<OperationId, string>> = {
  /** As `POST /v1/uploads` says it. */
  receiveUpload: 'if-none-match: *',
};

interface Described {
  operationId?: string;
  requestBody?: { content?: Record<string, unknown> } | { $ref: string };
}

/** A copy of the document whose JSON bodies have their examples. */
export function withRequestExamples<T extends { paths?: object }>(document: T): T {
  const examples: Readonly<Record<string, unknown>> = REQUEST_EXAMPLES;
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    mapValues(methods as Record<string, Described>, (operation) => {
      const example = examples[operation.operationId ?? ''];
      const { requestBody } = operation;
      if (example === undefined || requestBody === undefined || !('content' in requestBody)) return operation;
      const content = mapValues(requestBody.content ?? {}, (body, mediaType) =>
        mediaType === 'application/json' ? { ...(body as object), example } : body,
      );
      return { ...operation, requestBody: { ...requestBody, content } };
    }),
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}

const mapValues = <V>(record: Record<string, V>, map: (value: V, key: string) => V): Record<string, V> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
