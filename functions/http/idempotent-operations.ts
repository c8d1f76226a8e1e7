// The one table of operations that take an Idempotency-Key. Whoever adds a POST that makes something adds its row.

import type { OperationId } from './operation-scopes.ts';

/**
 * How each operation holds to an Idempotency-Key. `answer`: its answer is kept and given again. `job`: the job that the key made is
 * given again, as it is now; the record of the job is the answer. `secret`: its answer has a secret, which is kept nowhere, so that a
 * repeated request is told what was made instead.
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
  createPredictionFeedback: 'answer',
  createFile: 'answer',
  addUploadPart: 'answer',
  createKey: 'secret',
  rotateKey: 'secret',
  createWebhook: 'secret',
  rotateWebhook: 'secret',
  testWebhook: 'answer',
  redeliverWebhookDelivery: 'answer',
} as const satisfies Partial<Readonly<Record<OperationId, 'answer' | 'secret' | 'job'>>>;

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

/** What is kept of an operation's answer: all of it, or with `secret` what the request made; undefined where nothing is. */
export function keptOf(operation: OperationId): 'answer' | 'secret' | undefined {
  const kept = (IDEMPOTENT_OPERATIONS as Partial<Record<OperationId, 'answer' | 'secret' | 'job'>>)[
    operation
  ];
  return kept === 'job' ? undefined : kept;
}
