// The one table of operations that take an Idempotency-Key. Whoever adds a POST that makes something adds its row.

import type { OperationId } from './operation-scopes.ts';

/**
 * How each operation holds to an Idempotency-Key. `answer`: its answer is kept and given again. `job`: the job that the key made is
 * given again, as it is now; the record of the job is the answer.
 */
export const IDEMPOTENT_OPERATIONS = {
  createFineTuningJob: 'job',
  createBatch: 'answer',
  evaluateModel: 'answer',
  createModelOfCheckpoint: 'answer',
  importModel: 'answer',
  createUpload: 'answer',
  renameModel: 'answer',
  promoteModel: 'answer',
  rollBackModel: 'answer',
} as const satisfies Partial<Readonly<Record<OperationId, 'answer' | 'job'>>>;

/** Operations by POST that do not take the header, with the reason. */
export const NOT_IDEMPOTENT = {
  predict: 'It makes nothing.',
  createPlan: 'It makes nothing.',
  createPredictionFeedback: 'The name of the picture comes from its content: it is kept once.',
  cancelFineTuningJob: 'To cancel twice is to cancel.',
  pauseFineTuningJob: 'To pause twice is to pause.',
  resumeFineTuningJob: 'To resume twice is to resume.',
  finishFineTuningJob: 'To finish twice is to finish.',
  cancelBatch: 'To cancel twice is to cancel.',
  storeDatasetFiles: 'It stores the same files in the same places.',
  createFile: 'Its body is larger than what is kept of requests. A file that was made twice has two ids.',
  addUploadPart: 'A part that was sent twice has two ids, and the end of the upload names one.',
  completeUpload: 'To complete twice is to complete: it answers with the same file.',
  cancelUpload: 'To cancel twice is to cancel.',
  createKey: 'Its answer has a secret, which is kept nowhere. The name of the key is taken the second time.',
  createDatasetUploads: 'Links made again bring the same files.',
  moveDatasetFiles: 'Sent again, it goes on where it broke off.',
  renameDatasetClass: 'Sent again, it goes on where it broke off.',
  renameDataset: 'Sent again, it goes on where it broke off.',
  deleteDatasetFiles: 'To delete twice is to delete.',
  rotateKey: 'Its answer has a secret, which is kept nowhere.',
  createWebhook: 'Its answer has a secret, which is not kept with answers.',
  updateWebhook: 'To set the same twice is to set it.',
  rotateWebhook: 'Its answer has a secret, which is not kept with answers.',
  testWebhook: 'Each request sends a test of its own, and does no more.',
  redeliverWebhookDelivery: 'The receiver knows a repetition by the id of its event.',
} as const satisfies Partial<Readonly<Record<OperationId, string>>>;

/** Whether an answer of the operation is kept. */
export const keepsAnswer = (operation: OperationId): boolean =>
  (IDEMPOTENT_OPERATIONS as Partial<Record<OperationId, string>>)[operation] === 'answer';
