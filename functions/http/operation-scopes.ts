// The one table of operations: which scope of an API key each needs. A route without a row does not compile.

import type { Scope } from '../../core/api-key/scope.ts';

/** The scope that each operation needs, by its `operationId`; `public` for those that need no key. */
export const OPERATION_SCOPES = {
  getHealth: 'public',
  getReadiness: 'public',
  /** Its signed link is the permission. */
  receiveUpload: 'public',

  predict: 'predict',
  createPredictionFeedback: 'predict',
  createUpload: 'predict',
  createBatch: 'predict',
  listBatches: 'predict',
  getBatch: 'predict',
  cancelBatch: 'predict',
  deleteBatch: 'predict',
  getBatchResults: 'predict',
  listModels: 'predict',
  getModel: 'predict',
  getModelVersion: 'predict',
  listModelVersions: 'predict',
  listModelAliases: 'predict',
  listArchitectures: 'predict',

  createPlan: 'train',
  listDatasets: 'train',
  inspectDataset: 'train',
  listDatasetFiles: 'train',
  getDatasetFile: 'train',
  getDatasetThumbnail: 'train',
  moveDatasetFiles: 'train',
  renameDatasetClass: 'train',
  listDatasetSnapshots: 'train',
  getDatasetSnapshot: 'train',
  diffDatasetSnapshots: 'train',
  createDatasetUploads: 'train',
  putDatasetFile: 'train',
  storeDatasetFiles: 'train',
  putNestedDatasetFile: 'train',
  createFineTuningJob: 'train',
  listFineTuningJobs: 'train',
  getFineTuningJob: 'train',
  cancelFineTuningJob: 'train',
  pauseFineTuningJob: 'train',
  resumeFineTuningJob: 'train',
  finishFineTuningJob: 'train',
  deleteFineTuningJob: 'train',
  listFineTuningJobCheckpoints: 'train',
  createModelOfCheckpoint: 'train',
  listFineTuningJobEvents: 'train',
  getContactSheet: 'train',
  importModel: 'train',
  getModelFile: 'train',
  promoteModel: 'train',
  rollBackModel: 'train',
  setModelAlias: 'train',
  deleteModelAlias: 'train',
  /** Names pictures of the dataset. */
  compareModelVersions: 'train',
  /** Reports show pictures of the dataset. */
  getModelReport: 'train',
  listWorkers: 'train',

  deleteDatasetFiles: 'admin',
  deleteDatasetClass: 'admin',
  deleteDataset: 'admin',
  renameDataset: 'admin',
  deleteModel: 'admin',
  deleteModelVersion: 'admin',
  renameModel: 'admin',

  createKey: 'admin',
  listKeys: 'admin',
  getKey: 'admin',
  rotateKey: 'admin',
  revokeKey: 'admin',
  listAuditEntries: 'admin',
  getUsage: 'admin',
} as const satisfies Readonly<Record<string, Scope | 'public'>>;

/** The `operationId` of a route. */
export type OperationId = keyof typeof OPERATION_SCOPES;
