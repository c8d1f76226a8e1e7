// What a batch that judges a version found: its record. Knows nothing of how it is computed.

import { z } from 'zod';
import { SPLITS } from '../dataset/split-folder.ts';
import { EstimateSchema, ProportionSchema } from '../model/report.ts';
import { FORMATS } from '../storage/formats.ts';
import { readJson } from '../storage/json.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

const MetricsSchema = z.object({
  pictures: count.describe('Pictures by which it was measured.'),
  accuracy: ProportionSchema.describe('Share of right answers.'),
  balancedAccuracy: EstimateSchema.describe('Mean recall of the classes that have pictures.'),
  macroF1: EstimateSchema.describe('Mean F1 of the classes.'),
  crossEntropy: z.number().describe('Mean negative log-likelihood of the labels (NLL), in nats.'),
  calibrationError: share.describe('Expected calibration error (ECE) over 15 bins of equal width.'),
  rejection: z
    .object({
      threshold: share.describe('Scores below it are rejected.'),
      rejected: ProportionSchema.describe('Share of the answers that is rejected.'),
      accuracyOfAccepted: ProportionSchema.nullable().describe(
        'Share of right answers among the others; null where there are none.',
      ),
    })
    .nullable()
    .describe('What the rejection threshold of the version does; null where it has none.'),
  classes: z
    .array(
      z.object({
        label: z.string().describe('Name of the class.'),
        support: count.describe('Pictures of the class.'),
        precision: ProportionSchema.nullable().describe(
          'Share of right ones among the answers with this label; null where there are none.',
        ),
        recall: ProportionSchema.nullable().describe(
          'Share of its pictures that are answered right; null where it has none.',
        ),
        f1: EstimateSchema.nullable().describe('F1; null where it is not defined.'),
      }),
    )
    .describe("The model's classes, in their order."),
  confusionMatrix: z
    .array(z.array(count))
    .nullable()
    .describe('Numbers of pictures. Row: label. Column: answer. Null for a model of more than 100 classes.'),
  confusions: z
    .array(
      z.object({
        label: z.string().describe('The label.'),
        predicted: z.string().describe('The answer.'),
        count: count.describe('Number of pictures.'),
        share: share.describe('Share of the pictures with the label.'),
      }),
    )
    .describe('The most frequent confusions.'),
  mistakes: z
    .array(
      z.object({
        key: z.string().describe('Object key of the picture.'),
        label: z.string().describe('Its label.'),
        predicted: z.string().describe('The answer.'),
        score: share.describe('Score of the answer.'),
        labelScore: share.describe('Score of the label.'),
      }),
    )
    .describe('The wrong answers with the highest scores.'),
});

/** What a batch found that judged a version. */
export const EvaluationSchema = z.object({
  dataset: z.string().describe('Name of the dataset.'),
  split: z.enum([...SPLITS, 'all']).describe('Which pictures of it were asked for.'),
  contentHash: z.string().describe('Hash of its classes, contents and splits (sha256).'),
  pictures: count.describe(
    'Pictures that were asked for, without duplicates and files that are no pictures.',
  ),
  failed: count.describe('Pictures that have an error instead of an answer.'),
  seen: z
    .object({
      train: count.describe('Pictures that it was trained on.'),
      validation: count.describe(
        'Pictures by which its training was steered, or that it was trained on, too.',
      ),
      test: count.describe('Pictures by which it was tested.'),
      accuracy: ProportionSchema.nullable().describe(
        'Share of right answers on those of training and validation; null where there are none. It says little about new pictures.',
      ),
    })
    .nullable()
    .describe(
      "Pictures that the version's job had, by their content; null where that is not known, so that `results` may count pictures of training.",
    ),
  unknownClasses: z
    .array(
      z.object({
        label: z.string().describe('Name of the class.'),
        pictures: count.describe('Its pictures. `results` leaves them out.'),
        rejected: count.describe('Those of them whose answer is rejected, as it should be.'),
      }),
    )
    .describe('Classes of the dataset that the model does not have.'),
  absentClasses: z
    .array(z.string())
    .describe('Classes of the model of which the pictures that were asked for have none.'),
  results: MetricsSchema.nullable().describe(
    'How good the version is on pictures that it was neither trained on nor steered by; null where there are none.',
  ),
});
/** What a batch found that judged a version. */
export type Evaluation = z.infer<typeof EvaluationSchema>;

/** How it is stored. */
export const EVALUATION = { ...FORMATS.evaluation, schema: EvaluationSchema };

/** Reads it; undefined where the batch has none (yet). @throws {FoveaError} `record-invalid`, `format-newer`. */
export const readEvaluation = async (store: ObjectStore, batchId: string): Promise<Evaluation | undefined> =>
  (await readJson(store, keys.batchEvaluation(batchId), EVALUATION))?.value;
