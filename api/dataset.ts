// A dataset on the wire: what an inspection found, in numbers and findings.

import { z } from '@hono/zod-openapi';
import type { DatasetInspection } from '../core/dataset/inspect-dataset.ts';
import { summarizeClasses } from '../core/dataset/summarize-dataset.ts';
import { EstimateSchema } from './estimate.ts';

const count = z.number().int();

const FindingSchema = z
  .object({
    code: z.string().openapi({ example: 'file-corrupt' }),
    severity: z
      .enum(['error', 'warning', 'info'])
      .openapi({ description: '`error`: no training is possible.' }),
    key: z.string().nullable(),
    message: z.string(),
    related: z.array(z.string()).optional(),
  })
  .openapi('Finding');

const inspectionShape = {
  dataset: z.string(),
  can_train: z.boolean().openapi({ description: 'Whether no finding is an error.' }),
  split: z
    .object({ train: count, validation: count, test: count })
    .openapi({ description: 'Good pictures in each split.' }),
  classes: z.array(z.object({ label: z.string(), train: count, validation: count, test: count })),
  findings: z.array(FindingSchema).openapi({ description: 'Errors first.' }),
  finding_counts: z.record(z.string(), count.optional()),
};

export const DatasetSchema = z
  .object({ object: z.literal('dataset'), ...inspectionShape })
  .openapi('Dataset');

export const DryRunSchema = z
  .object({
    object: z.literal('fine_tuning.dry_run'),
    model: z.string().openapi({ description: 'The architecture.' }),
    model_name: z.string(),
    estimate: EstimateSchema.nullable(),
    ...inspectionShape,
  })
  .openapi('DryRun');

export const DatasetListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(z.object({ object: z.literal('dataset'), dataset: z.string() })),
  })
  .openapi('DatasetList');

export const DatasetFileSchema = z
  .object({ object: z.literal('dataset.file'), dataset: z.string(), key: z.string(), size_bytes: count })
  .openapi('DatasetFile');

/** What dry run and dataset description share. */
export function toWireInspection(inspection: DatasetInspection) {
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
    findings: inspection.findings.map(({ related, ...finding }) => ({
      ...finding,
      ...(related === undefined ? {} : { related: [...related] }),
    })),
    finding_counts: { ...inspection.findingCounts },
  };
}
