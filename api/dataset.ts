// A dataset on the wire: what an inspection found, in numbers and findings.

import { z } from 'zod';
import type { DatasetSummary } from '../core/dataset/dataset-summary.ts';
import { FINDING_ID_PATTERN, type IdentifiedFinding } from '../core/dataset/finding-id.ts';
import type { Finding } from '../core/dataset/findings.ts';
import { groupFindings } from '../core/dataset/group-findings.ts';
import type { DatasetInspection } from '../core/dataset/inspect-dataset.ts';
import { summarizeClasses } from '../core/dataset/summarize-dataset.ts';
import { ESTIMATE_DESCRIPTION, EstimateSchema } from './estimate.ts';
import { count, hasMore, listOf, objectKind, orNull, text } from './quantities.ts';

const splitCounts = {
  train: count('Pictures that the model is trained on.'),
  validation: count('Pictures that choose the best epoch.'),
  test: count('Pictures that the model is evaluated on.'),
};

const IdSchema = z.string().regex(new RegExp(FINDING_ID_PATTERN), 'must be the id of a finding').meta({
  description: 'What it is called, by its code and the content of its pictures.',
  example: 'near-duplicate:0f1e2d3c4b5a6978',
});

const FindingSchema = z
  .object({
    id: z.string().meta({
      description:
        'What it is called, by its code and the content of its pictures: it stays the same when they are moved.',
    }),
    kept: z.boolean().meta({
      description:
        'Whether somebody found it right as it is (`POST /v1/datasets/{dataset}/kept_findings`). An error never is.',
    }),
    code: z.string().meta({ description: 'A stable code.', example: 'file-corrupt' }),
    severity: z
      .enum(['error', 'warning', 'info'])
      .meta({ description: 'How bad it is. `error`: training is not possible.' }),
    key: z
      .string()
      .nullable()
      .meta({ description: 'Object key of the file; null where no single file is concerned.' }),
    message: text('What was found, and what to do.'),
    related: z
      .array(z.string())
      .optional()
      .meta({ description: 'Object keys of other files that are concerned.' }),
    content_id: z
      .string()
      .optional()
      .meta({ description: 'Of a picture that is gone, the first half of the sha256 of its bytes.' }),
  })
  .meta({ id: 'Finding', description: 'Something that is wrong with a dataset or with one of its files.' });

const inspectionShape = {
  dataset: text('Its name.'),
  can_train: z.boolean().meta({ description: 'Whether training is possible: no finding is an error.' }),
  split: z.object(splitCounts).meta({ description: 'Good pictures in each split.' }),
  classes: z
    .array(z.object({ label: text('Name of the class.'), ...splitCounts }))
    .meta({ description: 'Good pictures of each class in each split.' }),
  findings: z.array(FindingSchema).meta({
    description:
      'Errors first; of each code, the first 10, and the first 10 of those that are kept. `GET /v1/datasets/{dataset}/files?finding=CODE` has all files of a code.',
  }),
  finding_counts: z.record(z.string(), z.number().int().optional()).meta({
    description: 'Number of findings by code, also of those that are kept. `findings` may list fewer.',
  }),
  finding_groups: z
    .array(
      z.object({
        code: z.string().meta({ description: 'The code of all its findings.', example: 'file-corrupt' }),
        severity: FindingSchema.shape.severity,
        count: count('Number of findings, without those that are kept.'),
        kept: count('Number of those that somebody found right as they are.'),
        keys: z.array(z.string()).meta({ description: 'The first keys, at most 10.' }),
        message: text('What was found, in one line, and what to do.'),
      }),
    )
    .meta({ description: 'The findings by code, each kind in one line. Errors first.' }),
};

/** The answer of `GET /v1/datasets/<name>`. */
export const DatasetSchema = z
  .object({
    object: objectKind('dataset'),
    status: z.literal('inspected').meta({ description: 'All files are inspected.' }),
    ...inspectionShape,
  })
  .meta({ id: 'Dataset', description: 'What an inspection of a dataset found.' });
/** A dataset as clients get it, once it is inspected. */
export type WireDataset = z.infer<typeof DatasetSchema>;

/** The answer of `GET /v1/datasets/<name>` where there is more to read than one request has time for. */
export const DatasetProgressSchema = z
  .object({
    object: objectKind('dataset'),
    dataset: text('Its name.'),
    status: z.literal('inspecting').meta({ description: 'Send the same request again to go on.' }),
    files: z
      .object({ done: count('Files that were read so far.'), total: count('Files in all.') })
      .meta({ description: 'How far the inspection is. What was read is kept.' }),
  })
  .meta({ id: 'DatasetProgress', description: 'An inspection that is not finished.' });
/** A dataset whose inspection is not finished. */
export type WireDatasetProgress = z.infer<typeof DatasetProgressSchema>;

/** The answer of `POST /v1/fine_tuning/jobs` with `dry_run`. */
export const DryRunSchema = z
  .object({
    object: objectKind('fine_tuning.dry_run'),
    model: z.string().meta({ description: 'The architecture.' }),
    model_name: text('The model that the job would make.'),
    estimate: orNull(EstimateSchema, ESTIMATE_DESCRIPTION),
    live_version: z
      .string()
      .nullable()
      .meta({ description: 'The version of that model that predictions use now; null where it has none.' }),
    promotion: text('What would become of the live version.'),
    weights: orNull(
      z.object({
        architecture: text('The network that they are of.'),
        at_hand: z.boolean().meta({
          description:
            'Whether the server has the file. If not, the trainer looks where it runs, then downloads it; the job fails where it cannot.',
        }),
        file: text('Name of the file.'),
        url: text('Where it is published.'),
        about_bytes: count(
          'Size of the file, computed from the number of its parameters; the file is a little larger.',
        ),
      }),
      'The published weights that the job starts from; null where it needs none.',
    ),
    about_model_bytes: orNull(
      count('Bytes.'),
      'Size of the model that the job would make, in float32, computed from the number of its parameters; its file differs by a few percent. ' +
        'Null where the dataset has less than two classes.',
    ),
    ...inspectionShape,
  })
  .meta({ id: 'DryRun', description: 'What a job would train on, without the job.' });
/** What a job would train on, as clients get it. */
export type WireDryRun = z.infer<typeof DryRunSchema>;

const SummarySchema = z.object({
  files: count('Files, also those that are left out.'),
  size_bytes: count('Bytes of all files.'),
  pictures: count('Good pictures.'),
  classes: count('Classes.'),
  can_train: inspectionShape.can_train,
  finding_counts: inspectionShape.finding_counts,
});

/** The answer of `GET /v1/datasets`: one page. */
export const DatasetListSchema = z
  .object({
    ...listOf(
      z.object({
        object: objectKind('dataset'),
        dataset: text('Its name.'),
        inspection: orNull(
          SummarySchema,
          'The numbers of its last inspection (`GET /v1/datasets/{dataset}`), whatever has changed since; null where it was not inspected.',
        ),
      }),
      'By name.',
    ),
    has_more: hasMore,
  })
  .meta({ id: 'DatasetList', description: 'One page of datasets.' });
/** One entry of the list of datasets. */
export type WireDatasetEntry = z.infer<typeof DatasetListSchema>['data'][number];

/** The answer to a picture that was put into a dataset. */
export const DatasetFileSchema = z
  .object({
    object: objectKind('dataset.file'),
    dataset: text('Name of the dataset.'),
    key: text('Object key of the file.'),
    size_bytes: count('Bytes that were stored.'),
  })
  .meta({ id: 'DatasetFile', description: 'A file that was put into a dataset.' });
/** A file that was put into a dataset, as clients get it. */
export type WireDatasetFile = z.infer<typeof DatasetFileSchema>;

/** Ids in one request at most. */
const MOST_IDS = 1000;

/** The body of `POST /v1/datasets/<name>/kept_findings`. */
export const KeepFindingsSchema = z
  .strictObject({
    ids: z.array(IdSchema).min(1).max(MOST_IDS).meta({ description: 'Ids of findings.' }),
    keep: z.boolean().default(true).meta({ description: 'False: they are asked again.' }),
  })
  .meta({ id: 'KeepFindings', description: 'Findings that are right as they are.' });

/** The answer of `GET` and `POST /v1/datasets/<name>/kept_findings`. */
export const KeptFindingsSchema = z
  .object({
    object: objectKind('dataset.kept_findings'),
    dataset: text('Name of the dataset.'),
    ids: z.array(z.string()).meta({ description: 'Ids of all findings that are kept, oldest first.' }),
  })
  .meta({
    id: 'KeptFindings',
    description: 'The findings of a dataset that somebody found right as they are.',
  });
/** The findings that are kept of a dataset, as clients get them. */
export type WireKeptFindings = z.infer<typeof KeptFindingsSchema>;

/** The numbers of a dataset's last inspection, as a list has them. */
export const toWireSummary = (summary: DatasetSummary | undefined) =>
  summary === undefined
    ? null
    : {
        files: summary.files,
        size_bytes: summary.sizeBytes,
        pictures: summary.pictures,
        classes: summary.classes,
        can_train: summary.canTrain,
        finding_counts: summary.findingCounts,
      };

/** Findings of one code that an answer has as examples. */
const MOST_EXAMPLES = 10;

function firstOfEachCode<F extends { readonly code: string; readonly kept: boolean }>(
  findings: readonly F[],
): readonly F[] {
  const counts = new Map<string, number>();
  return findings.filter(({ code, kept }) => {
    const kind = `${code} ${kept}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= MOST_EXAMPLES;
  });
}

/**
 * The fields that the answer for a dataset and that of a dry run share.
 * @param kept the ids of findings that are kept.
 */
export function toWireInspection(inspection: DatasetInspection, kept: ReadonlySet<string>) {
  const idOf = (finding: Finding | IdentifiedFinding) => ('id' in finding ? finding.id : finding.code);
  const isKept = (finding: Finding | IdentifiedFinding) =>
    finding.severity !== 'error' && kept.has(idOf(finding));
  const findings = inspection.findings.map((finding) => ({
    ...finding,
    id: idOf(finding),
    kept: isKept(finding),
  }));
  const classes = summarizeClasses(inspection);
  const split = { train: 0, validation: 0, test: 0 };
  for (const summary of classes) {
    split.train += summary.train;
    split.validation += summary.validation;
    split.test += summary.test;
  }
  return {
    dataset: inspection.dataset,
    can_train: !inspection.findings.some((finding) => finding.severity === 'error'),
    split,
    classes,
    findings: firstOfEachCode(findings).map(({ related, contentId, ...finding }) => ({
      ...finding,
      ...(related === undefined ? {} : { related: [...related] }),
      ...(contentId === undefined ? {} : { content_id: contentId }),
    })),
    finding_counts: { ...inspection.findingCounts },
    finding_groups: groupFindings(inspection, isKept).map((group) => ({ ...group, keys: [...group.keys] })),
  };
}
