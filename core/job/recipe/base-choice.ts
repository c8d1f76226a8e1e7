// The choice of a base that a job leaves to the trainer: its name in requests, and what is stored of it.

import { z } from 'zod';

/** The `model` of a job whose base the trainer chooses. */
export const AUTO_BASE = 'auto';

/** The base of such a job where no weights are at hand, and its stand-in before the choice: strong for its size by published figures. */
export const USUAL_BASE = 'efficientnet_v2_b0';

/** Pictures by which bases are compared at most: the standard error of a share is below 1.2 % then. */
export const MAX_CHOICE_PICTURES = 2000;

const share = (of: string) => z.number().min(0).max(1).describe(of);

const CandidateSchema = z.object({
  architecture: z.string().describe('An architecture, or `onnx:<name>`.'),
  accuracy: share('Share of pictures that models got right that had not seen them; each class counts alike.'),
  low: share('Lower end of its 95 % interval, in which look-alikes count as one picture.'),
  high: share('Upper end.'),
  milliseconds: z.number().describe('Time for the features of one picture on the machine that chose.'),
});

/** How a base was chosen. */
export const BaseChoiceSchema = z.object({
  architecture: z.string().describe('What was chosen.'),
  pictures: z
    .number()
    .int()
    .describe('Pictures by which it was chosen, all of them for training; 0 without a comparison.'),
  candidates: z
    .array(CandidateSchema)
    .describe('Bases whose weights were at hand, by cross-validation with look-alikes in one fold.'),
  reasons: z.array(z.string()).describe('Why, in sentences.'),
});
/** How a base was chosen. */
export type BaseChoice = z.infer<typeof BaseChoiceSchema>;
/** What cross-validation says of one base. */
export type BaseCandidate = z.infer<typeof CandidateSchema>;
