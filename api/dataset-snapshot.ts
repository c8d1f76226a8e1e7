// Snapshots of datasets on the wire: what jobs saw, and what two of them saw differently.

import { z } from 'zod';
import { count, hasMore, listOf, objectKind, Sha256Schema, text, unixSeconds } from './quantities.ts';

/** Pictures that a diff names at most, of each kind. */
export const MOST_NAMED = 1000;

/** The id of a snapshot in a request. */
export const SnapshotIdSchema = Sha256Schema;

const id = z
  .string()
  .meta({ description: 'sha256 of classes, contents and splits: `dataset.content_hash` of a report.' });
const splitSchema = z.enum(['train', 'validation', 'test']).meta({ description: 'Its split.' });
const place = { class: text('Its label.'), split: splitSchema };
const picture = {
  id: z.string().meta({ description: 'The first half of the sha256 of its bytes.' }),
  path: z.string().nullable().meta({
    description:
      'Where the dataset had it when it was last inspected; null where that is not known, as of most pictures that are gone.',
  }),
};

/** The answer of `GET /v1/datasets/<name>/snapshots`. */
export const SnapshotListSchema = z
  .object({
    ...listOf(
      z.object({
        object: objectKind('dataset.snapshot'),
        id,
        created_at: unixSeconds('When a job first saw the dataset so'),
      }),
      'By id.',
    ),
    has_more: hasMore,
  })
  .meta({ id: 'DatasetSnapshotList', description: 'One page of the snapshots of a dataset.' });

/** The answer of `GET /v1/datasets/<name>/snapshots/<id>`. */
export const SnapshotSchema = z
  .object({
    object: objectKind('dataset.snapshot'),
    id,
    dataset: text('Name of the dataset.'),
    classes: z
      .array(
        z.object({
          label: text('Name of the class.'),
          train: count('Pictures for training.'),
          validation: count('Pictures for validation.'),
          test: count('Pictures for the test.'),
        }),
      )
      .meta({ description: 'Its classes.' }),
  })
  .meta({
    id: 'DatasetSnapshot',
    description: 'What a job saw of a dataset. It never changes, and has no names of files.',
  });

const changes = <T extends z.ZodType>(item: T, description: string) =>
  z
    .object({
      count: count('Number of pictures.'),
      pictures: z.array(item).meta({ description: `The first ${MOST_NAMED}.` }),
    })
    .meta({ description });

/** The answer of `GET /v1/datasets/<name>/snapshots/<id>/diff`. */
export const SnapshotDiffSchema = z
  .object({
    object: objectKind('dataset.diff'),
    before: id,
    after: id,
    added: changes(z.object({ ...picture, ...place }), 'Pictures that the later one has alone.'),
    removed: changes(z.object({ ...picture, ...place }), 'Pictures that the earlier one has alone.'),
    moved: changes(
      z.object({
        ...picture,
        from: z.object(place).meta({ description: 'Where it was.' }),
        to: z.object(place).meta({ description: 'Where it is.' }),
      }),
      'Pictures in another class or split.',
    ),
  })
  .meta({ id: 'DatasetDiff', description: 'What two jobs saw differently.' });

/** What `GET …/snapshots/<id>` answers. */
export type WireSnapshot = z.infer<typeof SnapshotSchema>;
/** What `GET …/snapshots/<id>/diff` answers. */
export type WireSnapshotDiff = z.infer<typeof SnapshotDiffSchema>;
