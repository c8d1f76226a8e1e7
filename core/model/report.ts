// The report of a model version: its metrics with their confidence intervals, and how it was made. Written once beside the model.

import { z } from 'zod';
import { InputFormatSchema, ModelInputSchema } from '../image/model-input.ts';
import { BaseChoiceSchema } from '../job/recipe/base-choice.ts';
import { MemoryRecordSchema } from '../job/recipe/memory-record.ts';
import { PRECISIONS } from '../job/recipe/precision.ts';
import { RecipeSchema, ResolvedRecipeSchema } from '../job/recipe/recipe.ts';
import { TrialSchema } from '../job/recipe/sweep.ts';
import { FORMATS } from '../storage/formats.ts';

/** The report for programs. */
export const REPORT_FILE = 'report.json';
/** The report for people. */
export const REPORT_PAGE_FILE = 'report.html';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** A number with its 95 % confidence interval. */
export const EstimateSchema = z.object({
  value: z.number().describe('The measured value.'),
  low: z.number().describe('Lower end of the 95 % confidence interval.'),
  high: z.number().describe('Upper end of the 95 % confidence interval.'),
});
/** A share of cases with Wilson's 95 % interval. */
export const ProportionSchema = z.object({
  value: share.describe('The measured share.'),
  low: share.describe("Lower end of Wilson's 95 % interval."),
  high: share.describe("Upper end of Wilson's 95 % interval."),
  successes: count.describe('Number of cases in the share.'),
  trials: count.describe('Number of all cases.'),
});
/** A share of the pictures with its confidence interval. */
export type ReportProportion = z.infer<typeof ProportionSchema>;

/** A number that may be null, where it was not measured. */
const measured = (what: string) => z.number().nullable().describe(`${what}; null where it was not measured.`);

/** The numbers of one epoch, as in the job's events. */
export const EpochSchema = z.object({
  stage: z.string().nullable().describe('Stage of the training, e.g. `head`; null where there is only one.'),
  epoch: count.describe('Number of the epoch, from 1.'),
  trainLoss: measured('Cross-entropy on the training pictures, nats'),
  trainAccuracy: measured('Accuracy on the training pictures, 0 to 1'),
  validationLoss: measured('Cross-entropy on the validation split, nats'),
  validationAccuracy: measured('Accuracy on the validation split, 0 to 1'),
  learningRate: measured('Learning rate'),
  picturesPerSecond: measured('Pictures a second').default(null),
  endedAt: z
    .number()
    .int()
    .nullable()
    .default(null)
    .describe('When it ended, in Unix seconds; null where that is not known.'),
});
/** The numbers of one epoch. */
export type Epoch = z.infer<typeof EpochSchema>;

const BinSchema = z.object({
  low: share.describe('Confidences in the bin are above this.'),
  high: share.describe('Confidences in the bin are at most this.'),
  count: count.describe('Number of pictures in the bin.'),
  confidence: share.nullable().describe('Mean confidence of its pictures; null where there are none.'),
  accuracy: share.nullable().describe('Accuracy of its pictures; null where there are none.'),
});

const ScoreQualitySchema = z.object({
  calibrationError: share.describe('Expected calibration error over 15 bins of equal width.'),
  crossEntropy: z.number().describe('Mean cross-entropy, in nats.'),
  brierScore: z.number().describe('Brier score, summed over classes: 0 to 2, 0 is best.'),
  bins: z.array(BinSchema).describe('Confidence and accuracy by bin, from the least confident.'),
});
/** How good the scores are, before or after calibration. */
export type ReportScoreQuality = z.infer<typeof ScoreQualitySchema>;

/** A picture of the dataset that a person should look at. Classes are indices, and scores are calibrated. */
const PictureSchema = z.object({
  key: z.string().describe('Object key of the picture.'),
  label: count.describe('Class of its folder, as an index into the labels.'),
  predicted: count.describe('Class that the model predicts, as an index into the labels.'),
  score: share.describe('Probability of the predicted class.'),
  labelScore: share.describe('Probability of the label.'),
  sha256: z
    .string()
    .optional()
    .describe(
      'Of its bytes, by which it is found where it was moved; absent in reports of earlier versions.',
    ),
});
/** A picture that a person should look at. */
export type ReportPicture = z.infer<typeof PictureSchema>;

const SliceSchema = z.object({
  from: z.number().describe('Smallest value in the slice.'),
  to: z.number().describe('Largest value in the slice.'),
  accuracy: ProportionSchema.describe('Accuracy on its pictures.'),
});

const DatasetSchema = z.object({
  name: z.string().describe('Name of the dataset.'),
  contentHash: z.string().describe('Hash of its classes, contents and splits (sha256).'),
  classes: z
    .array(
      z.object({
        train: count.describe('Pictures of the training split.'),
        validation: count.describe('Pictures of the validation split.'),
        test: count.describe('Pictures of the test split.'),
        trained: count
          .optional()
          .describe(
            'Pictures that the model was trained on: also those of the validation split where folds took its place; absent in reports ' +
              'of earlier versions.',
          ),
      }),
    )
    .describe('Numbers of pictures of each class, in the order of the labels.'),
  findings: z.record(z.string(), count).describe('Number of findings by code.'),
  nearDuplicates: z
    .object({
      groupCount: count.describe('Number of groups of near-duplicates.'),
      pictureCount: count.describe('Number of pictures in all groups.'),
      acrossSplits: count.describe('Number of groups with pictures in several splits.'),
      acrossClasses: count.describe('Number of groups with pictures in several classes.'),
      groups: z.array(z.array(z.string())).describe('Object keys of the first groups.'),
    })
    .describe('Near-duplicates: pictures that look the same.'),
});

const ClassResultSchema = z.object({
  support: count.describe('Pictures of the class that were evaluated.'),
  precision: ProportionSchema.nullable().describe(
    'Share of the pictures predicted as the class that are right; null where none was predicted.',
  ),
  recall: ProportionSchema.nullable().describe(
    'Share of the pictures of the class that are right; null where there are none.',
  ),
  f1: EstimateSchema.nullable().describe(
    'Harmonic mean of precision and recall; null where it is not defined.',
  ),
  bestF1Threshold: z
    .object({
      threshold: share.describe('Threshold on the calibrated probability.'),
      f1: share.describe('F1 with that threshold on the held-out pictures.'),
    })
    .nullable()
    .describe('The threshold with the highest F1 on the held-out pictures; null where it is not known.'),
});

const CalibrationSchema = z.object({
  temperature: z.number().positive().describe('Divides the logits; 1 leaves the scores as they are.'),
  reason: z
    .enum(['fitted', 'too-few-examples', 'not-too-sure'])
    .describe('How the temperature was found: fitted, or 1 for one of the other reasons.'),
  fittedOn: count.describe('Held-out pictures on which it was fitted.'),
  before: ScoreQualitySchema.describe('Quality of the scores of the network.'),
  after: ScoreQualitySchema.describe('Quality of the scores that are served.'),
  byChance: share.describe(
    'Calibration error that perfectly calibrated scores would show on as many pictures, by chance.',
  ),
});

const RejectionSchema = z.object({
  threshold: share.describe('A picture is rejected when its largest calibrated probability is below this.'),
  falseRejectionRate: share.describe('Share of the held-out pictures that the threshold may reject.'),
  rejected: ProportionSchema.describe('Share of the evaluated pictures that is rejected.'),
  accuracyOfAccepted: ProportionSchema.nullable().describe(
    'Accuracy on the accepted pictures; null where all are rejected.',
  ),
  accuracyOfRejected: ProportionSchema.nullable().describe(
    'Accuracy on the rejected pictures; null where none is rejected.',
  ),
});

/** By how many pictures a class grows in the estimate of what more of them would gain. */
export const MORE_PICTURES = 50;

const OutOfFoldSchema = z.object({
  pictures: count.describe(
    'Pictures that were predicted: all that are not held out for a test, or a fifth of them where there are very many.',
  ),
  folds: count.describe(
    'Number of parts that were held out, one after another; each was predicted by a model that was trained on the rest.',
  ),
  groups: count.describe('Groups of look-alikes. A group is in one part as a whole.'),
  ungrouped: z
    .array(count)
    .default([])
    .describe('Classes whose pictures nearly all look alike, so that look-alikes are in different parts.'),
  accuracy: EstimateSchema.describe('Share of right answers, with an interval by groups.'),
  balancedAccuracy: EstimateSchema.describe('Mean recall of the classes, with an interval by groups.'),
  crossEntropy: z.number().describe('Mean cross-entropy of the calibrated scores, in nats.'),
  calibrationError: share.describe('Expected calibration error of the calibrated scores over 15 bins.'),
  classes: z
    .array(
      z.object({
        recall: ProportionSchema.nullable().describe('Share of its pictures that are right; null without.'),
        gainOfMore: EstimateSchema.nullable().describe(
          `By how much ${MORE_PICTURES} more pictures would raise its recall, estimated; null where that is not known.`,
        ),
      }),
    )
    .describe('Each class, in the order of the labels.'),
});

const ResultsSchema = z.object({
  heldOutBy: z
    .enum(['folds', 'validation'])
    .default('validation')
    .describe(
      'Held-out pictures, which set temperature and thresholds: each predicted by a model that had not seen its part (`folds`), or the ' +
        'validation split.',
    ),
  accuracy: ProportionSchema.describe('Accuracy on the pictures that were evaluated, as `judgedOn` says.'),
  validationAccuracy: ProportionSchema.nullable().describe(
    'Accuracy on the validation split; null where there is none, or where the model was trained on it too.',
  ),
  outOfFold: OutOfFoldSchema.nullable()
    .default(null)
    .describe(
      'Second estimate, by cross-validation: how good models are on pictures whose look-alikes they have not seen; null where there was ' +
        'no cross-validation.',
    ),
  topK: z
    .array(
      z.object({
        k: count.describe('Number of likeliest labels.'),
        accuracy: ProportionSchema.describe('Share of the pictures whose label is among them.'),
      }),
    )
    .describe('Top-k accuracy: how often the label is among the k likeliest.'),
  macroF1: EstimateSchema.describe('Mean F1 of the classes.'),
  balancedAccuracy: EstimateSchema.describe('Mean recall of the classes.'),
  confusionMatrix: z
    .array(z.array(count))
    .describe('Numbers of pictures. Row: true class. Column: predicted class.'),
  confusions: z
    .array(
      z.object({
        actual: count.describe('True class.'),
        predicted: count.describe('Predicted class.'),
        count: count.describe('Number of pictures.'),
        share: share.describe('Share of the pictures of the true class.'),
      }),
    )
    .describe('Confusions of two classes, the most frequent first.'),
  classes: z.array(ClassResultSchema).describe('Results of each class, in the order of the labels.'),
  calibration: CalibrationSchema.describe('How well the scores are calibrated.'),
  rejection: RejectionSchema.nullable().describe(
    'Effect of the rejection threshold; null where there is none.',
  ),
  riskCoverage: z
    .object({
      area: share.describe('Area under the curve; 0 is best.'),
      bestArea: share.describe('Area that the same mistakes would have in the best order.'),
      points: z
        .array(
          z.object({
            coverage: share.describe('Share of the pictures that is answered.'),
            risk: share.describe('Share of wrong answers among them.'),
            confidence: share.describe('Smallest confidence that is answered.'),
          }),
        )
        .describe('Points of the curve, from the fewest answers to all.'),
    })
    .describe('Share of mistakes where only the most confident answers are given.'),
  mistakes: z.array(PictureSchema).describe('Mistakes, the most confident first.'),
  moreMistakes: z
    .array(PictureSchema)
    .optional()
    .describe(
      'Mistakes that follow those, in the same order, up to 1000 in all; absent in reports of earlier versions.',
    ),
  slices: z
    .array(
      z.object({
        by: z.enum(['megapixels', 'brightness']).describe('Property by which the pictures are sliced.'),
        parts: z.array(SliceSchema).describe('Slices, from the smallest values to the largest.'),
      }),
    )
    .describe('Accuracy by properties of the pictures.'),
});

const ImbalanceSchema = z.object({
  method: ResolvedRecipeSchema.shape.imbalance,
  adjustsLogits: z
    .boolean()
    .default(false)
    .describe(
      'Whether scores are adjusted by class frequency: the model answers as if all classes were equally frequent.',
    ),
  ratio: z.number().describe('Ratio of the training pictures of the largest class to those of the smallest.'),
  factors: z
    .array(z.number())
    .describe('For each class, the weight of its pictures in the loss, or how often they come in an epoch.'),
  smallClasses: count.describe('Classes with fewer than half the training pictures of the largest.'),
  smallRecall: ProportionSchema.nullable().describe(
    'Recall over the pictures of the small classes; null where none was evaluated.',
  ),
  otherRecall: ProportionSchema.nullable().describe(
    'Recall over the pictures of the other classes; null where none was evaluated.',
  ),
});

const SecondStageSchema = z.object({
  isKept: z
    .boolean()
    .describe('Whether the trained layers are in the model. Otherwise it has those from before the stage.'),
  lossGain: z
    .number()
    .describe(
      'By how much the loss of the pictures held out fell at best, nats. They decided, and no layer of the stage has seen them.',
    ),
  lossGainError: z.number().describe('Its standard error, by groups of look-alikes.'),
  accuracyBefore: z.number().describe('Accuracy on the pictures held out before the stage, 0 to 1.'),
  accuracyAfter: z.number().describe('Accuracy on them after the stage, 0 to 1.'),
});
/** What training the pretrained layers gained. */
export type SecondStage = z.infer<typeof SecondStageSchema>;

const TrainingSchema = z.object({
  seed: z.number().int().describe('Seed of the training, by which it can be reproduced.'),
  recipe: RecipeSchema.describe('The recipe of the request.'),
  resolved: ResolvedRecipeSchema.nullable().describe(
    'The recipe with a value for every `auto`, after all remedies; null where the trainer did not tell it.',
  ),
  baseChoice: BaseChoiceSchema.optional().describe(
    'How the trainer chose the architecture; absent where the request named it.',
  ),
  remedies: MemoryRecordSchema.shape.taken
    .default([])
    .describe('Out-of-memory remedies that were taken, in their order; in a sweep, those of the winner.'),
  hyperparameters: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .describe('`n_epochs`, `batch_size` and `learning_rate_multiplier` of the request.'),
  split: z.record(z.string(), z.number()).describe('Shares of `train`, `validation` and `test`.'),
  splitSnapshot: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "The snapshot of the dataset's split that was used; null for versions from before there were snapshots.",
    ),
  input: ModelInputSchema.describe('What the network takes.'),
  backend: z.string().describe('Back end of the trainer: `gpu`, `native` or `portable`.'),
  devices: z.array(z.string()).describe('Devices on which it ran.'),
  versions: z.record(z.string(), z.string()).describe('Versions of the packages and programs that it used.'),
  history: z.array(EpochSchema).describe('All epochs, in the order of training.'),
  secondStage: SecondStageSchema.optional().describe(
    'What training the pretrained layers gained; absent where they stayed frozen, and where no picture could be held out.',
  ),
  trials: z
    .array(
      TrialSchema.omit({ givenUp: true }).extend({
        isChosen: z.boolean().describe('Whether its settings are those of the model.'),
      }),
    )
    .default([])
    .describe(
      'Trials of a sweep, compared on pictures held out: the validation split, or folds. The settings above are those of the chosen trial.',
    ),
});

const VariantSchema = z.object({
  precision: z.enum(PRECISIONS).describe('Precision of the variant.'),
  file: z.string().describe('Name of the file beside the model.'),
  sizeBytes: count.describe('Size of the file.'),
  originalSizeBytes: count.describe('Size of the model itself.'),
  msPerPicture: z
    .number()
    .describe('Median time for one picture on one thread of the machine that trained, in milliseconds.'),
  originalMsPerPicture: z.number().describe('The same for the model itself.'),
  pictures: count.describe('Pictures that were compared.'),
  maxDifference: z.number().describe('Largest difference between two probabilities.'),
  meanDifference: z.number().describe('Mean over the pictures of the largest difference of each.'),
  topOneAgreement: share.describe('Share of pictures with the same likeliest class.'),
  addedLoss: z
    .number()
    .optional()
    .describe('By how much the mean cross-entropy of these pictures grows; negative where it falls.'),
});

/** The report as it is stored. */
export const ReportSchema = z.object({
  formatVersion: InputFormatSchema.describe('Number of the format of the stored report.'),
  model: z.string().describe('Name of the model.'),
  version: z.string().describe('Version of the model.'),
  jobId: z.string().describe('The job that made it.'),
  createdAt: z.number().int().describe('When it was made, in Unix seconds.'),
  architecture: z.string().describe('The network.'),
  labels: z.array(z.string()).describe('Names of the classes; classes below are indices into them.'),
  dataset: DatasetSchema.describe('The dataset that it was trained on.'),
  judgedOn: z
    .enum(['test', 'validation', 'folds'])
    .describe(
      'What was evaluated: the test split; the validation split where there is no test split; or, where the model was trained on that ' +
        'too, all pictures by models that had not seen their part.',
    ),
  results: ResultsSchema.nullable().describe('Results of the evaluation; null where there was no picture.'),
  suspectedLabels: z
    .object({
      count: count.describe('Pictures whose label is probably wrong.'),
      judged: count.describe('Number of pictures that were checked.'),
      pictures: z.array(PictureSchema).describe('The most suspicious first: all of them, or the first 1000.'),
    })
    .describe(
      'Pictures whose label is probably wrong, among those that were judged by a model that had not seen them.',
    ),
  imbalance: ImbalanceSchema.nullable()
    .default(null)
    .describe(
      'How classes with few pictures fared; null where none has fewer than half the training pictures of the largest.',
    ),
  training: TrainingSchema.describe('How it was trained.'),
  backbone: z
    .object({
      name: z.string().describe('Name of the backbone.'),
      sha256: z.string().describe('Hash of its file.'),
    })
    .nullable()
    .default(null)
    .describe('The imported backbone on which the model is built; null for networks of our own.'),
  parity: z
    .object({
      pictures: count.describe('Pictures that were compared.'),
      maxDifference: z
        .number()
        .describe('Largest difference between a probability of the trainer and one of the served model.'),
      allowed: z.number().describe('Largest difference that rounding explains.'),
      goldenPictures: count.describe('Number of pictures by which any machine can check its answers.'),
      tfjsMaxDifference: z
        .number()
        .nullable()
        .default(null)
        .describe(
          'The same between TensorFlow.js and the served model, on the golden pictures; null where they were not compared.',
        ),
    })
    .describe('Whether the served model answers as the trainer did.'),
  variants: z
    .array(VariantSchema)
    .default([])
    .describe('Reduced-precision variants, each compared with the model itself.'),
});
/** The report of a model version. */
export type Report = z.infer<typeof ReportSchema>;
/** The stored format of reports. */
export const REPORT = { ...FORMATS.report, schema: ReportSchema };
/** The results of an evaluation. */
export type ReportResults = NonNullable<Report['results']>;
