// A dataset on the wire: what an inspection found, in numbers and findings.

import { z } from 'zod';
import type { DatasetInspection } from '../core/dataset/inspect-dataset.ts';
import { summarizeClasses } from '../core/dataset/summarize-dataset.ts';
import { EstimateSchema } from './estimate.ts';

const count = z.number().int();

const FindingSchema = z
  .object({
    code: z.string().meta({ example: 'file-corrupt' }),
    severity: z.enum(['error', 'warning', 'info']).meta({ description: '`error`: no training is possible.' }),
    key: z.string().nullable(),
    message: z.string(),
    related: z.array(z.string()).optional(),
  })
  .meta({ id: 'Finding' });

const inspectionShape = {
  dataset: z.string(),
  can_train: z.boolean().meta({ description: 'Whether no finding is an error.' }),
  split: z
    .object({ train: count, validation: count, test: count })
    .meta({ description: 'Good pictures in each split.' }),
  classes: z.array(z.object({ label: z.string(), train: count, validation: count, test: count })),
  findings: z.array(FindingSchema).meta({ description: 'Errors first.' }),
  finding_counts: z.record(z.string(), count.optional()),
};

export const DatasetSchema = z
  .object({ object: z.literal('dataset'), ...inspectionShape })
  .meta({ id: 'Dataset' });

export const DryRunSchema = z
  .object({
    object: z.literal('fine_tuning.dry_run'),
    model: z.string().meta({ description: 'The architecture.' }),
    model_name: z.string(),
    estimate: EstimateSchema.nullable(),
    ...inspectionShape,
  })
  .meta({ id: 'DryRun' });

export const DatasetListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(z.object({ object: z.literal('dataset'), dataset: z.string() })),
  })
  .meta({ id: 'DatasetList' });

export const DatasetFileSchema = z
  .object({ object: z.literal('dataset.file'), dataset: z.string(), key: z.string(), size_bytes: count })
  .meta({ id: 'DatasetFile' });

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
