// Feedback on predictions over HTTP: keeps a picture with its right label, where the operator allows it and its owner agrees.

import { FeedbackSchema, KeptFeedbackSchema, PredictionParamSchema } from '../../api/feedback.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { refuseWhileDatasetRenamed } from '../../core/dataset/dataset-names.ts';
import { feedbackDataset, findFeedback, keepFeedback } from '../../core/dataset/keep-feedback.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { decodeBase64 } from '../../core/image/decode-base64.ts';
import { IMAGE_ERROR_CODES, imageEmpty } from '../../core/image/image-errors.ts';
import { parseModelReference } from '../../core/model/model-name.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { resolveVersion } from '../../core/model/versions.ts';
import { present } from '../../core/present.ts';
import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import {
  errorResponses,
  IDEMPOTENCY_ERRORS,
  JSON_ERRORS,
  MODEL_ERRORS,
  WRITE_ERRORS,
} from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { readUploads } from '../http/read-uploads.ts';
import { requireNamed } from '../http/require-names.ts';
import { parseClassName } from './dataset-name.ts';
import { explainMissingModel } from './missing-model.ts';

const LABELS_SHOWN = 5;

const feedbackRoute = createRoute({
  operationId: 'createPredictionFeedback',
  method: 'post',
  path: '/v1/predictions/{prediction_id}/feedback',
  tags: ['Models'],
  summary: 'Say what a picture shows',
  description:
    'Keeps the picture with its right label for the next training, in the dataset `<model>-feedback`. Predictions keep no pictures, so it is ' +
    'sent again. The operator has to allow it, and `consent` says that the owner of the picture agrees. Nothing but the picture and its label is ' +
    'kept, without the place where it was taken (GPS), until somebody deletes it. The same picture is kept once for each label. ' +
    'A key that is limited to datasets has to allow that one.',
  request: { headers: IdempotencyHeadersSchema, params: PredictionParamSchema, body: jsonBody('Feedback') },
  responses: {
    200: {
      description: 'The picture is kept.',
      content: { 'application/json': { schema: KeptFeedbackSchema } },
    },
    ...errorResponses(
      ...JSON_ERRORS,
      ...MODEL_ERRORS,
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      ...IMAGE_ERROR_CODES,
      'feedback-off',
      'dataset-in-use',
      'label-unknown',
      'base64-invalid',
      'image-key-invalid',
      'upload-not-found',
      'uploads-too-large',
      'server-busy',
      'dataset-name-invalid',
      'key-too-long',
      'key-conflict',
      'storage-link-refused',
    ),
  },
});

/** The route by which people say what a picture shows. */
export function feedbackRoutes({ store, jobs, limits, keepsFeedback = false, keepDays }: AppDeps) {
  const routes = createRoutes();
  describeBody(routes, FeedbackSchema);

  routes.openapi(feedbackRoute, async (c) => {
    // Before the body is read: the picture of somebody who may not keep it goes nowhere.
    if (!keepsFeedback) throw feedbackOff();
    const body = await readJsonBody(c, FeedbackSchema, limits.predictBodyBytes);
    const { model, version } = parseModelReference(body.model);
    requireNamed(c, { model, dataset: feedbackDataset(model) });
    const resolved = await resolveVersion(store, model, version).catch(explainMissingModel(jobs, model));
    const { labels } = await readManifest(store, model, resolved);
    if (!labels.includes(body.label)) throw labelUnknown(model, body.label, labels);
    const label = parseClassName(body.label, 'label');
    const [picture] =
      body.image_key === undefined
        ? [decodeBase64(present(body.image, 'a picture'), 'image', limits.uploadBytes)]
        : await readUploads(
            store,
            [body.image_key],
            { ...limits, share: c.get('bodyTerms').share },
            () => 'image_key',
          );
    if (picture === undefined) throw imageEmpty();
    if (picture instanceof FoveaError) throw picture;
    const before = await madeBefore(c);
    if (before === undefined) await refuseWhileDatasetRenamed(store, feedbackDataset(model));
    const { dataset, path, sizeBytes, isNew } =
      before === undefined
        ? await keepFeedback(store, model, label, picture)
        : { ...(await findFeedback(store, model, label, picture)), isNew: before['created'] === 'true' };
    noteMade(c, { created: String(isNew) });
    return c.json(
      {
        object: 'prediction.feedback' as const,
        prediction: c.req.valid('param').prediction_id,
        model,
        label,
        dataset,
        path,
        size_bytes: sizeBytes,
        kept_days: keepDays?.feedback ?? null,
        created: isNew,
      },
      200,
    );
  });

  return routes;
}

const feedbackOff = () =>
  new FoveaError(
    'feedback-off',
    'This installation keeps no pictures from feedback. Its operator allows it by --feedback, in the cloud by fovea:feedback.',
  );

const labelUnknown = (model: string, label: string, labels: readonly string[]) =>
  new FoveaError(
    'label-unknown',
    `Model "${model}" has no class ${JSON.stringify(label)}. Send one of its ${labels.length} labels, such as ` +
      `${labels
        .slice(0, LABELS_SHOWN)
        .map((one) => JSON.stringify(one))
        .join(', ')}.`,
    { param: 'label', details: { received: label } },
  );
