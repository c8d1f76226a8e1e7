// POST /v1/models/{model}/evaluate: judges a version by the labelled pictures of a dataset. It makes a batch, which has the evaluation at its end.

import type { Context } from 'hono';
import { EvaluateModelSchema } from '../../api/batch.ts';
import { IdempotencyHeadersSchema } from '../../api/idempotency-key.ts';
import { ModelParamSchema } from '../../api/model.ts';
import { allNamesOf } from '../../core/dataset/dataset-names.ts';
import { type DatasetInspection, inspectDataset } from '../../core/dataset/inspect-dataset.ts';
import type { Split } from '../../core/dataset/split-folder.ts';
import { pictureId } from '../../core/dataset/split-snapshots.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { present } from '../../core/present.ts';
import { readSeenPictures } from '../../core/promotion/seen-pictures.ts';
import { isUnreadable } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { createRoute } from '../http/create-route.ts';
import { errorResponses } from '../http/error-responses.ts';
import { describeBody, jsonBody } from '../http/json-body.ts';
import { readJsonBody } from '../http/read-json.ts';
import { maySee } from '../http/require-names.ts';
import { after } from './after.ts';
import { MADE_BATCH, MAKE_BATCH_ERRORS, makeBatch } from './batches.ts';
import { parseDatasetName } from './dataset-name.ts';
import { toModelAndVersion } from './models.ts';
import type { JudgingInput } from './new-batch.ts';
import { requireDataset } from './require-dataset.ts';
import type { RouteDeps } from './route-deps.ts';
import { toInspecting } from './to-inspecting.ts';

/** Pictures times classes at most: the scores that one process has in memory. */
const MOST_SCORES = 20_000_000;
const LABELS_NAMED = 5;

const evaluateRoute = createRoute({
  operationId: 'evaluateModel',
  method: 'post',
  path: '/v1/models/{model}/evaluate',
  tags: ['Models'],
  summary: 'Judge a version by a dataset',
  description:
    'Makes a batch that predicts the labelled pictures of the dataset, so it takes as long as a batch does. At its end, `evaluation` of ' +
    '`GET /v1/batches/{batch_id}` says how often the version is right, class by class, and how far its scores can be trusted. Pictures that ' +
    'it was trained on are counted apart, unless the key is limited to datasets and may not see theirs. Classes that the model does not have are named and left out.',
  request: {
    headers: IdempotencyHeadersSchema,
    params: ModelParamSchema,
    body: jsonBody('EvaluateModel'),
  },
  responses: {
    200: MADE_BATCH,
    ...errorResponses(
      ...MAKE_BATCH_ERRORS,
      'dataset-name-invalid',
      'dataset-not-found',
      'dataset-empty',
      'dataset-inspecting',
      'label-unknown',
    ),
  },
});

/** The route that judges versions. */
export function evaluateModelRoutes(deps: RouteDeps) {
  const { store, limits } = deps;
  const routes = createRoutes();
  describeBody(routes, EvaluateModelSchema);

  routes.openapi(evaluateRoute, async (c) => {
    const request = await readJsonBody(c, EvaluateModelSchema, limits.jsonBodyBytes);
    const { model, version } = toModelAndVersion(c.req.valid('param').model, request.version);
    const dataset = parseDatasetName(request.dataset);
    const judge = async (manifest: Manifest): Promise<JudgingInput> => {
      await requireDataset(store, dataset, 'dataset');
      const inspection = await inspectDataset(store, dataset, {
        split: SplitFractionsSchema.parse({}),
        signal: c.req.raw.signal,
        isTimeUp: after(limits.inspectionMs),
        tidies: true,
      }).catch(toInspecting);
      const seen = (await maySeeTraining(c, store, manifest, dataset))
        ? await seenBy(store, manifest, dataset)
        : undefined;
      return labelledPictures(manifest, inspection, request.split, seen);
    };
    const asked = {
      model,
      version,
      input_prefix: keys.dataset(dataset),
      top_k: 1,
      metadata: request.metadata,
      dry_run: request.dry_run,
    };
    return c.json(await makeBatch(deps, c, asked, judge), 200);
  });

  return routes;
}

/** @throws {FoveaError} `label-unknown` where the dataset and the model have no class in common; `batch-input-invalid` for too many pictures. */
function labelledPictures(
  manifest: Manifest,
  { dataset, classes, items, contentHash }: DatasetInspection,
  split: Split | 'all',
  seen: ReadonlyMap<string, Split> | undefined,
): JudgingInput {
  if (!classes.some((label) => manifest.labels.includes(label)))
    throw new FoveaError(
      'label-unknown',
      `No class of the dataset "${dataset}" (${some(classes)}) is one of model "${manifest.model}" (${some(manifest.labels)}). Give the folders ` +
        'the names of its labels, e.g. by POST /v1/datasets/{dataset}/classes/{class}/rename.',
      {
        param: 'dataset',
        details: { classes: classes.slice(0, LABELS_NAMED), labels: manifest.labels.slice(0, LABELS_NAMED) },
      },
    );
  const wanted = items.filter((item) => split === 'all' || item.split === split);
  if (wanted.length * manifest.labels.length > MOST_SCORES)
    throw new FoveaError(
      'batch-input-invalid',
      `${wanted.length} pictures are too many for an evaluation with ${manifest.labels.length} classes, which takes ` +
        `${Math.floor(MOST_SCORES / manifest.labels.length)}. Name a split, such as "test".`,
      { param: 'split' },
    );
  return {
    evaluation: { dataset, split, contentHash, knowsSeen: seen !== undefined },
    pictures: wanted.map(({ key, classIndex, contentHash: content, sizeBytes }) => {
      const seenIn = seen?.get(pictureId(content));
      return {
        key,
        customId: null,
        sizeBytes,
        label: present(classes[classIndex], 'the class of a picture'),
        ...(seenIn === undefined ? {} : { seenIn }),
      };
    }),
  };
}

const some = (labels: readonly string[]) =>
  `${labels
    .slice(0, LABELS_NAMED)
    .map((label) => JSON.stringify(label))
    .join(', ')}${labels.length > LABELS_NAMED ? ', …' : ''}`;

/**
 * Whether the key of a request may know which pictures a version was trained on: it would find out what is in a dataset that it may not see,
 * picture by picture. The dataset that the request names, it may see, also by an earlier name.
 */
async function maySeeTraining(
  c: Context<AppEnv>,
  store: ObjectStore,
  { dataset: trainedOn }: Manifest,
  dataset: string,
): Promise<boolean> {
  if (trainedOn === null || maySee(c, { dataset: trainedOn })) return true;
  return (await allNamesOf(store, dataset)).has(trainedOn);
}

/**
 * The split in which the job of a version had each picture, by the picture's id: none for a version that was imported. Undefined where that is not
 * known, because the report or the snapshot is missing or cannot be read.
 */
const seenBy = (store: ObjectStore, manifest: Manifest, dataset: string) =>
  readSeenPictures(store, manifest, dataset).then(
    (seen) => seen?.splits,
    (error: unknown) => {
      if (isUnreadable(error)) return undefined;
      throw error;
    },
  );
