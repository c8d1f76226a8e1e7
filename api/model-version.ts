// Versions and aliases of a model on the wire, and what changes them.

import { z } from 'zod';
import { LATEST_ALIAS, LIVE_ALIAS, RESERVED_ALIASES } from '../core/model/live-record.ts';
import { NAME_PATTERNS } from '../core/model/model-name.ts';
import { ModelSchema } from './model.ts';
import { count, hasMore, listOf, objectKind, orNull, text, unixSeconds } from './quantities.ts';

const Version = z.string().meta({ pattern: NAME_PATTERNS.version, example: '3' });

/** The name of a model in a path. */
export const ModelNameParamSchema = z.object({
  model: z
    .string()
    .meta({ description: 'The name of a model.', pattern: NAME_PATTERNS.model, example: 'fruit' }),
});
/** The name of a model and one of its versions in a path. */
export const ModelVersionParamSchema = ModelNameParamSchema.extend({
  version: Version.describe('A version number.'),
});
const aliasParam = (reserved: readonly string[]) =>
  ModelNameParamSchema.extend({
    alias: z.string().meta({
      description: 'Name of the alias.',
      pattern: NAME_PATTERNS.alias,
      not: { enum: [...reserved] },
      example: 'stable',
    }),
  });
/** The name of a model and an alias that is to be set, in a path. Others are refused by core, which says why. */
export const SetAliasParamSchema = aliasParam(RESERVED_ALIASES.filter((alias) => alias !== LIVE_ALIAS));
/** The same of an alias that is to be removed. */
export const RemoveAliasParamSchema = aliasParam([LATEST_ALIAS, LIVE_ALIAS]);

const EXPECTED = 'The change is refused where that is another one by now.';

/** The query of changes without a body. */
export const ExpectedQuerySchema = z.strictObject({
  expected_version: Version.optional().describe(`The version that it stands for now. ${EXPECTED}`),
});

/** The body of `POST /v1/models/{model}/promote`. */
export const PromoteSchema = z
  .strictObject({
    version: Version.describe('A version number or an alias.'),
    share: z.number().gt(0).lt(1).optional().meta({
      description:
        'Only this share of the predictions: the version becomes the canary, beside the live one. Without it, the version becomes live.',
      example: 0.1,
    }),
    expected_version: Version.optional().describe(`The version that is live now. ${EXPECTED}`),
  })
  .meta({ id: 'PromoteModel', description: 'The version that predictions shall use.' });
/** The body of a promotion, as clients write it. */
export type PromoteBody = z.input<typeof PromoteSchema>;

/** The body of `PUT /v1/models/{model}/aliases/{alias}`. */
export const SetAliasSchema = z
  .strictObject({
    version: Version.describe('A version number or another alias.'),
    expected_version: Version.nullish().describe(
      `The version that the alias stands for now; null where there must be no such alias. ${EXPECTED}`,
    ),
  })
  .meta({ id: 'SetModelAlias', description: 'What an alias shall stand for.' });

/** The body of `POST /v1/models/{model}/rename`. */
export const RenameModelSchema = z
  .strictObject({
    name: z.string().meta({ description: 'The new name.', pattern: NAME_PATTERNS.model, example: 'fruit-2' }),
  })
  .meta({ id: 'RenameModel', description: 'Another name for a model.' });

/** An alias and what it stands for. */
export const ModelAliasSchema = z
  .object({
    object: objectKind('model.alias'),
    model: text('Name of the model.'),
    alias: text('Its name.'),
    version: text('The version that it stands for.'),
    share: orNull(z.number(), 'The share of predictions that a canary gets; null for other aliases.'),
  })
  .meta({ id: 'ModelAlias', description: 'A name for a version of a model.' });
/** An alias as clients get it. */
export type WireModelAlias = z.infer<typeof ModelAliasSchema>;
/** All aliases of a model. */
export const ModelAliasListSchema = z
  .object({
    ...listOf(ModelAliasSchema, 'By name.'),
    has_more: hasMore,
    can_roll_back: z.boolean().meta({
      description:
        'Whether a rollback has something to take back: a canary, or a version that was live before.',
    }),
  })
  .meta({ id: 'ModelAliasList', description: 'The aliases of a model.' });

/** What predictions with a model use. */
export const LiveSchema = z
  .object({
    object: objectKind('model.live'),
    model: text('Name of the model.'),
    version: z
      .string()
      .nullable()
      .meta({ description: 'The live version; null where none is, so that the latest is used.' }),
    canary: orNull(
      z.object({
        version: text('A version that gets a share of the predictions.'),
        share: z.number().meta({ description: 'That share, 0 to 1.' }),
      }),
      'Null where there is none.',
    ),
    history: z
      .array(
        z.object({
          version: text('A version that was live before.'),
          until: unixSeconds('Until when; 0 where that is not known'),
        }),
      )
      .meta({ description: 'Oldest first, at most 50. A rollback makes the last one live.' }),
    warning: z.string().optional().meta({
      description:
        'After a promotion: what to know of a version that needs much of the memory of the server, and how to give more. Absent where there is nothing.',
    }),
  })
  .meta({ id: 'ModelLive', description: 'What predictions with a model use.' });
/** What predictions with a model use, as clients get it. */
export type WireLive = z.infer<typeof LiveSchema>;

/** A version with the aliases that name it. */
export const ModelVersionSchema = ModelSchema.omit({ versions: true })
  .extend({
    object: objectKind('model.version'),
    aliases: z
      .array(z.string())
      .meta({ description: 'Aliases that stand for it, among them `live`, `canary` and `latest`.' }),
    job: text('The job that made it; empty where the version cannot be read.'),
  })
  .meta({ id: 'ModelVersion', description: 'A version of a model.' });
/** A version as clients get it. */
export type WireModelVersion = z.infer<typeof ModelVersionSchema>;
/** One page of versions. */
export const ModelVersionListSchema = z
  .object({ ...listOf(ModelVersionSchema, 'Newest first.'), has_more: hasMore })
  .meta({ id: 'ModelVersionList', description: 'One page of the versions of a model.' });

/** The answer to a deletion. */
export const DeletedModelSchema = z
  .object({
    id: text('The model, or `<model>:<version>`, that is gone.'),
    object: objectKind('model'),
    deleted: z.literal(true).meta({ description: 'It is gone, with every earlier state of its files.' }),
  })
  .meta({ id: 'DeletedModel', description: 'A model or a version that was deleted.' });

const number = (what: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${what}; null where that is not known.` });
const share = (what: string) =>
  orNull(
    z.object({
      value: number('The measured value'),
      low: number('Lower end of the 95 % interval'),
      high: number('Upper end of the 95 % interval'),
    }),
    `${what}; null where that is not known.`,
  );

/** One version in a comparison. */
const ComparedVersionSchema = z
  .object({
    version: text('The version.'),
    aliases: z.array(z.string()).meta({ description: 'Aliases that stand for it.' }),
    architecture: text('The network.'),
    dataset: z
      .string()
      .nullable()
      .meta({ description: 'What it was trained on; null where it was imported.' }),
    judged_on: z.string().nullable().meta({
      description: 'What it was evaluated on: `test`, `validation` or `folds`; null without a report.',
    }),
    pictures: number('Pictures of the evaluation'),
    accuracy: share('Accuracy'),
    balanced_accuracy: share('Mean recall of the classes'),
    calibration_error: number('Expected calibration error of the scores that are served'),
    classes: z
      .array(
        z.object({
          label: text('Name of the class.'),
          support: count('Pictures of the class that were evaluated.'),
          recall: share('Share of its pictures that are right'),
          precision: share('Share of the pictures predicted as it that are right'),
        }),
      )
      .meta({ description: 'Its classes; without numbers where it has no report.' }),
    size_bytes: count('Size of its ONNX file.'),
    precisions: z
      .array(
        z.object({
          precision: text('Of a reduced-precision variant.'),
          size_bytes: count('Size of its file.'),
          ms_per_picture: z.number().meta({ description: 'Time for one picture where it was trained.' }),
          agreement: z.number().meta({ description: 'Share of pictures with the same likeliest class.' }),
        }),
      )
      .meta({ description: 'Its reduced-precision variants.' }),
    cost_usd: number('What the machines of its job cost, in US dollars'),
  })
  .meta({ id: 'ComparedVersion', description: 'A version in a comparison.' });

/** The answer of `GET /v1/models/{model}/compare`. */
export const ModelComparisonSchema = z
  .object({
    object: objectKind('model.comparison'),
    model: text('Name of the model.'),
    data: z.array(ComparedVersionSchema).meta({ description: 'In the order of the request.' }),
    same_classes: z.boolean().meta({ description: 'Whether all have the same classes.' }),
    same_pictures: z.boolean().meta({
      description:
        'Whether all were evaluated on the same pictures, so that their numbers can be compared directly.',
    }),
    differing: orNull(
      z.array(
        z.object({
          key: text('Object key of the picture.'),
          wrong: z.array(z.string()).meta({ description: 'The versions that are wrong on it.' }),
        }),
      ),
      'Pictures on which some are right and others wrong; null where the reports do not say.',
    ),
  })
  .meta({ id: 'ModelComparison', description: 'Versions of a model side by side.' });
/** A comparison as clients get it. */
export type WireModelComparison = z.infer<typeof ModelComparisonSchema>;

/** The query of a comparison. */
export const CompareQuerySchema = z.strictObject({
  versions: z
    .string()
    .regex(new RegExp(NAME_PATTERNS.versions), 'must be 2 to 8 versions or aliases, with commas between them')
    .meta({ description: 'Two to eight versions or aliases, with commas between them.', example: '2,3' }),
});
