// The steps of a job in their order: choose the base where it is left open, inspect the dataset, decide how to train, prepare the
// examples, run the stages, evaluate the model, export it, make it live. Each step is a folder.

import { addCopies } from '../core/dataset/add-copies.ts';
import type { DatasetInspection } from '../core/dataset/inspect-dataset.ts';
import type { Trial } from '../core/job/recipe/sweep.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import type { AttemptContext } from './attempt/attempt-context.ts';
import { chooseBase } from './choose/choose-base.ts';
import { compilesTraining } from './decide/compiles-training.ts';
import { decide } from './decide/decide.ts';
import { saveContactSheet } from './examples/contact-sheet.ts';
import { type ExportedModel, exportModel } from './export/export-model.ts';
import { indexPictures } from './export/index-pictures.ts';
import { inspectJob } from './inspect/inspect-job.ts';
import { reportFindings } from './inspect/validate-dataset.ts';
import { findCopies } from './judge/find-copies.ts';
import { judgeModel } from './judge/judge-model.ts';
import { openMachine } from './memory/open-machine.ts';
import { openTraining, type PreparedJob, startMemory, type Training } from './open-training.ts';
import { promoteModel } from './promote/promote-model.ts';
import type { Trained } from './stages/run-stage.ts';
import { trainStages } from './stages/train-stages.ts';
import { runSweep, type SweepRun } from './sweep/run-sweep.ts';
import { type NumberedTrial, trainTrial } from './sweep/train-trial.ts';
import { findGpuModel } from './tensorflow/native/find-gpu-model.ts';

/**
 * Carries a job out, from its dataset to a committed model.
 * @throws {FoveaError} what a step throws; the reason of the reporter's signal when it is aborted.
 */
export async function fineTune(context: AttemptContext, asked: JobRecord): Promise<ExportedModel> {
  const { job, inspection } = await chooseBase(context, asked);
  const prepared = await prepare(context, job, inspection);
  const { sweep } = job;
  const run =
    sweep === null
      ? await train(prepared, job)
      : await runSweep({
          ...context,
          job,
          sweep,
          machine: prepared.machine.memory,
          earlyEnd: () => context.meter.earlyEnd(),
          train: (trialJob, { reporter, ...part }) => train({ ...prepared, reporter }, trialJob, part),
        });
  return publish(run);
}

/** Carries out the training of one trial. @param job the trial's own record. */
export async function fineTuneTrial(
  context: AttemptContext,
  job: JobRecord,
  trial: NumberedTrial,
): Promise<Trial> {
  const prepared = await prepare(context, job);
  const { result } = await trainTrial(context.reporter, trial, () => train(prepared, job, trial));
  return result;
}

async function prepare(
  context: AttemptContext,
  job: JobRecord,
  known?: DatasetInspection,
): Promise<PreparedJob> {
  const inspected = await inspectJob(context, job, known);
  const { base, inspection, splits } = inspected;
  const compiles = compilesTraining({
    job,
    base,
    classes: inspection.classes.length,
    examples: splits.train.length,
    gpuModel: findGpuModel(),
  });
  return { ...context, ...inspected, machine: await openMachine(context, job, compiles) };
}

/** A finished training, with what its model is made from. */
interface FinishedTraining extends Trained, SweepRun {
  readonly training: Training;
}

/** Runs one training: the job's own, or a trial's. Where memory runs out, it starts again with out-of-memory remedies. */
async function train(
  prepared: PreparedJob,
  job: JobRecord,
  { trial, isOver = false }: { readonly trial?: number; readonly isOver?: boolean } = {},
): Promise<FinishedTraining> {
  const decision = await decide(prepared, job);
  const memory = await startMemory(prepared, job, decision);
  return memory.run(async (savings) => {
    const training = await openTraining({
      ...prepared,
      ...(trial === undefined ? {} : { trial }),
      job,
      decision,
      memory,
      savings,
    });
    await saveContactSheet(training);
    const trained = await trainStages(training, { isOver });
    return { ...trained, training, resolved: decision.resolved, givenUp: memory.givenUp() };
  });
}

/** Looks for test pictures that training has seen, evaluates the trained model, indexes its pictures, exports it, and decides whether it becomes live. */
const publish = ({ training, ...trained }: FinishedTraining): Promise<ExportedModel> =>
  training.memory.run(async (savings) => {
    const { weights } = trained;
    const served = await training.base.toServed(training.network, weights);
    const copies = await findCopies({ ...training, savings });
    const { inspection, found } = addCopies(training.inspection, copies);
    await reportFindings(training.reporter, found);
    const judgement = await judgeModel({ ...training, savings }, { ...trained, onnx: served.onnx });
    const pictures = await indexPictures({ ...training, savings }, { weights, served });
    const exported = await exportModel({ ...training, inspection }, { weights, served, judgement, pictures });
    await promoteModel(training, exported.manifest, judgement);
    return exported;
  });
