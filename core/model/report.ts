// The report of a model version: what it can do, how sure that is, and how it was made. Written once beside the model.

import { z } from 'zod';
import { RecipeSchema, ResolvedRecipeSchema } from '../job/recipe.ts';
import { MemoryRecordSchema } from '../job/savings.ts';
import { TrialSchema } from '../job/sweep.ts';
import { FORMATS } from '../storage/formats.ts';
import { ModelInputSchema } from './manifest.ts';
import { PRECISIONS } from './precision.ts';

export const REPORT_FILE = 'report.json';
export const REPORT_PAGE_FILE = 'report.html';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** A number with its 95 % confidence interval. */
const EstimateSchema = z.object({ value: z.number(), low: z.number(), high: z.number() });
/** A share with Wilson's 95 % interval. */
const ProportionSchema = z.object({
  value: share,
  low: share,
  high: share,
  successes: count,
  trials: count,
});
export type ReportProportion = z.infer<typeof ProportionSchema>;

/** One epoch, as the job's events tell it; null where it was not measured. */
export const EpochSchema = z.object({
  /** Part of the training, where there is more than one, e.g. `head`. */
  stage: z.string().nullable(),
  epoch: count,
  trainLoss: z.number().nullable(),
  trainAccuracy: z.number().nullable(),
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  learningRate: z.number().nullable(),
  picturesPerSecond: z.number().nullable().default(null),
  /** Unix seconds. */
  endedAt: z.number().int().nullable().default(null),
});
export type Epoch = z.infer<typeof EpochSchema>;

const BinSchema = z.object({
  /** Confidences in (low, high]. */
  low: share,
  high: share,
  count,
  confidence: share.nullable(),
  accuracy: share.nullable(),
});

const ScoreQualitySchema = z.object({
  /** Expected calibration error over 15 bins of equal width. */
  calibrationError: share,
  /** Mean cross-entropy, nats. */
  crossEntropy: z.number(),
  /** Summed over classes, 0 to 2. */
  brierScore: z.number(),
  bins: z.array(BinSchema),
});
export type ReportScoreQuality = z.infer<typeof ScoreQualitySchema>;

/** A picture of the dataset that a person should look at. Classes by index; scores calibrated. */
const PictureSchema = z.object({
  /** Object key. */
  key: z.string(),
  label: count,
  predicted: count,
  /** Probability of the predicted class. */
  score: share,
  /** Probability of the label. */
  labelScore: share,
});
export type ReportPicture = z.infer<typeof PictureSchema>;

const SliceSchema = z.object({ from: z.number(), to: z.number(), accuracy: ProportionSchema });

export const ReportSchema = z.object({
  formatVersion: z.literal(FORMATS.report.version),
  model: z.string(),
  version: z.string(),
  jobId: z.string(),
  /** Unix seconds. */
  createdAt: z.number().int(),
  architecture: z.string(),
  /** Class names; every class below is an index into them. */
  labels: z.array(z.string()),

  dataset: z.object({
    name: z.string(),
    /** sha256 of classes, contents and splits. */
    contentHash: z.string(),
    /** Pictures of each class. */
    classes: z.array(z.object({ train: count, validation: count, test: count })),
    /** Findings by their code. */
    findings: z.record(z.string(), count),
    nearDuplicates: z.object({
      groupCount: count,
      pictureCount: count,
      acrossSplits: count,
      acrossClasses: count,
      /** Object keys. */
      groups: z.array(z.array(z.string())),
    }),
  }),

  /** What the results are of: the test split, or the validation split where there is no test. */
  judgedOn: z.enum(['test', 'validation']),
  /** Null where there was no picture to judge by. */
  results: z
    .object({
      accuracy: ProportionSchema,
      /** On the validation split, which chose the best epoch; null where there is none. */
      validationAccuracy: ProportionSchema.nullable(),
      topK: z.array(z.object({ k: count, accuracy: ProportionSchema })),
      macroF1: EstimateSchema,
      balancedAccuracy: EstimateSchema,
      /** Row: true class. Column: predicted class. */
      confusionMatrix: z.array(z.array(count)),
      /** The most frequent first; `share` of the pictures of the true class. */
      confusions: z.array(z.object({ actual: count, predicted: count, count, share })),
      classes: z.array(
        z.object({
          support: count,
          precision: ProportionSchema.nullable(),
          recall: ProportionSchema.nullable(),
          f1: EstimateSchema.nullable(),
          /** Of the calibrated probability, from the validation split. */
          bestF1Threshold: z.object({ threshold: share, f1: share }).nullable(),
        }),
      ),
      calibration: z.object({
        temperature: z.number().positive(),
        reason: z.enum(['fitted', 'too-few-examples', 'not-too-sure']),
        /** Pictures of the validation split that it was fitted on. */
        fittedOn: count,
        before: ScoreQualitySchema,
        after: ScoreQualitySchema,
        /** Calibration error that perfectly honest scores would show on as many pictures, by chance. */
        byChance: share,
      }),
      rejection: z
        .object({
          /** A picture is rejected when its largest calibrated probability is below. */
          threshold: share,
          /** Share of the validation split that it was allowed to reject. */
          falseRejectionRate: share,
          rejected: ProportionSchema,
          /** Null where all or none are rejected. */
          accuracyOfAccepted: ProportionSchema.nullable(),
          accuracyOfRejected: ProportionSchema.nullable(),
        })
        .nullable(),
      riskCoverage: z.object({
        area: share,
        bestArea: share,
        points: z.array(z.object({ coverage: share, risk: share, confidence: share })),
      }),
      mistakes: z.array(PictureSchema),
      slices: z.array(z.object({ by: z.enum(['megapixels', 'brightness']), parts: z.array(SliceSchema) })),
    })
    .nullable(),
  /** Pictures that training did not see whose label is probably wrong; the most suspicious first. */
  suspectedLabels: z.object({ count, judged: count, pictures: z.array(PictureSchema) }),

  /** Null where no class has fewer than half the training pictures of the largest. */
  imbalance: z
    .object({
      method: ResolvedRecipeSchema.shape.imbalance,
      /** Training pictures of the largest class to those of the smallest. */
      ratio: z.number(),
      /** Of each class: what its pictures count in the loss, or how often they come in an epoch. */
      factors: z.array(z.number()),
      smallClasses: count,
      /** Recall over the pictures of the small classes, and over those of the others; null where none was judged. */
      smallRecall: ProportionSchema.nullable(),
      otherRecall: ProportionSchema.nullable(),
    })
    .nullable()
    .default(null),

  training: z.object({
    seed: z.number().int(),
    recipe: RecipeSchema,
    /** What every `auto` of it came to, and which layers learned in the end; null where the trainer did not say. */
    resolved: ResolvedRecipeSchema.nullable(),
    /** What was given up where memory ran out, in the order in which it was; of a sweep, by its winner. */
    remedies: MemoryRecordSchema.shape.taken.default([]),
    hyperparameters: z.record(z.string(), z.union([z.string(), z.number()])),
    split: z.record(z.string(), z.number()),
    /** The snapshot of the dataset's split by which the pictures were dealt; null before there were snapshots. */
    splitSnapshot: z.number().int().min(1).nullable().default(null),
    input: ModelInputSchema,
    backend: z.string(),
    devices: z.array(z.string()),
    /** Who computed: package or program to version. */
    versions: z.record(z.string(), z.string()),
    history: z.array(EpochSchema),
    /** Of a sweep, judged on the validation split; the settings above are those of the chosen one. */
    trials: z.array(TrialSchema.omit({ givenUp: true }).extend({ isChosen: z.boolean() })).default([]),
  }),
  /** The file that a user brought, where the layers below the classifier are those of one. */
  backbone: z.object({ name: z.string(), sha256: z.string() }).nullable().default(null),
  parity: z.object({
    pictures: count,
    /** Largest difference of a probability between trainer and served model. */
    maxDifference: z.number(),
    allowed: z.number(),
    goldenPictures: count,
    /** The same between served model and the files for TensorFlow.js, on the golden pictures; null where not compared. */
    tfjsMaxDifference: z.number().nullable().default(null),
  }),
  /** The model in fewer bits, each measured beside the model itself. */
  variants: z
    .array(
      z.object({
        precision: z.enum(PRECISIONS),
        file: z.string(),
        sizeBytes: count,
        originalSizeBytes: count,
        /** Median of one picture on one thread of the machine that trained. */
        msPerPicture: z.number(),
        originalMsPerPicture: z.number(),
        /** Pictures of the judged split that were compared. */
        pictures: count,
        /** Of a probability. */
        maxDifference: z.number(),
        meanDifference: z.number(),
        /** Share of pictures with the same likeliest class. */
        topOneAgreement: share,
      }),
    )
    .default([]),
});
export type Report = z.infer<typeof ReportSchema>;
export const REPORT = { ...FORMATS.report, schema: ReportSchema };
export type ReportResults = NonNullable<Report['results']>;
