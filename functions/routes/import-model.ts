// POST /v1/models: brings in a classifier that is trained already, one of the architectures with published weights or the files of an
// export, which were uploaded before.

import type { Context } from 'hono';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { type ImportModel, ImportModelSchema } from '../../api/import-model.ts';
import { ModelSchema, toWireModel } from '../../api/model.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { toNormalization } from '../../core/image/to-normalization.ts';
import type { ImportedModel } from '../../core/model/import-model.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { readManifest } from '../../core/model/read-manifest.ts';
import { listVersions } from '../../core/model/versions.ts';
import { present } from '../../core/present.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses, IDEMPOTENCY_ERRORS, JSON_ERRORS, WRITE_ERRORS } from '../http/error-responses.ts';
import { madeBefore, noteMade } from '../http/idempotent.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { readUploads } from '../http/read-uploads.ts';
import { requireNamed } from '../http/require-names.ts';

const importRoute = createRoute({
  operationId: 'importModel',
  method: 'post',
  path: '/v1/models',
  tags: ['Models'],
  summary: 'Import a trained classifier',
  description:
    'Serves a classifier as it is, without training: a new version of the model `name`. Either `architecture` names a network, whose ' +
    'published weights are used, or `file` an upload (`POST /v1/uploads` with the purpose `model`): an `.onnx` file, `keras_model.h5`, ' +
    'or a zip archive with a model and the files beside it, as Teachable Machine, Custom Vision and Roboflow export them. What the ' +
    'files do not tell is asked for by `model-setting-needed`, whose `param` names the field. Answers when it can predict.',
  request: {
    headers: IdempotencyHeadersSchema,
    // A reference, so that the handler reads the body itself, within its limit.
    body: jsonBody('ImportModel'),
  },
  responses: {
    201: { description: 'The model.', content: { 'application/json': { schema: ModelSchema } } },
    ...errorResponses(
      ...JSON_ERRORS,
      ...WRITE_ERRORS,
      ...IDEMPOTENCY_ERRORS,
      'architecture-unknown',
      'labels-invalid',
      'model-name-invalid',
      'model-in-use',
      'weights-mismatch',
      'weights-unreadable',
      'weights-unavailable',
      'weights-download-failed',
      'storage-link-refused',
      'image-key-invalid',
      'upload-not-found',
      'uploads-too-large',
      'server-busy',
      'model-files-invalid',
      'model-unsupported',
      'model-setting-needed',
      'preprocessing-invalid',
      'backbone-name-invalid',
      'backbone-exists',
      'backbone-unreadable',
      'backbone-external-data',
      'backbone-ops-unsupported',
      'backbone-too-large',
      'backbone-batch-fixed',
      'backbone-input-unsupported',
      'backbone-output-unsupported',
    ),
  },
});

/** The route that imports models. */
export function importModelRoutes(deps: AppDeps) {
  const { store, predictor, limits, weightsDir, now } = deps;
  const routes = createRoutes();
  describeBody(routes, ImportModelSchema);

  routes.openapi(importRoute, async (c) => {
    const request = await readJsonBody(c, ImportModelSchema, limits.jsonBodyBytes);
    const { architecture, labels = [], name, weights, resize, crop, promote } = request;
    requireNamed(c, { model: name });
    const answer = async (manifest: Manifest) =>
      c.json(toWireModel(manifest, await listVersions(store, manifest.model)), 201);
    const before = await madeBefore(c);
    if (before !== undefined)
      return answer(
        await readManifest(
          store,
          present(before['model'], 'a model'),
          present(before['version'], 'a version'),
        ),
      );
    const signal = c.req.raw.signal;
    let imported: ImportedModel;
    if (architecture === undefined) imported = await importUpload(c, deps, request);
    else {
      const preprocessing = toNormalization(request);
      // Loaded with the first import: a function that predicts needs no networks.
      const { importModel } = await import('../../core/model/import-model.ts');
      imported = await importModel(
        { store, now, weightsDir, signal },
        {
          architecture,
          labels,
          model: name,
          weightsFile: weights,
          preprocessing,
          resize,
          crop,
          promote,
          id: c.get('idempotencyClaim')?.id,
        },
      );
    }
    const { manifest } = imported;
    predictor.forget(manifest.model);
    noteMade(c, { model: manifest.model, version: manifest.version });
    return answer(manifest);
  });

  return routes;
}

async function importUpload(
  c: Context<AppEnv>,
  { store, limits, now }: AppDeps,
  request: ImportModel,
): Promise<ImportedModel> {
  const { preprocessing, color_order: colorOrder, name, file, ...settings } = request;
  const share = c.get('bodyTerms').share;
  const bytes = { uploadBytes: limits.modelUploadBytes, predictUploadBytes: limits.modelUploadBytes };
  const [upload] = await readUploads(store, [present(file, 'a file')], { ...bytes, share }, () => 'file');
  if (upload === undefined || upload instanceof FoveaError) throw present(upload, 'an upload');
  const { importClassifier } = await import('../../core/classifier/import-classifier.ts');
  const { filesOfBytes, nameOfModel } = await import('../../core/classifier/classifier-files.ts');
  return importClassifier(
    { store, now, signal: c.req.raw.signal },
    {
      ...settings,
      model: present(name, 'a name'),
      id: c.get('idempotencyClaim')?.id,
      files: filesOfBytes(nameOfModel(upload), upload),
      colorOrder,
      preprocessing: preprocessing ?? toNormalization(request),
    },
  );
}
