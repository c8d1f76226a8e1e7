// The one table of operations that take an Idempotency-Key. Whoever adds a POST that makes something adds its row.

import type { KeptAs } from './idempotent.ts';
import type { OperationId } from './operation-scopes.ts';

/**
 * How each operation holds to an Idempotency-Key. `answer`: its answer is kept and given again; it names no pictures, files, datasets or classes,
 * since what is kept outlives them. `made`: the ids of what it made are kept, and that is given again as it is now. `job`: the same of the job
 * that the key made; the store of jobs keeps its id. `secret`: its answer has a secret, which is kept nowhere, so that a
 * repeated request is told what was made instead.
 */
export const IDEMPOTENT_OPERATIONS = {
  createFineTuningJob: 'job',
  createBatch: 'made',
  evaluateModel: 'made',
  createModelOfCheckpoint: 'made',
  importModel: 'made',
  createUpload: 'made',
  renameModel: 'made',
  promoteModel: 'answer',
  rollBackModel: 'answer',
  createPredictionFeedback: 'made',
  createFile: 'made',
  addUploadPart: 'answer',
  createKey: 'secret',
  rotateKey: 'secret',
  createWebhook: 'secret',
  rotateWebhook: 'secret',
  testWebhook: 'answer',
  redeliverWebhookDelivery: 'answer',
} as const satisfies Partial<Readonly<Record<OperationId, KeptAs | 'job'>>>;

/** Operations by POST on which the header has no effect, with the reason: done again, they make nothing that was not there. */
export const NOT_IDEMPOTENT = {
  predict: 'It makes nothing.',
  createPlan: 'It makes nothing.',
  cancelFineTuningJob: 'To cancel twice is to cancel.',
  pauseFineTuningJob: 'To pause twice is to pause.',
  resumeFineTuningJob: 'To resume twice is to resume.',
  finishFineTuningJob: 'To finish twice is to finish.',
  cancelBatch: 'To cancel twice is to cancel.',
  storeDatasetFiles: 'It stores the same files in the same places.',
  completeUpload: 'To complete twice is to complete: it answers with the same file.',
  cancelUpload: 'To cancel twice is to cancel.',
  createDatasetUploads:
    'A link writes nothing by itself. Links made again bring the same files to the same places.',
  moveDatasetFiles: 'Sent again, it goes on where it broke off.',
  renameDatasetClass: 'Sent again, it goes on where it broke off.',
  renameDataset: 'Sent again, it goes on where it broke off.',
  keepFindings: 'To keep twice is to keep.',
  deleteDatasetFiles: 'To delete twice is to delete.',
  updateWebhook: 'To set the same twice is to set it.',
} as const satisfies Partial<Readonly<Record<OperationId, string>>>;

/** How an operation's answer is kept; undefined where nothing of it is. */
export function keptOf(operation: OperationId): KeptAs | undefined {
  const kept = (IDEMPOTENT_OPERATIONS as Partial<Record<OperationId, KeptAs | 'job'>>)[operation];
  return kept === 'job' ? undefined : kept;
}
