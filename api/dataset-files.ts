// Files of datasets on the wire: pages of them, moves to another class, deletions, and what still holds something of what was deleted.

import { z } from 'zod';
import type { Holder } from '../core/erasure/find-holders.ts';
import { FILE_NAME_PATTERN, FILE_PATH_PATTERN } from './file-name.ts';
import { count, hasMore, listOf, objectKind, orNull, text } from './quantities.ts';

/** Copies that are named of one dataset at most. */
const MOST_COPIES = 100;
/** Paths in one request at most. */
const MOST_PATHS = 1000;
const PATH_MAX_LENGTH = 1000;
const CLASS_MAX_LENGTH = 255;

const PathSchema = z
  .string()
  .min(1)
  .max(PATH_MAX_LENGTH)
  .regex(new RegExp(FILE_PATH_PATTERN), 'must be names joined by single slashes')
  .meta({ description: 'The path of a file below its dataset.', example: 'banana/1.jpg' });
const PathsSchema = z
  .array(PathSchema)
  .min(1)
  .max(MOST_PATHS)
  .meta({ description: 'Paths of files below the dataset.' });

const ContentHashesSchema = z
  .record(PathSchema, z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256: 64 digits of 0-9 and a-f'))
  .optional()
  .meta({
    description:
      'For some of the paths, the `content_hash` that the file must have, as lists and reports give it. A file that was replaced since is left as it is.',
  });

const ClassSchema = z.string().min(1).max(CLASS_MAX_LENGTH).meta({ pattern: FILE_NAME_PATTERN });

/** The query that names one file. */
export const FilePathQuerySchema = z.strictObject({ path: PathSchema });

/** The file of a dataset in a list. */
const ListedFileSchema = z
  .object({
    object: objectKind('dataset.file'),
    dataset: text('Name of the dataset.'),
    path: text('Path below the dataset.'),
    class: z.string().nullable().meta({ description: 'Its label; null for a file outside of every class.' }),
    split: z.enum(['train', 'validation', 'test']).nullable().meta({
      description:
        'The split that a job without a `split` of its own would use; null for a file that is left out.',
    }),
    size_bytes: count('Bytes of the file.'),
    width: z.number().int().nullable().meta({ description: 'Pixels; null for a file that is left out.' }),
    height: z.number().int().nullable().meta({ description: 'Pixels; null for a file that is left out.' }),
    content_hash: z.string().nullable().meta({
      description: 'sha256 of the bytes; null for a file that is left out, and where it is not known.',
    }),
    findings: z.array(z.string()).meta({ description: 'Codes of the findings that concern the file.' }),
  })
  .meta({ id: 'ListedDatasetFile', description: 'A file of a dataset.' });

/** The answer of `GET /v1/datasets/<name>/files`. */
export const FileListSchema = z
  .object({ ...listOf(ListedFileSchema, 'By path.'), has_more: hasMore })
  .meta({ id: 'DatasetFileList', description: 'One page of the files of a dataset.' });
/** A file of a dataset as clients get it. */
export type WireListedFile = z.infer<typeof ListedFileSchema>;

/** The body of `POST /v1/datasets/<name>/files/move`. */
export const MoveFilesSchema = z
  .strictObject({
    paths: PathsSchema,
    content_hashes: ContentHashesSchema,
    class: ClassSchema.meta({ description: 'The right label.', example: 'banana' }),
  })
  .meta({ id: 'MoveDatasetFiles', description: 'Files that belong to another class.' });

const FileErrorSchema = z.object({
  code: text('A stable code.'),
  message: text('What failed, and what to do.'),
});

/** The answer to a move. */
export const MovedFilesSchema = z
  .object({
    ...listOf(
      z.object({
        path: text('The path that was named.'),
        moved_to: z.string().nullable().meta({ description: 'Where the file is now; null where it stayed.' }),
        error: orNull(FileErrorSchema, 'Why the file stayed; null where it was moved.'),
      }),
      'In the order of the request.',
    ),
  })
  .meta({ id: 'MovedDatasetFiles', description: 'What became of each file.' });
/** What became of files that were to be moved, as clients get it. */
export type WireMovedFiles = z.infer<typeof MovedFilesSchema>;

/** The body of `POST /v1/datasets/<name>/rename`. */
export const RenameDatasetSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .meta({ description: 'The new name.', pattern: FILE_NAME_PATTERN, example: 'fruit-2' }),
  })
  .meta({ id: 'RenameDataset', description: 'Another name for a dataset.' });

/** The answer to a rename. */
export const RenamedDatasetSchema = z
  .object({
    object: objectKind('dataset'),
    dataset: text('Its new name.'),
    former_names: z.array(z.string()).meta({
      description:
        'The names that it had before, oldest first. Models, jobs and snapshots keep the name that they saw.',
    }),
  })
  .meta({ id: 'RenamedDataset', description: 'A dataset that was renamed.' });
/** The answer to a rename, as clients get it. */
export type WireRenamedDataset = z.infer<typeof RenamedDatasetSchema>;

/** The answer of `POST /v1/datasets/<name>/files`. */
export const StoredFilesSchema = z
  .object({
    ...listOf(
      z.object({
        path: text('The path that the form or the archive gave.'),
        key: z
          .string()
          .nullable()
          .meta({ description: 'Object key of the file; null where it is not stored.' }),
        size_bytes: count('Its bytes.'),
        error: orNull(FileErrorSchema, 'Why the file is not stored; null where it is.'),
      }),
      'In the order of the form or the archive.',
    ),
    dataset: text('Name of the dataset.'),
    stored: count('Number of files that are stored.'),
    failed: count('Number of files that are not.'),
    hidden: count(
      'Hidden files of operating systems, such as `.DS_Store`, which are left out and not listed.',
    ),
  })
  .meta({ id: 'StoredDatasetFiles', description: 'What became of each file of a form or an archive.' });

/** The body of a form of `POST /v1/datasets/<name>/files`. */
export const StoreFilesFormSchema = z
  .object({
    archive: z.array(z.string().meta({ format: 'binary' })).meta({
      description:
        'Archives (`.zip`, `.tar.gz`). Fields of other names are pictures, and the name is the class.',
    }),
  })
  .partial()
  .catchall(z.string().meta({ format: 'binary' }))
  .meta({
    id: 'StoreDatasetFilesForm',
    minProperties: 1,
    description: 'A form with pictures, whose fields have the names of classes, or with archives.',
  });

/** The body of `POST /v1/datasets/<name>/classes/<class>/rename`. */
export const RenameClassSchema = z
  .strictObject({
    class: ClassSchema.meta({ description: 'The new name.', example: 'plantain' }),
  })
  .meta({ id: 'RenameClass', description: 'The new name of a class.' });

/** The body of `POST /v1/datasets/<name>/files/delete`. */
export const DeleteFilesSchema = z
  .strictObject({ paths: PathsSchema, content_hashes: ContentHashesSchema })
  .meta({ id: 'DeleteDatasetFiles', description: 'Files to be deleted for good.' });

const HolderSchema = z
  .object({
    object: z.enum(['model.version', 'fine_tuning.job', 'batch', 'dataset', 'file']).meta({
      description: 'What holds something: a version of a model, a job, a batch, a dataset, or a file.',
    }),
    model: z.string().optional().meta({ description: 'The name of the model.' }),
    version: z.string().optional().meta({ description: 'Its version.' }),
    id: z.string().optional().meta({ description: 'The id of the job, the batch or the file.' }),
    dataset: z.string().optional().meta({ description: 'The name of the dataset.' }),
    paths: z
      .array(z.string())
      .optional()
      .meta({ description: `The first files of the dataset with the same bytes, at most ${MOST_COPIES}.` }),
    path_count: z.number().int().optional().meta({ description: 'Number of all these files.' }),
    holds: z
      .array(z.enum(['weights', 'golden_pictures', 'report', 'events', 'input_list', 'results', 'content']))
      .meta({
        description:
          '`weights`: it was trained on the dataset. `golden_pictures`: it has up to three small pictures of the test split. `report`: its ' +
          'report names the picture, and may show it. `events`: an event of the job names it. `input_list`, `results`: the list of pictures or the results of the batch name it. `content`: the dataset was made of the file, or files of another place have the same bytes.',
      }),
  })
  .meta({
    id: 'Holder',
    description: 'What may hold something of a deleted picture. Delete it, too, to be sure.',
  });

/** The field that names what holds something of what was deleted. */
export const alsoHeldBy = z
  .array(HolderSchema)
  .meta({ description: 'What may still hold something of what was deleted.' });

/** The answer to a deletion of files. */
export const DeletedFilesSchema = z
  .object({
    object: objectKind('dataset.files'),
    dataset: text('Name of the dataset.'),
    deleted: z.literal(true).meta({ description: 'The files are gone, with all their versions.' }),
    paths: z.array(z.string()).meta({ description: 'Those that were there.' }),
    also_held_by: alsoHeldBy,
  })
  .meta({ id: 'DeletedDatasetFiles', description: 'What was deleted, and what holds something of it.' });
/** What became of files that were to be deleted, as clients get it. */
export type WireDeletedFiles = z.infer<typeof DeletedFilesSchema>;

/** The answer to the deletion of a dataset. */
export const DeletedDatasetSchema = z
  .object({
    id: text('Name of the dataset.'),
    object: objectKind('dataset'),
    deleted: z.literal(true).meta({ description: 'It is gone, with all versions of its files.' }),
    also_held_by: alsoHeldBy,
  })
  .meta({ id: 'DeletedDataset', description: 'A dataset that was deleted.' });
/** A dataset that was deleted, as clients get it. */
export type WireDeletedDataset = z.infer<typeof DeletedDatasetSchema>;

/** The answer of `GET /v1/datasets/<name>/holders`. */
export const DatasetHoldersSchema = z
  .object(listOf(HolderSchema, 'What would hold something of the dataset if it was deleted.'))
  .meta({ id: 'DatasetHolders', description: 'What holds something of a dataset.' });
/** What may hold something of a picture or a dataset, as clients get it. */
export type WireHolder = z.infer<typeof HolderSchema>;

const WIRE_KINDS = { job: 'fine_tuning.job', batch: 'batch', file: 'file' } as const;

/** Holders as the API names them. */
export const toWireHolders = (holders: readonly Holder[]) =>
  holders.map((holder) => {
    const holds = [...holder.holds];
    if (holder.kind === 'version')
      return { object: 'model.version' as const, model: holder.model, version: holder.version, holds };
    if (holder.kind === 'dataset')
      return {
        object: 'dataset' as const,
        dataset: holder.dataset,
        paths: holder.paths.slice(0, MOST_COPIES),
        path_count: holder.paths.length,
        holds,
      };
    return { object: WIRE_KINDS[holder.kind], id: holder.id, holds };
  });
