// Step 4: AWS takes the Spot machine of a job away, and the job goes on elsewhere from where it was.

import type { CreateJobBody } from '../../api/create-job.ts';
import type { WireJob, WireJobEvent } from '../../api/job.ts';
import { isJobOver } from '../../client/jobs.ts';
import { interruptMachines, removeExperiment } from './experiment.ts';
import type { Facts, Proof } from './proof.ts';
import { machinesOf } from './remains.ts';
import { DATASET, LONG_MODEL, MAX_COST_USD } from './settings.ts';
import { watchJob } from './watch-job.ts';

const BASE = 'mobilenet_v2_1.0';
/** More than fit into the cost cap. */
const EPOCHS = 1000;
/** Epochs of the stage before the interruption, so that there is something to lose. */
const EPOCHS_BEFORE = 5;
const MINUTES = { start: 60, restart: 75, end: 30 } as const;

/** The job. Its preset stops at no validation loss, so that it lasts. */
export const LONG_JOB: Omit<CreateJobBody, 'dry_run'> = {
  model: BASE,
  training_file: DATASET,
  suffix: LONG_MODEL,
  recipe: { preset: 'course', stages: 'full', variants: [] },
  hyperparameters: { n_epochs: EPOCHS },
  max_cost_usd: MAX_COST_USD.longJob,
};

/** Trains, interrupts, and ends the job early once it has gone on. */
export async function interruptSpot(proof: Proof): Promise<Facts> {
  const client = await proof.client();
  const { id } = await client.jobs.create(LONG_JOB);
  try {
    return await interrupt(proof, id);
  } catch (error) {
    // Without the interruption the job shows nothing, and would go on to its cost cap.
    if (!isJobOver(await client.jobs.get(id))) await client.jobs.cancel(id);
    throw error;
  } finally {
    await removeExperiment(proof);
  }
}

async function interrupt(proof: Proof, id: string): Promise<Facts> {
  const client = await proof.client();
  const before = await watchJob(proof, id, {
    minutes: MINUTES.start,
    until: (job) => {
      if (job.machines?.capacity === 'on-demand')
        throw new Error(
          'No Spot machine was free, and the job has moved to one on demand. Try at another hour: --only interrupt',
        );
      return isTraining(job) && (job.progress?.epoch ?? 0) >= EPOCHS_BEFORE;
    },
  });
  const machines = await machinesOf(proof, 'spot');
  if (machines.length === 0)
    throw new Error('The job trains, and no Spot machine is in the network of the stack.');
  proof.say(`  AWS FIS takes ${machines.join(', ')} away at epoch ${before.progress?.epoch} …`);
  await interruptMachines(proof, machines);
  const interruptedAt = Date.now();
  let resumed: WireJobEvent | undefined;
  const after = await watchJob(proof, id, {
    minutes: MINUTES.restart,
    until: async (job) => {
      resumed = (await client.jobs.eventsSince(id)).findLast(({ message }) =>
        message.startsWith('The job resumes in'),
      );
      return resumed !== undefined && isTraining(job);
    },
  });
  const secondsToGoOn = Math.round((Date.now() - interruptedAt) / 1000);
  const others = (await machinesOf(proof)).filter((machine) => !machines.includes(machine));
  if (others.length === 0) throw new Error(`The job ${id} goes on, and not on another machine.`);
  await client.jobs.finish(id);
  const end = await watchJob(proof, id, { minutes: MINUTES.end });
  return {
    job: id,
    machine_taken: machines.join(' '),
    epoch_then: before.progress?.epoch ?? 0,
    machine_after: others.join(' '),
    capacity_after: after.machines?.capacity ?? 'unknown',
    went_on: resumed?.message ?? '',
    seconds_from_the_interruption_to_training: secondsToGoOn,
    attempts: end.attempts,
    cost_usd: end.cost.usd,
    model: end.fine_tuned_model ?? '',
  };
}

/** Whether the long stage runs. */
const isTraining = ({ status, progress }: WireJob): boolean =>
  status === 'running' && progress?.stage === 'training' && progress.epochs === EPOCHS;
