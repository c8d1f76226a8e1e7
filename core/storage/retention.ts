// How long what expires is kept, where an operator wants it otherwise. Knows neither a server nor a cloud.

import { z } from 'zod';
import { numberText, pairsText } from '../number-text.ts';
import { EXPIRIES } from './keys.ts';

/** What an operator may keep for another time: kinds of {@link EXPIRIES}, and pictures of feedback, which else do not expire. */
export const KEPT_KINDS = ['uploads', 'batches', 'usage', 'audit', 'feedback'] as const;
/** One of {@link KEPT_KINDS}. */
export type KeptKind = (typeof KEPT_KINDS)[number];

const MOST_DAYS = 3650;

/** Days by kind; as text `audit=90,batches=7`. Kinds that are not named are kept as by default. */
export const KeepDaysSchema = pairsText(
  z.partialRecord(z.enum(KEPT_KINDS), numberText(z.number().int().min(1).max(MOST_DAYS))),
);
/**
 * The same where lifecycle rules of a bucket delete: pictures of feedback are no kind there, since a rule cannot tell their datasets from
 * others.
 */
export const RuleKeepDaysSchema = KeepDaysSchema.default({}).refine(
  ({ feedback }) => feedback === undefined,
  {
    message:
      'knows uploads, batches, usage and audit; delete feedback by POST /v1/datasets/{dataset}/files/delete',
  },
);
/** Days by kind. */
export type KeepDays = z.output<typeof KeepDaysSchema>;

/** The prefixes whose objects expire, with the days that the operator wants. */
export const expiriesOf = (keepDays: KeepDays = {}) =>
  EXPIRIES.map((expiry) => ({ ...expiry, days: keepDays[expiry.id as KeptKind] ?? expiry.days }));

/** How long a batch and its results are kept, in days. */
export const batchDays = (keepDays: KeepDays = {}): number =>
  expiriesOf(keepDays).find(({ id }) => id === 'batches')?.days ?? MOST_DAYS;
