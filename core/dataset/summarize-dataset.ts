// Summarizes a dataset in numbers, for people and for the answer of a dry run.

import type { DatasetInspection } from './inspect-dataset.ts';

/** Numbers of pictures of a class in each split. */
export interface ClassSummary {
  readonly label: string;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Counts the pictures of each class in each split, in the order of the classes. */
export function summarizeClasses(inspection: Pick<DatasetInspection, 'classes' | 'items'>): ClassSummary[] {
  const summaries = inspection.classes.map((label) => ({ label, train: 0, validation: 0, test: 0 }));
  for (const { classIndex, split } of inspection.items) {
    const summary = summaries[classIndex];
    if (summary !== undefined) summary[split]++;
  }
  return summaries;
}
