// The stored record of a webhook: whom it tells of what, and the secrets that sign. Its secrets are readable, because whoever signs needs them.

import { z } from 'zod';
import { FORMATS } from '../storage/formats.ts';

/** A webhook, as it is stored. */
export const WebhookRecordSchema = z.object({
  id: z.string(),
  url: z.string(),
  /** Types of events. Another version may know others. */
  events: z.array(z.string()),
  description: z.string().optional(),
  /** Newest first. The first one has no end; the others sign until theirs. */
  secrets: z
    .array(
      z.object({
        /** `whsec_` and the key as base64. */
        secret: z.string(),
        /** Unix seconds. */
        validUntil: z.number().int().optional(),
      }),
    )
    .min(1),
  /** Unix seconds. */
  createdAt: z.number().int(),
  /** Name of the API key that made it; absent where none was required. */
  createdBy: z.string().optional(),
  /** Unix seconds. */
  rotatedAt: z.number().int().optional(),
  /** Unix seconds of the first attempt that failed since the last one that did not. */
  failingSince: z.number().int().optional(),
  /** Why nothing is delivered any more; absent while it is enabled. */
  disabled: z.object({ at: z.number().int(), reason: z.string() }).optional(),
});
/** Whom to tell of what, and how to sign. */
export type WebhookRecord = z.infer<typeof WebhookRecordSchema>;
/** The stored format of webhooks. */
export const WEBHOOK_RECORD = { ...FORMATS.webhook, schema: WebhookRecordSchema };

/** The secrets of a webhook that sign now, newest first. */
export const signingSecrets = ({ secrets }: Pick<WebhookRecord, 'secrets'>, nowSeconds: number): string[] =>
  secrets
    .filter(({ validUntil }) => validUntil === undefined || validUntil > nowSeconds)
    .map(({ secret }) => secret);
