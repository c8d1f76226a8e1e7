// Puts what the reports of some versions say side by side.

import type { z } from 'zod';
import type { ModelComparisonSchema } from '../../api/model-version.ts';
import type { JobStore } from '../../core/job/record/job-store.ts';
import { type Alias, listAliases } from '../../core/model/change-aliases.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { hasSameClasses } from '../../core/model/promotion.ts';
import { REPORT, type Report } from '../../core/model/report.ts';
import { isUnreadable, readJson } from '../../core/storage/json.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** Where reports and jobs are. */
export interface CompareVersionsDeps {
  readonly store: ObjectStore;
  readonly jobs: JobStore;
}

interface Compared {
  readonly manifest: Manifest;
  readonly report: Report | undefined;
  readonly costUsd: number | null;
}

/** Compares versions of a model, by their manifests. @throws {FoveaError} what reading the reports throws. */
export async function compareVersions(
  deps: CompareVersionsDeps,
  model: string,
  manifests: readonly Manifest[],
): Promise<z.infer<typeof ModelComparisonSchema>> {
  const aliases = await listAliases(deps.store, model);
  const compared = await Promise.all(manifests.map((manifest) => read(deps, model, manifest)));
  const [first] = compared;
  const isSame = (test: (other: Compared, one: Compared) => boolean) =>
    compared.every((other) => first !== undefined && test(other, first));
  const samePictures = isSame(
    ({ report }, one) =>
      report !== undefined &&
      report.judgedOn === 'test' &&
      report.judgedOn === one.report?.judgedOn &&
      report.dataset.name === one.report.dataset.name &&
      report.dataset.contentHash === one.report.dataset.contentHash,
  );
  return {
    object: 'model.comparison',
    model,
    data: compared.map((version) => describe(version, aliases)),
    same_classes: isSame(({ manifest }, one) => hasSameClasses(manifest.labels, one.manifest.labels)),
    same_pictures: samePictures,
    differing: samePictures ? differing(compared) : null,
  };
}

async function read(
  { store, jobs }: CompareVersionsDeps,
  model: string,
  manifest: Manifest,
): Promise<Compared> {
  const report =
    manifest.report === undefined
      ? undefined
      : await readJson(store, keys.modelFile(model, manifest.version, manifest.report.file), REPORT);
  // A job that was deleted or damaged leaves the cost unknown.
  const job = await jobs.get(manifest.jobId).catch((error: unknown) => {
    if (isUnreadable(error)) return undefined;
    throw error;
  });
  return { manifest, report: report?.value, costUsd: job?.spent.usd ?? null };
}

type Interval = { readonly value: number; readonly low: number; readonly high: number };
const toInterval = (interval: Interval | null | undefined) =>
  interval ? { value: interval.value, low: interval.low, high: interval.high } : null;

function describe({ manifest, report, costUsd }: Compared, aliases: readonly Alias[]) {
  const { version, architecture, dataset, labels, onnx } = manifest;
  const results = report?.results;
  return {
    version,
    aliases: aliases.filter((alias) => alias.version === version).map(({ alias }) => alias),
    architecture,
    dataset,
    judged_on: report?.judgedOn ?? null,
    pictures: results?.accuracy.trials ?? null,
    accuracy: toInterval(results?.accuracy),
    balanced_accuracy: toInterval(results?.balancedAccuracy),
    calibration_error: results?.calibration.after.calibrationError ?? null,
    classes: labels.map((label, index) => {
      const of = results?.classes[index];
      return {
        label,
        support: of?.support ?? 0,
        recall: toInterval(of?.recall),
        precision: toInterval(of?.precision),
      };
    }),
    size_bytes: onnx.sizeBytes,
    precisions: (report?.variants ?? []).map(({ precision, sizeBytes, msPerPicture, topOneAgreement }) => ({
      precision,
      size_bytes: sizeBytes,
      ms_per_picture: msPerPicture,
      agreement: topOneAgreement,
    })),
    cost_usd: costUsd,
  };
}

/** Pictures on which the versions differ; null where a report does not list all mistakes of its version. */
function differing(compared: readonly Compared[]) {
  const wrong = new Map<string, string[]>();
  for (const { manifest, report } of compared) {
    const results = report?.results;
    if (!results) return null;
    const mistakes = [...results.mistakes, ...(results.moreMistakes ?? [])];
    if (mistakes.length < results.accuracy.trials - results.accuracy.successes) return null;
    for (const { key } of mistakes) wrong.set(key, [...(wrong.get(key) ?? []), manifest.version]);
  }
  return [...wrong]
    .filter(([, versions]) => versions.length < compared.length)
    .map(([key, versions]) => ({ key, wrong: versions }));
}
