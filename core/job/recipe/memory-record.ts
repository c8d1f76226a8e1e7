// What a job gives up when memory runs out: the remedies by name, what those taken come to, and what an attempt leaves
// behind for the next one to see how it ended. Knows nothing of how training works.

import { z } from 'zod';

/**
 * The remedies, in the order in which they are taken unless a request says otherwise: first those that leave the model's
 * quality as it is.
 */
export const REMEDIES = [
  /** Batches are taken in parts; their gradients add up to the batch's. */
  'smaller_batches',
  /** Cached features of the frozen backbone are kept in 16 bits. */
  'half_precision',
  /** The lower of the pretrained layers stay as they are. */
  'fewer_layers',
  /** The network sees smaller pictures, in training and in service. */
  'smaller_pictures',
  /** The attempt ends, and on AWS Batch a larger machine takes the job over. */
  'larger_machine',
] as const;
export const RemedySchema = z
  .enum(REMEDIES)
  .describe(
    '`smaller_batches`: batches in parts, with the same result. `half_precision`: cached features in 16 bits. `fewer_layers`: ' +
      'the lower of the pretrained layers stay as they are. `smaller_pictures`: in training and in service. ' +
      '`larger_machine`: the attempt ends, and on AWS Batch a larger machine takes the job over.',
  );
export type RemedyName = z.infer<typeof RemedySchema>;

/** What the remedies taken so far come to. */
export const SavingsSchema = z.object({
  /** Most pictures at once by stage; a stage that is not named takes whole batches. */
  partSizes: z.record(z.string(), z.number().int().min(1)),
  halfPrecision: z.boolean(),
  /** The first layer that learns in the stage `full`; null where the recipe decides. */
  unfreezeFrom: z.string().nullable(),
  /** Height and width of the network's input; null is the architecture's own. */
  inputSize: z.object({ height: z.number().int(), width: z.number().int() }).nullable(),
});
export type Savings = z.infer<typeof SavingsSchema>;

export const NO_SAVINGS: Savings = {
  partSizes: {},
  halfPrecision: false,
  unfreezeFrom: null,
  inputSize: null,
};

export const MemoryRecordSchema = z.object({
  /** Of a sweep whose trials run one after another, the trial that all of it is of. */
  trial: z.number().int().nullable().default(null),
  savings: SavingsSchema,
  /** In the order in which they were taken. */
  taken: z.array(
    z.object({
      remedy: RemedySchema,
      stage: z.string().describe('Of the training, e.g. `full`.'),
      gaveUp: z.string().describe('In words.'),
    }),
  ),
  /** Memory of the device that the savings were made for, bytes; null before the first attempt. */
  deviceBytes: z.number().nullable(),
  /**
   * What the running attempt is at. An attempt that ends by itself clears it: found by the next one, it tells that the
   * process was ended from outside.
   */
  trying: z
    .object({
      stage: z.string(),
      /** Of the machine, and how many processes its kernel had ended for memory by then; null where that is not known. */
      boot: z.string().nullable(),
      oomKills: z.number().int().nullable(),
    })
    .nullable(),
  /** Set by a queue that was told that the attempt was ended for memory. */
  wasKilled: z.boolean(),
});
export type MemoryRecord = z.infer<typeof MemoryRecordSchema>;

/** What was given up for a training that is over. */
export const TakenRemediesSchema = MemoryRecordSchema.pick({ savings: true, taken: true });
export type TakenRemedies = z.infer<typeof TakenRemediesSchema>;

/**
 * A trial's own memory record, where its job's may be of another trial.
 * @param givenUp Of a trial that is over: its weights are what they are, also on a larger machine.
 */
export function memoryOfTrial(memory: MemoryRecord, trial: number, givenUp?: TakenRemedies): MemoryRecord {
  if (memory.trial !== trial) return { ...NO_MEMORY_RECORD, ...givenUp, trial };
  return givenUp === undefined ? memory : { ...memory, deviceBytes: null };
}

/** As an attempt leaves it that ends by itself: the next one is not to think that it was killed. */
export const afterOwnEnd = (memory: MemoryRecord): MemoryRecord => ({
  ...memory,
  trying: null,
  wasKilled: false,
});

export const NO_MEMORY_RECORD: MemoryRecord = {
  trial: null,
  savings: NO_SAVINGS,
  taken: [],
  deviceBytes: null,
  trying: null,
  wasKilled: false,
};
