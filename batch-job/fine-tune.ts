// A job's work in order: validate the dataset, decide how to train, train, export. A pretrained backbone first stays frozen
// under a head that learns, then learns too; an architecture without pretrained weights is trained from scratch.

import { FoveaError } from '../core/errors/errors.ts';
import { checkTrainableLayers } from '../core/job/recipe/check-trainable-layers.ts';
import { describeStages } from '../core/job/recipe/recipe.ts';
import type { Trial } from '../core/job/recipe/sweep.ts';
import type { JobRecord } from '../core/job/record/job.ts';
import { findBase } from './base/base.ts';
import { type Decision, decideRecipe } from './decide/decide-recipe.ts';
import { saveContactSheet } from './examples/contact-sheet.ts';
import { featuresBatchSize } from './examples/picture-backbone.ts';
import { EVALUATION_BATCH_SIZE, type ExportedModel, exportModel } from './export/export-model.ts';
import { splitsOf, validateDataset } from './inspect/validate-dataset.ts';
import { collectGarbage } from './memory/collect-garbage.ts';
import { openJobMemory } from './memory/job-memory.ts';
import { type MachineMemory, readKernelKills, readMachineMemory } from './memory/machine-memory.ts';
import { PLANNED_SHARE } from './memory/plan-micro-batch.ts';
import { inputSizeOf } from './memory/remedies.ts';
import type { Trained } from './stages/run-stage.ts';
import { trainFromScratch } from './stages/train-from-scratch.ts';
import { resumeFull, trainFull } from './stages/train-full.ts';
import { trainHead } from './stages/train-head.ts';
import { runSweep } from './sweep/run-sweep.ts';
import { type TrainedRun, type TrialPart, trainTrial } from './sweep/train-trial.ts';
import { openEngine } from './tensorflow/open-engine.ts';
import { openRunCheckpoints, runFingerprint } from './training/run-checkpoints.ts';
import type { FineTuneDeps, TrainingContext } from './training-context.ts';

/** Carries a job out, from its dataset to a committed model. */
export async function fineTune(deps: FineTuneDeps, job: JobRecord): Promise<ExportedModel> {
  const shared = await prepare(deps, job);
  const { sweep } = job;
  const { context, weights } =
    sweep === null
      ? await trainRun(shared, job)
      : await runSweep({
          ...deps,
          job,
          sweep,
          machine: shared.machine,
          isBudgetSpent: () => deps.meter.isBudgetSpent(),
          train: (trialJob, part) => trainRun({ ...shared, ...part }, trialJob),
        });
  return context.memory.run((savings) => exportModel({ ...context, savings }, weights));
}

/** Carries out the training of one trial. @param job The trial's own record. */
export async function fineTuneTrial(deps: FineTuneDeps, job: JobRecord, part: TrialPart): Promise<Trial> {
  const shared = await prepare(deps, job);
  const { result } = await trainTrial(deps.reporter, part, () =>
    trainRun({ ...shared, trial: part.trial }, job),
  );
  return result;
}

type Shared = Omit<
  TrainingContext,
  'job' | 'decision' | 'checkpoints' | 'network' | 'input' | 'memory' | 'savings'
> & {
  readonly machine: MachineMemory;
  /** Of a trial: whether it is over, so that no further stage of it is begun. */
  readonly isOver?: boolean;
};

/** Everything before the first training. */
async function prepare(deps: FineTuneDeps, job: JobRecord): Promise<Shared> {
  const base = await findBase(deps.store, job.architecture);
  checkTrainableLayers(job);
  const inspection = await validateDataset(deps, job);
  const { freeBytes } = await readMachineMemory('portable', deps.memoryLimitBytes);
  const engine = await openEngine({
    backend: job.backend,
    memoryBytes: PLANNED_SHARE * freeBytes,
    compiles: job.recipe.precision === 'mixed',
    cacheDirectory: deps.cacheDirectory,
  });
  await deps.reporter.message(
    `TensorFlow.js runs on the ${engine.info.backend} back end: ${engine.info.reason}`,
    {
      ...engine.info,
    },
  );
  const splits = splitsOf(inspection);
  const machine = await readMachineMemory(engine.info.backend, deps.memoryLimitBytes);
  if (job.sweep !== null && splits.validation.length === 0) {
    throw new FoveaError(
      'sweep-without-validation',
      'A sweep chooses by the validation split, and the dataset leaves none. Set split.validation above 0, or leave out sweep.',
      { param: 'sweep' },
    );
  }
  return { ...deps, engine, base, inspection, splits, machine };
}

/** One training: the job's own, or a trial's. Where memory runs out it goes on with less. */
async function trainRun(shared: Shared, job: JobRecord): Promise<TrainedRun> {
  const { base, engine, inspection, splits, machine, reporter } = shared;
  const classes = inspection.classes.length;
  const memory = openJobMemory({
    job,
    reporter,
    machine,
    kernelKills: readKernelKills,
    situation: { base, classes },
    rss: () => process.memoryUsage.rss(),
    collectGarbage,
  });
  const decision = decideRecipe({
    job,
    base,
    network: base.build({ inputSize: base.defaultInputSize, classes }),
    backend: engine.info.backend,
    labels: Int32Array.from(splits.train, (item) => item.classIndex),
    classes,
    memory: machine,
  });
  if (job.resolved === null) await writeDecision(shared, decision);
  await memory.start({
    partSizes: decision.partSizes,
    unfreezeFrom: decision.resolved.unfreezeFrom,
    isFirst: job.resolved === null,
    batchSizes: {
      features: featuresBatchSize(engine, base.imported === undefined),
      evaluation: EVALUATION_BATCH_SIZE,
      ...Object.fromEntries([...decision.stages].map(([name, { batchSize }]) => [name, batchSize])),
    },
  });
  return memory.run(async (savings) => {
    const inputSize = inputSizeOf(base, savings);
    const input = {
      ...inputSize,
      preprocessing: base.preprocessing,
      // The whole picture is seen: what a class is recognized by may be at its edge.
      resize: 'stretch',
    } as const;
    const network = base.build({ inputSize, classes });
    const checkpoints = await openRunCheckpoints(
      { ...shared, job },
      runFingerprint({ job, input, inspection, backboneHash: base.imported?.sha256 }),
    );
    const context: TrainingContext = {
      ...shared,
      job,
      network,
      input,
      decision,
      memory,
      savings,
      checkpoints,
    };
    await saveContactSheet(context);
    return { context, ...(await train(context, shared.isOver === true)) };
  });
}

/**
 * Every stage that the job has, from where an earlier attempt left it.
 * @param isOver Whether no stage is begun that has not been: what was trained is wanted, and nothing more.
 */
async function train(context: TrainingContext, isOver: boolean): Promise<Trained> {
  const { checkpoints, decision, meter } = context;
  if (decision.stages.has('scratch')) return trainFromScratch(context);
  const full = checkpoints.resume('full');
  if (full !== undefined) return resumeFull(context, full);
  const head = await trainHead(context);
  // Without its checkpoints what was trained is trained again, all of it.
  const isWanted = !isOver || checkpoints.resumedStage === undefined;
  return decision.stages.has('full') && isWanted && !meter.isBudgetSpent()
    ? trainFull(context, head.weights)
    : head;
}

async function writeDecision({ reporter }: Shared, { resolved }: Decision): Promise<void> {
  await reporter.setResolved(resolved);
  const stages = describeStages(resolved).join('; then ');
  await reporter.message([`Stages: ${stages}.`, ...resolved.reasons].join(' '), { ...resolved });
}
