// What a job's record says of memory: the out-of-memory remedies by name, those that were taken and what they changed, and marks by
// which the next attempt sees how one ended. Knows nothing of how training works.

import { z } from 'zod';

/**
 * The out-of-memory remedies in their default order: first those that keep the quality of the model.
 */
export const REMEDIES = [
  /** Gradient accumulation: smaller micro-batches, whose gradients are summed to the batch's. */
  'smaller_batches',
  /** Cached features of the frozen backbone are stored in 16 bits. */
  'half_precision',
  /** Fewer pretrained layers are trainable; the lower ones stay frozen. */
  'fewer_layers',
  /** The network's input is smaller, in training and in serving. */
  'smaller_pictures',
  /** The attempt ends, and on AWS Batch the job moves to a larger machine. */
  'larger_machine',
] as const;
/** The name of an out-of-memory remedy. */
export const RemedySchema = z
  .enum(REMEDIES)
  .describe(
    '`smaller_batches`: gradient accumulation over smaller micro-batches, with the same result. `half_precision`: cached features ' +
      'in 16 bits. `fewer_layers`: fewer pretrained layers are trainable. `smaller_pictures`: a smaller input, in training and in ' +
      'serving. `larger_machine`: the attempt ends, and on AWS Batch the job moves to a larger machine.',
  );
/** One of {@link REMEDIES}. */
export type RemedyName = z.infer<typeof RemedySchema>;

/** The settings that the remedies taken so far have changed. */
export const SavingsSchema = z.object({
  /** Size of the micro-batches by stage; a stage that is not named has whole batches. */
  partSizes: z.record(z.string(), z.number().int().min(1)),
  halfPrecision: z.boolean(),
  /** The first trainable layer in the stage `full`; null where the recipe decides. */
  unfreezeFrom: z.string().nullable(),
  /** Height and width of the network's input; null for the architecture's default. */
  inputSize: z.object({ height: z.number().int(), width: z.number().int() }).nullable(),
});
/** The settings that remedies have changed. */
export type Savings = z.infer<typeof SavingsSchema>;

/** The settings before any remedy. */
export const NO_SAVINGS: Savings = {
  partSizes: {},
  halfPrecision: false,
  unfreezeFrom: null,
  inputSize: null,
};

/** What a job's record says of memory. */
export const MemoryRecordSchema = z.object({
  /** The trial that the record is about, in a sweep whose trials run one after another; null elsewhere. */
  trial: z.number().int().nullable().default(null),
  savings: SavingsSchema,
  /** The remedies in the order in which they were taken. */
  taken: z.array(
    z.object({
      remedy: RemedySchema,
      stage: z.string().describe('Stage of the training in which memory ran out, e.g. `full`.'),
      gaveUp: z.string().describe('What the remedy changed, in words.'),
    }),
  ),
  /** Memory of the device for which the remedies were taken, in bytes; null before the first attempt. */
  deviceBytes: z.number().nullable(),
  /**
   * The stage that the attempt is in. An attempt that ends normally sets it to null. If the next attempt finds a value, the process
   * was killed.
   */
  trying: z
    .object({
      stage: z.string(),
      /** Id of the machine's boot, and how many processes its kernel had killed for memory by then; null where not known. */
      boot: z.string().nullable(),
      oomKills: z.number().int().nullable(),
    })
    .nullable(),
  /** Set by a queue that was told that the attempt was killed for memory. */
  wasKilled: z.boolean(),
});
/** The memory record of a job or a trial. */
export type MemoryRecord = z.infer<typeof MemoryRecordSchema>;

/** The remedies that a finished training was made with. */
export const TakenRemediesSchema = MemoryRecordSchema.pick({ savings: true, taken: true });
/** The remedies that a finished training was made with. */
export type TakenRemedies = z.infer<typeof TakenRemediesSchema>;

/**
 * The memory record for a trial. The job keeps one record; if it belongs to another trial, this trial starts with an empty one.
 * @param givenUp the remedies of a trial that is over. They stay in the record, because its weights were trained with them, even if the
 * machine is larger now.
 */
export function memoryOfTrial(memory: MemoryRecord, trial: number, givenUp?: TakenRemedies): MemoryRecord {
  if (memory.trial !== trial) return { ...NO_MEMORY_RECORD, ...givenUp, trial };
  return givenUp === undefined ? memory : { ...memory, deviceBytes: null };
}

/** The record at the end of an attempt that ends by itself, so that the next one does not think that it was killed. */
export const afterOwnEnd = (memory: MemoryRecord): MemoryRecord => ({
  ...memory,
  trying: null,
  wasKilled: false,
});

/** The memory record before the first attempt. */
export const NO_MEMORY_RECORD: MemoryRecord = {
  trial: null,
  savings: NO_SAVINGS,
  taken: [],
  deviceBytes: null,
  trying: null,
  wasKilled: false,
};
