// Jobs that are taken over where there is less memory: by a trainer with a limit of its own, and in a control group whose
// kernel ends it. Each must take the remedy that its policy has first, and end with a model as good as an undisturbed one.

import { setTimeout as delay } from 'node:timers/promises';
import type { RemedyName } from '../../core/job/recipe/memory-record.ts';
import { RecipeSchema } from '../../core/job/recipe/recipe.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { NewJob } from '../../core/job/record/job-store.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { createMemoryGroup } from '../support/memory-group.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { ended, endTrainerWhen, releaseLease, startTrainer } from '../support/trainer-process.ts';
import { type Chaos, drawTints, type Row } from './chaos-context.ts';

const MB = 1e6;
const POLL_MS = 10;
const BATCH = 256;
const EPOCHS = 4;
/**
 * On top of some 300 MB of the process, a batch of 256 pictures takes 146 MB by the plan and 65 MB where they are smaller, and up
 * to twice that in earnest.
 */
const SMALL_LIMITS = { smaller_batches: 400 * MB, smaller_pictures: 500 * MB } as const;
/** 8 pictures take 349 MB where all layers learn; the process with ONNX Runtime and the pictures takes some 330 MB. */
const LAYERS_LIMIT = 620 * MB;
/** The kernel's grip once training begins: less than a batch takes. */
const GRIP = 40 * MB;
/** Of the network's input: its own, and where it is made smaller once. */
const SIDE = 48;
const SMALL_SIDE = 32;
/** Losses of the same training, in parts and whole, differ by rounding. */
const LOSS_TOLERANCE = 1e-3;
const WEIGHTS = 'mobilenet_v2_0.35_224_no_top.h5';

const isAt =
  (stage: string) =>
  ({ memory }: JobRecord): boolean =>
    memory.trying?.stage === stage;

const limited = (bytes: number) => ({ env: { FOVEA_MEMORY_LIMIT_BYTES: String(bytes) } });

export async function runMemoryLimits(chaos: Chaos): Promise<readonly Row[]> {
  const { jobs } = chaos;
  await drawTints(chaos, 'many', 3, 128);
  const plainJob = {
    dataset: 'many',
    hyperparameters: { n_epochs: EPOCHS, batch_size: BATCH, learning_rate_multiplier: 'auto' },
  } satisfies Partial<NewJob>;
  const expected = await lastLoss(chaos, (await chaos.finish(await chaos.createJob(plainJob))).id);

  async function rowOf(scenario: string, job: JobRecord, remedy: RemedyName): Promise<Row> {
    const loss = await lastLoss(chaos, job.id);
    const remedies = job.memory.taken.map((taken) => taken.remedy);
    const isSame = remedy !== 'smaller_batches' || Math.abs(loss - expected) < LOSS_TOLERANCE;
    return {
      scenario,
      found:
        `${job.status} after ${remedies.join(', ') || 'no remedy'}; loss ${loss.toFixed(4)}, ` +
        (job.error === null ? `test ${job.result?.testAccuracy}` : job.error.message),
      isRight: job.status === 'succeeded' && remedies.includes(remedy) && isSame,
    };
  }

  const rows: Row[] = [];
  for (const remedy of ['smaller_batches', 'smaller_pictures'] as const) {
    const recipe = RecipeSchema.parse({ out_of_memory: [remedy] });
    const id = await chaos.createJob({ ...plainJob, recipe });
    await endTrainerWhen(chaos.trainer(id), jobs, 'SIGKILL', isAt('scratch'));
    await releaseLease(jobs, id);
    const limit = SMALL_LIMITS[remedy];
    const row = await rowOf(
      `taken over with ${limit / MB} MB`,
      await chaos.finish(id, limited(limit)),
      remedy,
    );
    const job = (await jobs.get(id)) as JobRecord;
    const size =
      job.modelVersion === null
        ? undefined
        : (await readManifest(chaos.store, job.model, job.modelVersion)).input.height;
    const expectedSize = remedy === 'smaller_pictures' ? SMALL_SIDE : SIDE;
    rows.push({
      ...row,
      found: `${row.found}; served at ${size} × ${size}`,
      isRight: row.isRight && size === expectedSize,
    });
  }

  const group = await createMemoryGroup(`fovea-chaos-${process.pid}`);
  if (typeof group === 'string') console.log(`left out: ended by the kernel. ${group}`);
  else {
    try {
      const id = await chaos.createJob(plainJob);
      const child = startTrainer(chaos.trainer(id, { prefix: group.prefix }));
      while (child.exitCode === null && !isAt('scratch')((await jobs.get(id)) as JobRecord))
        await delay(POLL_MS);
      group.grip(GRIP);
      const end = await ended(child);
      await releaseLease(jobs, id);
      await group.release();
      const row = await rowOf(`ended by the kernel (${end})`, await chaos.finish(id), 'smaller_batches');
      rows.push({ ...row, isRight: row.isRight && end === 'SIGKILL' });
    } finally {
      await group.remove();
    }
  }

  if (hasSharedData('weights', WEIGHTS)) {
    await drawTints(chaos, 'pretrained', 3, 10);
    const id = await chaos.createJob({
      architecture: 'mobilenet_v2_0.35',
      dataset: 'pretrained',
      recipe: RecipeSchema.parse({
        stages: 'full',
        unfreeze_from: null,
        out_of_memory: ['fewer_layers', 'smaller_batches'],
      }),
      hyperparameters: { n_epochs: 1, batch_size: 8, learning_rate_multiplier: 'auto' },
    });
    const weightsDir = `${SHARED_DATA}/weights`;
    await endTrainerWhen(chaos.trainer(id, { weightsDir }), jobs, 'SIGKILL', isAt('full'));
    await releaseLease(jobs, id);
    const job = await chaos.finish(id, { weightsDir, ...limited(LAYERS_LIMIT) });
    rows.push(await rowOf(`pretrained layers, ${LAYERS_LIMIT / MB} MB`, job, 'fewer_layers'));
  }
  return rows;
}

/** Of the last epoch. */
async function lastLoss({ jobs }: Chaos, id: string): Promise<number> {
  const { events } = await jobs.events(id, { limit: 1000 });
  return Number(events.find(({ type }) => type === 'metrics')?.data?.['train_loss'] ?? Number.NaN);
}
