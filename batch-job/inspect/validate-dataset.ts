// Inspects every file of a job's dataset. Problems become events; problems that make training impossible end the job.

import type { InputSize } from '../../core/dataset/check-tiny.ts';
import { compareText } from '../../core/dataset/compare-text.ts';
import { recordSnapshot } from '../../core/dataset/dataset-snapshots.ts';
import { type FindingGroup, groupFindings } from '../../core/dataset/group-findings.ts';
import { type DatasetInspection, inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { NewJobEvent } from '../../core/job/record/job-events.ts';
import { present } from '../../core/present.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { splitsOf } from './splits.ts';

const EVENT_LEVELS = { error: 'error', warning: 'warn', info: 'info' } as const;

/** What the validation of a dataset needs. */
export interface ValidateDatasetDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
}

/**
 * Inspects a job's dataset and writes the findings into the job's events, one for each kind. A dry run lists all of them.
 * @param inputSize The input of the network that is to be trained.
 * @throws {FoveaError} `dataset-invalid` with every reason why the dataset cannot be trained on.
 */
export async function validateDataset(
  { store, reporter }: ValidateDatasetDeps,
  job: JobRecord,
  inputSize: InputSize,
): Promise<DatasetInspection> {
  reporter.startStage('validating');
  const found = await inspectDataset(store, job.dataset, {
    split: job.split,
    ...(job.splitSnapshot === null ? {} : { snapshot: job.splitSnapshot }),
    ...(job.datasetSnapshot === undefined ? {} : { seen: job.datasetSnapshot }),
    inputSize,
    fixesSplit: true,
    // A job with a resolved recipe may have trained on its split.
    hasTrained: job.resolved !== null,
    signal: reporter.signal,
    onProgress: ({ done, total }) => reporter.update({ step: done, steps: total }),
  });
  const inspection = job.pictureOrder === 'content' ? inOrderOfContent(found) : found;
  const { classes, items } = inspection;
  const groups = groupFindings(inspection);
  await reportFindings(reporter, groups);
  const errors = groups.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new FoveaError(
      'dataset-invalid',
      `The dataset "${job.dataset}" cannot be trained on: ${errors.map(({ message }) => message).join(' ')}`,
      { param: 'training_file' },
    );
  }
  await recordSnapshot(store, inspection, { signal: reporter.signal });
  const { train, validation, test } = splitsOf(inspection);
  await reporter.message(
    `Dataset "${job.dataset}": ${items.length} pictures of ${classes.length} classes; ${train.length} for training, ` +
      `${validation.length} for validation, ${test.length} for the test.`,
    {
      classes,
      train: train.length,
      validation: validation.length,
      test: test.length,
      snapshot: inspection.contentHash,
    },
  );
  return inspection;
}

/** The same pictures in the order of their contents: what is trained does not depend on how files are called, nor on folders. */
function inOrderOfContent(inspection: DatasetInspection): DatasetInspection {
  const { items, leaders } = inspection;
  const order = [...items.keys()].sort((a, b) =>
    compareText(present(items[a], 'a picture').contentHash, present(items[b], 'a picture').contentHash),
  );
  const places = new Int32Array(order.length);
  for (const [place, index] of order.entries()) places[index] = place;
  return {
    ...inspection,
    items: order.map((index) => present(items[index], 'a picture')),
    leaders: Int32Array.from(order, (index) =>
      present(places[present(leaders[index], 'a leader')], 'a place'),
    ),
  };
}

/** Writes an event for each group of findings. */
export async function reportFindings(
  reporter: Pick<JobReporter, 'event'>,
  groups: readonly FindingGroup[],
): Promise<void> {
  for (const group of groups) await reporter.event(toEvent(group));
}

const toEvent = ({ kept: _, ...group }: FindingGroup): NewJobEvent => ({
  level: EVENT_LEVELS[group.severity],
  type: 'message',
  message: group.message,
  data: { ...group, key: group.keys[0] ?? null },
});
