// The HTTP app: its routes in one list, and the middleware around all of them. Knows no server and no cloud.

import { requestId } from 'hono/request-id';
import { createRateLimiter } from '../core/api-key/rate-limiter.ts';
import { createAuditLog } from '../core/audit/audit-log.ts';
import { monotonicMs } from '../core/clock.ts';
import { createKeptAnswers } from '../core/idempotency/kept-answers.ts';
import { createDailyQuota } from '../core/usage/daily-quota.ts';
import type { AppDeps } from './deps/deps.ts';
import { admitCaller } from './http/admit-caller.ts';
import { allowHosts } from './http/allow-hosts.ts';
import { allowOrigins } from './http/allow-origins.ts';
import { answerOptions } from './http/answer-options.ts';
import { createRoutes } from './http/app-routes.ts';
import { auditRequests } from './http/audit-requests.ts';
import { boundBodies } from './http/bound-bodies.ts';
import { dropBodyOfHead } from './http/drop-body-of-head.ts';
import { createErrorHandler } from './http/error-response.ts';
import { limitRate } from './http/limit-rate.ts';
import { measureRequests } from './http/measure-requests.ts';
import { createNotFoundHandler } from './http/not-found.ts';
import { publicOrigin } from './http/public-origin.ts';
import { requestLog } from './http/request-log.ts';
import { requireApiKey } from './http/require-api-key.ts';
import { requireFront } from './http/require-front.ts';
import { traceRequests } from './http/trace-requests.ts';
import { errorShapeOf, PROTOCOLS } from './protocols/protocols.ts';
import { architectureRoutes } from './routes/architectures.ts';
import { auditRoutes } from './routes/audit.ts';
import { batchResultRoutes } from './routes/batch-results.ts';
import { batchRoutes } from './routes/batches.ts';
import { contactSheetRoutes } from './routes/contact-sheet.ts';
import { datasetFileRoutes } from './routes/dataset-files.ts';
import { datasetSnapshotRoutes } from './routes/dataset-snapshots.ts';
import { datasetStoreRoutes } from './routes/dataset-store.ts';
import { datasetUploadRoutes } from './routes/dataset-uploads.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { docsRoutes } from './routes/docs.ts';
import { evaluateModelRoutes } from './routes/evaluate-model.ts';
import { feedbackRoutes } from './routes/feedback.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { importModelRoutes } from './routes/import-model.ts';
import { jobCheckpointRoutes } from './routes/job-checkpoints.ts';
import { jobEventRoutes } from './routes/job-events.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { modelAliasRoutes } from './routes/model-aliases.ts';
import { modelFileRoutes } from './routes/model-files.ts';
import { modelVersionRoutes } from './routes/model-versions.ts';
import { modelRoutes } from './routes/models.ts';
import { nextToLabelRoutes } from './routes/next-to-label.ts';
import { pageRoutes } from './routes/page.ts';
import { planRoutes } from './routes/plans.ts';
import { predictRoutes } from './routes/predict.ts';
import { createCountedPredict } from './routes/predict-counted.ts';
import { receiveUploadRoutes } from './routes/receive-upload.ts';
import { reportRoutes } from './routes/reports.ts';
import { MOST_PART_FORM_BYTES, uploadPartRoutes } from './routes/upload-parts.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { usageRoutes } from './routes/usage.ts';
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { workerRoutes } from './routes/workers.ts';

/** The app, ready for `app.request()`, {@link startServer} or a function's adapter. Opens nothing by itself. */
export function createApp(deps: AppDeps) {
  const { logger, now, version } = deps;
  const app = createRoutes();
  app.use(requestId());
  if (deps.tracing !== undefined) app.use(traceRequests(deps.tracing));
  app.use(requestLog(logger, now));
  if (deps.metrics !== undefined) app.use(measureRequests(deps.metrics));
  app.use(dropBodyOfHead());
  app.use(boundBodies(deps.limits));
  app.use(publicOrigin(deps.trustsProxy ?? false));
  if (deps.front !== undefined) app.use(requireFront(deps.front));
  if (deps.findCaller !== undefined) app.use(admitCaller(deps.findCaller));
  if (deps.hosts !== undefined) app.use(allowHosts(deps.hosts, deps.allowOrigins));
  if (deps.allowOrigins !== undefined && deps.allowOrigins.length > 0)
    app.use(allowOrigins(deps.allowOrigins));
  // Which methods there are is no secret, so it needs no key.
  app.use(answerOptions(() => app.routes));
  const answers = createKeptAnswers(deps);
  const { jsonBodyBytes, predictBodyBytes, datasetFormBytes } = deps.limits;
  const largestBodyBytes = Math.max(jsonBodyBytes, predictBodyBytes, datasetFormBytes, MOST_PART_FORM_BYTES);
  app.use('/v1/*', async (c, next) => {
    c.set('idempotency', { answers, limitBytes: largestBodyBytes });
    c.set('jobs', deps.jobs);
    await next();
  });
  // The page, the docs and the health of the process hold no data.
  if (deps.keyRing !== undefined) app.use('/v1/*', requireApiKey(deps.keyRing.find));
  const limit = limitRate(createRateLimiter(monotonicMs), deps.processes ?? 1);
  app.use('/v1/*', limit);
  app.use('/v1/*', auditRequests(createAuditLog(deps), logger));

  const groups = [
    jobRoutes,
    jobEventRoutes,
    jobCheckpointRoutes,
    contactSheetRoutes,
    modelRoutes,
    modelVersionRoutes,
    modelAliasRoutes,
    evaluateModelRoutes,
    importModelRoutes,
    modelFileRoutes,
    reportRoutes,
    predictRoutes,
    feedbackRoutes,
    batchRoutes,
    batchResultRoutes,
    fileRoutes,
    nextToLabelRoutes,
    uploadRoutes,
    uploadPartRoutes,
    datasetRoutes,
    datasetFileRoutes,
    datasetStoreRoutes,
    datasetUploadRoutes,
    datasetSnapshotRoutes,
    planRoutes,
    workerRoutes,
    keyRoutes,
    webhookRoutes,
    webhookDeliveryRoutes,
    auditRoutes,
    usageRoutes,
    healthRoutes,
    metricsRoutes,
  ];
  const { usage } = deps;
  const reserveQuota = usage && createDailyQuota({ ...deps, usage });
  const predict = createCountedPredict(deps, reserveQuota);
  const routeDeps = { ...deps, predict, reserveQuota, limitRate: limit };
  for (const group of groups) app.route('/', group(routeDeps));
  for (const { routes } of PROTOCOLS) app.route('/', routes(routeDeps));
  const { open } = deps.uploads;
  if (open !== undefined) app.route('/', receiveUploadRoutes(deps, open));
  app.route('/', architectureRoutes());
  app.route('/', docsRoutes({ version, app, needsKey: deps.keyRing !== undefined }));
  app.route('/', pageRoutes(deps));

  app.notFound(createNotFoundHandler(() => app.routes, errorShapeOf));
  app.onError(createErrorHandler(logger, errorShapeOf));
  return app;
}
