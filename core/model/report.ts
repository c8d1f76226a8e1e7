// The report of a model version: what it can do, how sure that is, and how it was made. Written once beside the model.

import { z } from 'zod';
import { ModelInputSchema } from '../image/model-input.ts';
import { MemoryRecordSchema } from '../job/recipe/memory-record.ts';
import { PRECISIONS } from '../job/recipe/precision.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../job/recipe/recipe.ts';
import { TrialSchema } from '../job/recipe/sweep.ts';
import { FORMATS } from '../storage/formats.ts';

export const REPORT_FILE = 'report.json';
export const REPORT_PAGE_FILE = 'report.html';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** A number with its 95 % confidence interval. */
const EstimateSchema = z.object({
  value: z.number().describe('What was measured.'),
  low: z.number().describe('Lower end of the 95 % confidence interval.'),
  high: z.number().describe('Upper end of the 95 % confidence interval.'),
});
const ProportionSchema = z.object({
  value: share.describe('What was measured.'),
  low: share.describe("Lower end of Wilson's 95 % interval."),
  high: share.describe("Upper end of Wilson's 95 % interval."),
  successes: count.describe('Cases that count.'),
  trials: count.describe('All cases.'),
});
export type ReportProportion = z.infer<typeof ProportionSchema>;

/** Null where it was not measured. */
const measured = (what: string) => z.number().nullable().describe(`${what}; null where it was not measured.`);

/** One epoch, as the job's events tell it. */
export const EpochSchema = z.object({
  stage: z
    .string()
    .nullable()
    .describe('Part of the training, where there is more than one, e.g. `head`; otherwise null.'),
  epoch: count.describe('From 1.'),
  trainLoss: measured('Cross-entropy on the training pictures, nats'),
  trainAccuracy: measured('Share of the training pictures that were right'),
  validationLoss: measured('Cross-entropy on the validation split, nats'),
  validationAccuracy: measured('Share of the validation split that was right'),
  learningRate: measured('Learning rate'),
  picturesPerSecond: measured('Pictures a second').default(null),
  endedAt: z.number().int().nullable().default(null).describe('Unix seconds; null where it is not known.'),
});
export type Epoch = z.infer<typeof EpochSchema>;

const BinSchema = z.object({
  low: share.describe('Confidences above it.'),
  high: share.describe('Confidences up to it.'),
  count: count.describe('Pictures with such a confidence.'),
  confidence: share.nullable().describe('Their mean confidence; null where there are none.'),
  accuracy: share.nullable().describe('Share of them that is right; null where there are none.'),
});

const ScoreQualitySchema = z.object({
  calibrationError: share.describe('Expected calibration error over 15 bins of equal width.'),
  crossEntropy: z.number().describe('Mean cross-entropy, nats.'),
  brierScore: z.number().describe('Summed over classes, 0 to 2.'),
  bins: z.array(BinSchema).describe('Confidence and accuracy, from the least confident.'),
});
export type ReportScoreQuality = z.infer<typeof ScoreQualitySchema>;

/** A picture of the dataset that a person should look at. Classes by index; scores calibrated. */
const PictureSchema = z.object({
  key: z.string().describe('Object key.'),
  label: count.describe('Class by its folder, as an index into the labels.'),
  predicted: count.describe('Class by the model, as an index into the labels.'),
  score: share.describe('Probability of the predicted class.'),
  labelScore: share.describe('Probability of the label.'),
});
export type ReportPicture = z.infer<typeof PictureSchema>;

const SliceSchema = z.object({
  from: z.number().describe('Least value of the pictures in this part.'),
  to: z.number().describe('Largest value of the pictures in this part.'),
  accuracy: ProportionSchema.describe('Share of them that is right.'),
});

const DatasetSchema = z.object({
  name: z.string().describe('Of the dataset.'),
  contentHash: z.string().describe('sha256 of classes, contents and splits.'),
  classes: z
    .array(
      z.object({
        train: count.describe('Pictures that train.'),
        validation: count.describe('Pictures that choose the best epoch.'),
        test: count.describe('Pictures that judge.'),
      }),
    )
    .describe('Pictures of each class, in the order of the labels.'),
  findings: z.record(z.string(), count).describe('How many findings there were, by their code.'),
  nearDuplicates: z
    .object({
      groupCount: count.describe('Groups of pictures that look the same.'),
      pictureCount: count.describe('Pictures in them.'),
      acrossSplits: count.describe('Groups that lie in several splits.'),
      acrossClasses: count.describe('Groups that lie in several classes.'),
      groups: z.array(z.array(z.string())).describe('The object keys of each group that is told.'),
    })
    .describe('Pictures that look the same.'),
});

const ClassResultSchema = z.object({
  support: count.describe('Pictures of the class that were judged.'),
  precision: ProportionSchema.nullable().describe(
    'Right among those predicted; null where none was predicted.',
  ),
  recall: ProportionSchema.nullable().describe('Right among those of the class; null where there are none.'),
  f1: EstimateSchema.nullable().describe('Harmonic mean of both; null where it is not defined.'),
  bestF1Threshold: z
    .object({
      threshold: share.describe('Of the calibrated probability.'),
      f1: share.describe('With that threshold, on the validation split.'),
    })
    .nullable()
    .describe('The threshold with the highest F1, from the validation split; null where it is not known.'),
});

const CalibrationSchema = z.object({
  temperature: z.number().positive().describe('Divides the logits; 1 leaves the scores as they are.'),
  reason: z
    .enum(['fitted', 'too-few-examples', 'not-too-sure'])
    .describe('Why the temperature is what it is: fitted, or 1 for one of the other reasons.'),
  fittedOn: count.describe('Pictures of the validation split that it was fitted on.'),
  before: ScoreQualitySchema.describe('Scores as the network gives them.'),
  after: ScoreQualitySchema.describe('Scores as they are served.'),
  byChance: share.describe(
    'Calibration error that perfectly honest scores would show on as many pictures, by chance.',
  ),
});

const RejectionSchema = z.object({
  threshold: share.describe('A picture is rejected when its largest calibrated probability is below.'),
  falseRejectionRate: share.describe('Share of the validation split that it was allowed to reject.'),
  rejected: ProportionSchema.describe('Share of the judged pictures that is rejected.'),
  accuracyOfAccepted: ProportionSchema.nullable().describe('Of the others; null where all are rejected.'),
  accuracyOfRejected: ProportionSchema.nullable().describe('Of the rejected; null where none is.'),
});

const ResultsSchema = z.object({
  accuracy: ProportionSchema.describe('Share of the judged pictures that is right.'),
  validationAccuracy: ProportionSchema.nullable().describe(
    'On the validation split, which chose the best epoch; null where there is none.',
  ),
  topK: z
    .array(
      z.object({
        k: count.describe('Likeliest labels that are looked at.'),
        accuracy: ProportionSchema.describe('Share of the pictures whose label is among them.'),
      }),
    )
    .describe('How often the label is among the likeliest.'),
  macroF1: EstimateSchema.describe('Mean F1 of the classes.'),
  balancedAccuracy: EstimateSchema.describe('Mean recall of the classes.'),
  confusionMatrix: z.array(z.array(count)).describe('Row: true class. Column: predicted class.'),
  confusions: z
    .array(
      z.object({
        actual: count.describe('True class.'),
        predicted: count.describe('Predicted class.'),
        count: count.describe('Pictures.'),
        share: share.describe('Of the pictures of the true class.'),
      }),
    )
    .describe('The most frequent first.'),
  classes: z.array(ClassResultSchema).describe('In the order of the labels.'),
  calibration: CalibrationSchema.describe('Whether scores can be trusted.'),
  rejection: RejectionSchema.nullable().describe('Null where there is no threshold.'),
  riskCoverage: z
    .object({
      area: share.describe('Under the curve; 0 is best.'),
      bestArea: share.describe('Of the best order of the same mistakes.'),
      points: z
        .array(
          z.object({
            coverage: share.describe('Share of the pictures that is answered.'),
            risk: share.describe('Share of those that is wrong.'),
            confidence: share.describe('Least confidence that is answered.'),
          }),
        )
        .describe('From the fewest answers to all.'),
    })
    .describe('How many mistakes remain where only the surest answers are given.'),
  mistakes: z.array(PictureSchema).describe('The surest mistakes first.'),
  slices: z
    .array(
      z.object({
        by: z.enum(['megapixels', 'brightness']).describe('What the pictures are told apart by.'),
        parts: z.array(SliceSchema).describe('From the smallest values to the largest.'),
      }),
    )
    .describe('Accuracy by what the pictures are like.'),
});

const ImbalanceSchema = z.object({
  method: ResolvedRecipeSchema.shape.imbalance,
  ratio: z.number().describe('Training pictures of the largest class to those of the smallest.'),
  factors: z
    .array(z.number())
    .describe('Of each class: what its pictures count in the loss, or how often they come in an epoch.'),
  smallClasses: count.describe('Classes with fewer than half the training pictures of the largest.'),
  smallRecall: ProportionSchema.nullable().describe(
    'Recall over the pictures of the small classes; null where none was judged.',
  ),
  otherRecall: ProportionSchema.nullable().describe(
    'Recall over the pictures of the other classes; null where none was judged.',
  ),
});

const TrainingSchema = z.object({
  seed: z.number().int().describe('With which the same model comes out again.'),
  recipe: RecipeSchema.describe('As it was asked for.'),
  resolved: ResolvedRecipeSchema.nullable().describe(
    'What every `auto` of it came to, and which layers learned in the end; null where the trainer did not say.',
  ),
  remedies: MemoryRecordSchema.shape.taken
    .default([])
    .describe(
      'What was given up where memory ran out, in the order in which it was; of a sweep, by its winner.',
    ),
  hyperparameters: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .describe('`n_epochs`, `batch_size` and `learning_rate_multiplier`, as they were asked for.'),
  split: z.record(z.string(), z.number()).describe('Shares of `train`, `validation` and `test`.'),
  splitSnapshot: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "The snapshot of the dataset's split by which the pictures were dealt; null before there were snapshots.",
    ),
  input: ModelInputSchema.describe('What the network takes.'),
  backend: z.string().describe('What computed: `gpu`, `native` or `portable`.'),
  devices: z.array(z.string()).describe('On which devices.'),
  versions: z.record(z.string(), z.string()).describe('Who computed: package or program to version.'),
  history: z.array(EpochSchema).describe('Every epoch, in the order of training.'),
  trials: z
    .array(
      TrialSchema.omit({ givenUp: true }).extend({
        isChosen: z.boolean().describe('Whether its settings are those of the model.'),
      }),
    )
    .default([])
    .describe('Of a sweep, judged on the validation split; the settings above are those of the chosen one.'),
});

const VariantSchema = z.object({
  precision: z.enum(PRECISIONS).describe('Its numbers.'),
  file: z.string().describe('Its name beside the model.'),
  sizeBytes: count.describe('Of the file.'),
  originalSizeBytes: count.describe('Of the model itself.'),
  msPerPicture: z
    .number()
    .describe('Median of one picture on one thread of the machine that trained, in milliseconds.'),
  originalMsPerPicture: z.number().describe('The same of the model itself.'),
  pictures: count.describe('Pictures of the judged split that were compared.'),
  maxDifference: z.number().describe('Largest difference of a probability.'),
  meanDifference: z.number().describe('Mean difference of a probability.'),
  topOneAgreement: share.describe('Share of pictures with the same likeliest class.'),
});

export const ReportSchema = z.object({
  formatVersion: z.literal(FORMATS.report.version).describe('Of the stored report.'),
  model: z.string().describe('Name of the model.'),
  version: z.string().describe('Version of the model.'),
  jobId: z.string().describe('The job that made it.'),
  createdAt: z.number().int().describe('Unix seconds.'),
  architecture: z.string().describe('The network.'),
  labels: z.array(z.string()).describe('Class names; every class below is an index into them.'),
  dataset: DatasetSchema.describe('What it was made from.'),
  judgedOn: z
    .enum(['test', 'validation'])
    .describe('What the results are of: the test split, or the validation split where there is no test.'),
  results: ResultsSchema.nullable().describe('Null where there was no picture to judge by.'),
  suspectedLabels: z
    .object({
      count: count.describe('Pictures whose label is probably wrong.'),
      judged: count.describe('Pictures that were looked at.'),
      pictures: z.array(PictureSchema).describe('The most suspicious first; not all of them.'),
    })
    .describe('Pictures that training did not see whose label is probably wrong.'),
  imbalance: ImbalanceSchema.nullable()
    .default(null)
    .describe('Null where no class has fewer than half the training pictures of the largest.'),
  training: TrainingSchema.describe('How it was made.'),
  backbone: z
    .object({
      name: z.string().describe('Of the backbone.'),
      sha256: z.string().describe('Of its file.'),
    })
    .nullable()
    .default(null)
    .describe('The file that a user brought, where the layers below the classifier are those of one.'),
  parity: z
    .object({
      pictures: count.describe('Pictures that were compared.'),
      maxDifference: z
        .number()
        .describe('Largest difference of a probability between trainer and served model.'),
      allowed: z.number().describe('Largest difference that is put down to rounding.'),
      goldenPictures: count.describe('Pictures by which every machine can see that it answers the same.'),
      tfjsMaxDifference: z
        .number()
        .nullable()
        .default(null)
        .describe(
          'The same between served model and the files for TensorFlow.js, on the golden pictures; null where not compared.',
        ),
    })
    .describe('Whether the served model answers as the trainer did.'),
  variants: z
    .array(VariantSchema)
    .default([])
    .describe('The model in fewer bits, each measured beside the model itself.'),
});
export type Report = z.infer<typeof ReportSchema>;
export const REPORT = { ...FORMATS.report, schema: ReportSchema };
export type ReportResults = NonNullable<Report['results']>;
