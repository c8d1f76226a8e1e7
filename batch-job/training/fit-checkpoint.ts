// A FitState as a checkpoint's header and arrays, and back; with it, what earlier runs of its stage have come to.

import { z } from 'zod';
import type { CheckpointFile } from '../../core/job/checkpoints/checkpoint-file.ts';
import { checkpointUnfit } from '../../core/job/checkpoints/checkpoints.ts';
import { EpochReportSchema } from '../../core/job/checkpoints/list-checkpoints.ts';
import { FORMATS } from '../../core/storage/formats.ts';
import { parseStoredJson, withFormat } from '../../core/storage/parse-stored.ts';
import type { BestEpoch, FitState } from './fit-state.ts';
import type { Carried, FoldAnswers, Verdict } from './verdict.ts';

const TRAINER = 'trainer/';
const FIRST = 'first/';
const BEST = 'best/';
const KEPT = 'kept/';
const VERDICT = 'verdict/';
/** Not among the weights: no network has a layer of this name. */
const PROBABILITIES = 'verdict-probabilities';
const FOLDS = 'folds/';

const NullableNumber = z.number().nullable();

const StoredEpochSchema = z.object({
  epoch: z.number().int(),
  validationLoss: NullableNumber,
  /** Weights that are the trainer's own at this moment, and stored there alone. */
  shared: z.array(z.string()),
});

const VerdictSchema = z.object({
  share: z.number(),
  epoch: z.number().int().optional(),
  validationLoss: NullableNumber,
  validationAccuracy: NullableNumber,
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
    kept: z.array(StoredEpochSchema).optional(),
    /** What a fold has decided, where layers are trained again; its weights and probabilities are arrays. */
    verdict: VerdictSchema.optional(),
    /** The same of several folds, under another name: a version that knows one fold alone trains anew instead. */
    foldsVerdict: VerdictSchema.optional(),
    /** The folds that are done; what the weights say that were tried are arrays. */
    folds: z
      .array(
        z.object({
          fold: z.number().int(),
          tried: z.array(z.object({ epoch: z.number().int(), share: z.number() })),
        }),
      )
      .optional(),
  }),
};

/** A training run's checkpoint: which run, which stage of it, and how far that has come. */
export interface RunCheckpoint {
  readonly fingerprint: string;
  readonly stage: string;
  readonly state: FitState;
  /** What earlier runs of the stage have come to. */
  readonly carried?: Carried;
}

const haveSameBits = (a: Float32Array, b: Float32Array | undefined): boolean =>
  b !== undefined &&
  Buffer.compare(
    new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
    new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

/** A checkpoint as a file. Weights of the first and the best epoch that the trainer has at this moment are stored once. */
export function toCheckpointFile({ fingerprint, stage, state, carried }: RunCheckpoint): CheckpointFile {
  const { trainer, first, best, kept, ...position } = state;
  const { variables, ...counters } = trainer;
  const tensors = new Map<string, Float32Array>();
  for (const [name, values] of variables) tensors.set(TRAINER + name, values);
  const store = (epoch: BestEpoch, prefix: string) => {
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
    first: first === undefined ? null : store(first, FIRST),
    best: best === undefined ? null : store(best, BEST),
    ...(kept === undefined ? {} : { kept: kept.map((epoch, i) => store(epoch, `${KEPT}${i}/`)) }),
    ...storeCarried(carried ?? {}, tensors),
  };
  return { header: withFormat(HEADER, header), tensors };
}

/** What the header has of earlier runs. Their arrays go to the tensors. */
function storeCarried(
  { verdict, folds }: Carried,
  tensors: Map<string, Float32Array>,
): Pick<z.input<typeof HEADER.schema>, 'verdict' | 'foldsVerdict' | 'folds'> {
  if (verdict !== undefined) {
    for (const [name, values] of verdict.weights ?? []) tensors.set(VERDICT + name, values);
    tensors.set(PROBABILITIES, verdict.probabilities);
  }
  folds?.forEach(({ tried }, index) => {
    tried.forEach(({ probabilities }, i) => {
      tensors.set(`${FOLDS}${index}/${i}`, probabilities);
    });
  });
  return {
    ...(verdict === undefined ? {} : storeVerdict(verdict)),
    ...(folds === undefined
      ? {}
      : {
          folds: folds.map(({ fold, tried }) => ({
            fold,
            tried: tried.map(({ epoch, share }) => ({ epoch, share })),
          })),
        }),
  };
}

function storeVerdict({
  weights,
  probabilities: _,
  ...decided
}: Verdict): Pick<z.input<typeof HEADER.schema>, 'verdict' | 'foldsVerdict'> {
  return weights === undefined ? { foldsVerdict: decided } : { verdict: decided };
}

/** What earlier runs have come to, by the header and the tensors. */
function restoreCarried(
  {
    verdict,
    foldsVerdict,
    folds,
  }: Pick<z.output<typeof HEADER.schema>, 'verdict' | 'foldsVerdict' | 'folds'>,
  tensors: ReadonlyMap<string, Float32Array>,
  withPrefix: (prefix: string) => Map<string, Float32Array>,
): Carried {
  const tensor = (name: string): Float32Array => {
    const values = tensors.get(name);
    if (values === undefined) throw checkpointUnfit(`the values "${name}" are missing`);
    return values;
  };
  const decided = foldsVerdict ?? verdict;
  const restoreFold = ({ fold, tried }: NonNullable<typeof folds>[number], index: number): FoldAnswers => ({
    fold,
    tried: tried.map((one, i) => ({ ...one, probabilities: tensor(`${FOLDS}${index}/${i}`) })),
  });
  return {
    ...(decided === undefined
      ? {}
      : {
          verdict: {
            ...decided,
            probabilities: tensor(PROBABILITIES),
            ...(foldsVerdict === undefined ? { weights: withPrefix(VERDICT) } : {}),
          },
        }),
    ...(folds === undefined ? {} : { folds: folds.map(restoreFold) }),
  };
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
  const { trainer, first, best, kept, verdict, foldsVerdict, folds, stage, ...rest } = parsed.value;
  const { fingerprint: found, ...position } = rest;
  if (found !== fingerprint) throw checkpointUnfit('it is of other settings or other pictures');
  const withPrefix = (prefix: string) =>
    new Map(
      [...file.tensors].flatMap(([name, values]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), values] as const] : [],
      ),
    );
  const variables = withPrefix(TRAINER);
  const restore = (stored: z.output<typeof StoredEpochSchema>, prefix: string): BestEpoch => {
    const weights = withPrefix(prefix);
    for (const name of stored.shared) {
      const values = variables.get(name);
      if (values === undefined) throw checkpointUnfit(`the weights "${prefix}${name}" are missing`);
      weights.set(name, values);
    }
    return { epoch: stored.epoch, validationLoss: stored.validationLoss, weights };
  };
  return {
    fingerprint,
    stage,
    carried: restoreCarried({ verdict, foldsVerdict, folds }, file.tensors, withPrefix),
    state: {
      ...position,
      trainer: { ...trainer, variables },
      first: first === null ? undefined : restore(first, FIRST),
      best: best === null ? undefined : restore(best, BEST),
      ...(kept === undefined ? {} : { kept: kept.map((epoch, i) => restore(epoch, `${KEPT}${i}/`)) }),
    },
  };
}
