// A FitState as a checkpoint's header and arrays, and back; with it, what a fold has decided before.

import { z } from 'zod';
import type { CheckpointFile } from '../../core/job/checkpoints/checkpoint-file.ts';
import { checkpointUnfit } from '../../core/job/checkpoints/checkpoints.ts';
import { FORMATS } from '../../core/storage/formats.ts';
import { parseStoredJson, withFormat } from '../../core/storage/parse-stored.ts';
import type { BestEpoch, FitState } from './fit-state.ts';
import type { Verdict } from './verdict.ts';

const TRAINER = 'trainer/';
const FIRST = 'first/';
const BEST = 'best/';
const VERDICT = 'verdict/';
/** Not among the weights: no network has a layer of this name. */
const PROBABILITIES = 'verdict-probabilities';

const NullableNumber = z.number().nullable();

const EpochReportSchema = z.object({
  epoch: z.number().int(),
  epochs: z.number().int(),
  step: z.number().int(),
  trainLoss: z.number(),
  trainAccuracy: z.number(),
  validationLoss: NullableNumber,
  validationAccuracy: NullableNumber,
  learningRate: z.number(),
  imagesPerSecond: z.number(),
});

const StoredEpochSchema = z.object({
  epoch: z.number().int(),
  validationLoss: NullableNumber,
  /** Weights that are the trainer's own at this moment, and stored there alone. */
  shared: z.array(z.string()),
});

const HEADER = {
  ...FORMATS.checkpoint,
  schema: z.object({
    /** Hash of everything that decides what the numbers mean. */
    fingerprint: z.string(),
    stage: z.string(),
    epoch: z.number().int().min(1),
    batch: z.number().int().min(0),
    sums: z.object({ loss: z.number(), correct: z.number(), seen: z.number() }),
    history: z.array(EpochReportSchema),
    isFinished: z.boolean(),
    trainer: z.object({
      formatVersion: z.literal(FORMATS.trainerState.version),
      batches: z.number().int(),
      updates: z.number().int(),
      seed: z.number().int(),
    }),
    first: StoredEpochSchema.nullable().default(null),
    best: StoredEpochSchema.nullable(),
    /** What a fold has decided, where layers are trained again; its weights and probabilities are arrays. */
    verdict: z
      .object({
        share: z.number(),
        validationLoss: NullableNumber,
        validationAccuracy: NullableNumber,
      })
      .optional(),
  }),
};

/** A training run's checkpoint: which run, which stage of it, and how far that has come. */
export interface RunCheckpoint {
  readonly fingerprint: string;
  readonly stage: string;
  readonly state: FitState;
  /** What a fold has decided, where layers are trained again. */
  readonly verdict?: Verdict | undefined;
}

const haveSameBits = (a: Float32Array, b: Float32Array | undefined): boolean =>
  b !== undefined &&
  Buffer.compare(
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

/** A checkpoint as a file. Weights of the first and the best epoch that the trainer has at this moment are stored once. */
export function toCheckpointFile({ fingerprint, stage, state, verdict }: RunCheckpoint): CheckpointFile {
  const { trainer, first, best, ...position } = state;
  const { variables, ...counters } = trainer;
  const tensors = new Map<string, Float32Array>();
  for (const [name, values] of variables) tensors.set(TRAINER + name, values);
  const store = (epoch: BestEpoch | undefined, prefix: string) => {
    if (epoch === undefined) return null;
    const shared: string[] = [];
    for (const [name, values] of epoch.weights) {
      if (haveSameBits(values, variables.get(name))) shared.push(name);
      else tensors.set(prefix + name, values);
    }
    return { epoch: epoch.epoch, validationLoss: epoch.validationLoss, shared };
  };
  const header: z.input<typeof HEADER.schema> = {
    fingerprint,
    stage,
    ...position,
    history: [...position.history],
    trainer: counters,
    first: store(first, FIRST),
    best: store(best, BEST),
    ...(verdict === undefined ? {} : { verdict: storeVerdict(verdict, tensors) }),
  };
  return { header: withFormat(HEADER, header), tensors };
}

/** What the header has of a verdict. Its arrays go to the tensors. */
function storeVerdict(
  { weights, probabilities, ...decided }: Verdict,
  tensors: Map<string, Float32Array>,
): z.input<typeof HEADER.schema>['verdict'] {
  for (const [name, values] of weights) tensors.set(VERDICT + name, values);
  tensors.set(PROBABILITIES, probabilities);
  return decided;
}

/**
 * Reads a checkpoint of the run with the given fingerprint.
 *
 * @param key The file's object key, for messages.
 * @throws {FoveaError} `checkpoint-unfit`, `format-newer`.
 */
export function fromCheckpointFile(file: CheckpointFile, fingerprint: string, key: string): RunCheckpoint {
  const parsed = parseStoredJson(HEADER, key, file.header);
  if (!('value' in parsed)) throw checkpointUnfit(`of its header, ${parsed.problem}`, parsed.cause);
  const { trainer, first, best, verdict, stage, fingerprint: found, ...position } = parsed.value;
  if (found !== fingerprint) throw checkpointUnfit('it is of other settings or other pictures');
  const withPrefix = (prefix: string) =>
    new Map(
      [...file.tensors].flatMap(([name, values]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), values] as const] : [],
      ),
    );
  const variables = withPrefix(TRAINER);
  const restore = (
    stored: z.output<typeof StoredEpochSchema> | null,
    prefix: string,
  ): BestEpoch | undefined => {
    if (stored === null) return undefined;
    const weights = withPrefix(prefix);
    for (const name of stored.shared) {
      const values = variables.get(name);
      if (values === undefined) throw checkpointUnfit(`the weights "${prefix}${name}" are missing`);
      weights.set(name, values);
    }
    return { epoch: stored.epoch, validationLoss: stored.validationLoss, weights };
  };
  const probabilities = file.tensors.get(PROBABILITIES);
  return {
    fingerprint,
    stage,
    ...(verdict === undefined || probabilities === undefined
      ? {}
      : { verdict: { ...verdict, probabilities, weights: withPrefix(VERDICT) } }),
    state: {
      ...position,
      trainer: { ...trainer, variables },
      first: restore(first, FIRST),
      best: restore(best, BEST),
    },
  };
}
