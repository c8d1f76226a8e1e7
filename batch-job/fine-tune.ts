// A job's work in order: validate the dataset, decide how to train, train, export. A pretrained backbone first stays frozen
// under a head that learns, then learns too; an architecture without pretrained weights is trained from scratch.

import type { JobRecord } from '../core/job/job.ts';
import { findArchitecture } from '../core/network/architectures.ts';
import type { NetworkWeights } from '../core/network/network.ts';
import { saveContactSheet } from './contact-sheet.ts';
import { type Decision, decideRecipe } from './decide-recipe.ts';
import { type ExportedModel, exportModel } from './export-model.ts';
import { openRunCheckpoints, runFingerprint } from './run-checkpoints.ts';
import { openEngine } from './tensorflow/open-engine.ts';
import { trainFromScratch } from './train-from-scratch.ts';
import { trainFull } from './train-full.ts';
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
  const network = architecture.build({
    inputSize: architecture.defaultInputSize,
    classes: inspection.classes.length,
  });
  const splits = splitsOf(inspection);
  const decision = decideRecipe({
    job,
    architecture,
    network,
    backend: engine.info.backend,
    labels: Int32Array.from(splits.train, (item) => item.classIndex),
    classes: inspection.classes.length,
  });
  if (job.resolved === null) await writeDecision(deps, decision);
  const context: TrainingContext = {
    ...deps,
    job,
    engine,
    architecture,
    inspection,
    splits,
    network,
    input,
    decision,
    checkpoints: await openRunCheckpoints({ ...deps, job }, runFingerprint({ job, input, inspection })),
  };
  await saveContactSheet(context);
  const weights = await train(context);
  return exportModel(context, weights);
}

/** Every stage that the job has, from where an earlier attempt left it. */
async function train(context: TrainingContext): Promise<NetworkWeights> {
  const { checkpoints, decision, meter } = context;
  if (decision.stages.has('scratch')) return trainFromScratch(context);
  const full = checkpoints.resume('full');
  const weights = full === undefined ? await trainHead(context) : full.trainer.variables;
  return decision.stages.has('full') && !meter.isBudgetSpent() ? trainFull(context, weights) : weights;
}

async function writeDecision({ reporter }: FineTuneDeps, { resolved }: Decision): Promise<void> {
  await reporter.setResolved(resolved);
  const stages = Object.entries(resolved.stages).map(
    ([name, { epochs, batchSize, learningRate, optimizer }]) =>
      `${name} (${epochs} epochs, batches of ${batchSize}, ${optimizer} at ${learningRate})`,
  );
  await reporter.message([`Stages: ${stages.join(', then ')}.`, ...resolved.reasons].join(' '), {
    ...resolved,
  });
}
