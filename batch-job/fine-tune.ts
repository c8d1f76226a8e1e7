// A job's work in order: validate the dataset, train, export. A pretrained backbone stays frozen and a head is trained on
// its features; an architecture without pretrained weights is trained from scratch.

import type { JobRecord } from '../core/job/job.ts';
import { findArchitecture } from '../core/network/architectures.ts';
import { type ExportedModel, exportModel } from './export-model.ts';
import { openRunCheckpoints, runFingerprint } from './run-checkpoints.ts';
import { openEngine } from './tensorflow/open-engine.ts';
import { trainFromScratch } from './train-from-scratch.ts';
import { trainHead } from './train-head.ts';
import type { FineTuneDeps, TrainingContext } from './training-context.ts';
import { splitsOf, validateDataset } from './validate-dataset.ts';

/** Carries a job out, from its dataset to a committed model. */
export async function fineTune(deps: FineTuneDeps, job: JobRecord): Promise<ExportedModel> {
  const architecture = findArchitecture(job.architecture);
  const inspection = await validateDataset(deps, job);
  const engine = await openEngine({
    backend: job.backend,
    ...(deps.cacheDirectory === undefined ? {} : { cacheDirectory: deps.cacheDirectory }),
  });
  await deps.reporter.message(
    `TensorFlow.js runs on the ${engine.info.backend} back end: ${engine.info.reason}`,
    {
      ...engine.info,
    },
  );
  const input = {
    ...architecture.defaultInputSize,
    preprocessing: architecture.preprocessing,
    // The whole picture is seen: what a class is recognized by may be at its edge.
    resize: 'stretch',
  } as const;
  const context: TrainingContext = {
    ...deps,
    job,
    engine,
    architecture,
    inspection,
    checkpoints: await openRunCheckpoints({ ...deps, job }, runFingerprint({ job, input, inspection })),
    splits: splitsOf(inspection),
    network: architecture.build({
      inputSize: architecture.defaultInputSize,
      classes: inspection.classes.length,
    }),
    input,
  };
  const isPretrained = architecture.weightSources.length > 0;
  const weights = await (isPretrained ? trainHead(context) : trainFromScratch(context));
  return exportModel(context, weights);
}
