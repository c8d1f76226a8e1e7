// The audit log on the wire.

import { z } from 'zod';
import { type AuditEntry, AuditEntrySchema } from '../core/audit/audit-log.ts';
import { hasMore, listOf, objectKind } from './quantities.ts';

const { id, createdAt, key, operation, target, status, requestId } = AuditEntrySchema.shape;

const WireEntrySchema = z
  .object({
    object: objectKind('audit.entry'),
    id,
    created_at: createdAt,
    key,
    operation,
    target,
    status,
    request_id: requestId,
  })
  .meta({ id: 'AuditEntry', description: 'A request that changed something, or was refused to.' });

/** The answer of `GET /v1/audit`. */
export const AuditListSchema = z
  .object({ ...listOf(WireEntrySchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'AuditList', description: 'One page of the audit log.' });

/** Makes the wire's entry from the stored one. */
export const toWireAuditEntry = (entry: AuditEntry): z.infer<typeof WireEntrySchema> => ({
  object: 'audit.entry',
  id: entry.id,
  created_at: entry.createdAt,
  key: entry.key,
  operation: entry.operation,
  target: entry.target,
  status: entry.status,
  request_id: entry.requestId,
});
