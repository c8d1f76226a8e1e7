// Imports the files of an export, and compares what is served with what the program answers that the export is from.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClassifierFiles } from '../../core/classifier/classifier-files.ts';
import { type ImportClassifierRequest, importClassifier } from '../../core/classifier/import-classifier.ts';
import { createPredictor } from '../../core/predict/predictor.ts';
import { createMemoryStore } from '../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { formulaPictures } from './formula-pictures.ts';

/** Answers of another program, made by tests/fixtures/imports/make_imports.py. */
export interface KnownAnswers {
  readonly side: number;
  /** For each picture, the score of each class. */
  readonly answers: readonly (readonly number[])[];
}

export const readAnswers = async (folder: string): Promise<KnownAnswers> =>
  JSON.parse(await readFile(path.join(folder, 'answers.json'), 'utf8'));

/** The scores that are served, for each picture and class. */
export async function servedScores(store: ObjectStore, model: string, images: readonly Uint8Array[]) {
  const predictor = createPredictor({ store, threads: 1 });
  const { outcomes } = await predictor.predict({ model, images, topK: 1000 });
  predictor.close();
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome.predictions.toSorted((a, b) => a.index - b.index).map(({ score }) => score);
  });
}

/** Imports, predicts the pictures of the answers, and gives the largest difference. */
export async function importAndCompare(
  files: ClassifierFiles,
  { side, answers }: KnownAnswers,
  request: Partial<ImportClassifierRequest> = {},
) {
  const store = createMemoryStore();
  const imported = await importClassifier({ store, now: () => 0 }, { model: 'brought', files, ...request });
  const served = await servedScores(store, 'brought', await formulaPictures(side));
  const differences = served.flatMap((row, k) =>
    row.map((score, i) => Math.abs(score - (answers[k]?.[i] ?? 9))),
  );
  return { store, ...imported, served, difference: Math.max(...differences) };
}
