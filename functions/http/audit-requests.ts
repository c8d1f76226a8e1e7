// Records requests that change something in the audit log, after they were answered or refused.

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AuditLog } from '../../core/audit/audit-log.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { Logger } from '../deps/logger.ts';
import type { OperationId } from './operation-scopes.ts';

/** Operations that are POST and change nothing, or only what expires within a day. */
const UNRECORDED: ReadonlySet<string> = new Set<OperationId>(['predict', 'createPlan', 'addUploadPart']);
/** Recorded only where their handlers note a target: a link to upload a picture to predict changes nothing. */
const RECORDED_WITH_TARGET: ReadonlySet<string> = new Set<OperationId>(['createUpload']);
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** The parameters of paths that are recorded. Files are not: the log outlives pictures that people have had deleted. */
const RECORDED_PARAMS = [
  'dataset',
  'class',
  'model',
  'version',
  'alias',
  'fine_tuning_job_id',
  'batch_id',
  'file_id',
  'prediction_id',
  'key',
  'webhook_id',
  'delivery_id',
];

/** Longer than any name that is allowed; a refused request may have others. */
const TARGET_MAX_LENGTH = 255;

/** Notes what a request works on, where its path does not say so. */
export function noteTarget(c: Context<AppEnv>, named: Readonly<Record<string, string | undefined>>): void {
  const known = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
  c.set('target', { ...c.get('target'), ...Object.fromEntries(known) });
}

/** Middleware that notes which operation it belongs to, and what its path names. */
export function noteOperation(operation: OperationId) {
  return createMiddleware<AppEnv>(async (c, next) => {
    c.set('operation', operation);
    const params = c.req.param() as Readonly<Record<string, string>>;
    const recorded = RECORDED_PARAMS.flatMap((name) =>
      params[name] === undefined ? [] : [[name, params[name].slice(0, TARGET_MAX_LENGTH)]],
    );
    c.set('target', Object.fromEntries(recorded));
    await next();
  });
}

/** A request that was refused changed nothing. It is recorded where its key may not do it. */
const mayHaveChanged = (status: number) => status < 400 || status >= 500 || status === 403;

/** Middleware that records. That an entry cannot be written is logged: the request has been done by then. */
export function auditRequests(log: AuditLog, logger: Logger) {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next();
    const { status } = c.res;
    if (!mayHaveChanged(status)) return;
    const operation = c.get('operation');
    const target = c.get('target') ?? {};
    if (operation === undefined || READING.has(c.req.method) || UNRECORDED.has(operation)) return;
    if (RECORDED_WITH_TARGET.has(operation) && Object.keys(target).length === 0) return;
    const requestId = c.get('requestId');
    const key = c.get('apiKey')?.name ?? null;
    await log
      .append({ key, operation, target, status, requestId })
      .catch((error: unknown) =>
        logger.error('a request is missing from the audit log', { request_id: requestId, error }),
      );
  });
}
