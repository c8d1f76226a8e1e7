// Turns a trained and evaluated model into one that serves: describes it, writes it in all its formats, and commits it.

import { certificateFiles } from '../../core/certificate/certificate-files.ts';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import { inputFormatOf, type ModelInput } from '../../core/image/model-input.ts';
import { variantFile } from '../../core/job/recipe/precision.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { createJobStore } from '../../core/job/record/job-store.ts';
import { claimVersion } from '../../core/model/claim-version.ts';
import { type Manifest, ONNX_FILE } from '../../core/model/manifest.ts';
import { describeOnnx } from '../../core/model/model-files.ts';
import { PICTURE_INDEX_FILE } from '../../core/model/picture-index.ts';
import { type ServingFacts, withServingFacts } from '../../core/model/serving-facts.ts';
import { publishVersion } from '../../core/model/settle-promotion.ts';
import type { Network, NetworkWeights } from '../../core/network/description/network.ts';
import type { ClassifierOnnx } from '../../core/network/onnx/attach-head.ts';
import { isEquivalent } from '../../core/predict/served-precision.ts';
import type { Base } from '../base/base.ts';
import { type Judgement, MAX_PARITY_DIFFERENCE } from '../judge/judge-model.ts';
import { type CreatedReport, type CreateReportDeps, createReport } from '../report/create-report.ts';
import { type Calibration, fitCalibration } from '../report/fit-calibration.ts';
import { toHistory, toSecondStage } from '../report/read-history.ts';
import { trainedItems } from '../report/report-input.ts';
import { type ExportedVariants, type ExportVariantsDeps, exportVariants } from './export-variants.ts';
import type { IndexedPictures } from './index-pictures.ts';

const INT8_FILE = variantFile('int8');

/** What an export needs. */
export interface ExportDeps extends CreateReportDeps, ExportVariantsDeps {
  readonly job: JobRecord;
  readonly base: Base;
  readonly network: Network;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A model that is ready to be exported. */
export interface ExportableModel {
  readonly weights: NetworkWeights;
  /** The whole classifier as ONNX. */
  readonly served: ClassifierOnnx;
  readonly judgement: Judgement;
  /** Its training pictures, by which predictions are explained; undefined where they cannot be. */
  readonly pictures: IndexedPictures | undefined;
}

/** The committed version, and the result for the job's record. */
export interface ExportedModel {
  readonly model: string;
  readonly version: string;
  readonly manifest: Manifest;
  readonly result: NonNullable<JobRecord['result']>;
}

/** Writes and commits a version of the job's model. The version exists once its manifest is written, which is the last file. */
export async function exportModel(
  deps: ExportDeps,
  { weights, served: judged, judgement, pictures }: ExportableModel,
): Promise<ExportedModel> {
  const { store, reporter, job, base, network, splits } = deps;
  reporter.startStage('exporting');
  const version = await claimVersion(store, job.model, job.id);
  const backbone = await describeBackbone(deps);
  const companions = base.toCompanions(network, weights);
  const createdAt = Math.floor(deps.now() / 1000);
  const jobs = createJobStore(deps);
  // They were written while the job ran, after this attempt had read the record.
  const { resolved = null, trials = [] } = (await jobs.get(job.id)) ?? {};
  const fitted = fitCalibration(judgement, resolved);
  const facts = toFacts(deps, fitted);
  const served = { ...judged, onnx: withServingFacts(judged.onnx, facts) };
  const variants = await exportVariants(deps, served.onnx, judgement.judged.items);
  const events = await jobs.eventsSince(job.id);
  const described = await createReport(deps, {
    ...judgement,
    ...fitted,
    version,
    createdAt,
    backbone,
    resolved,
    trials,
    history: toHistory(events, deps.trial),
    secondStage: toSecondStage(events, deps.trial),
    maxDifferenceAllowed: MAX_PARITY_DIFFERENCE,
    variants: variants.described,
    int8: variants.files.get(INT8_FILE),
    tfjs: companions.tfjs,
  });
  const testAccuracy = judgement.judgedOn === 'test' ? judgement.scores.accuracy : null;
  const manifest: Manifest = {
    ...toManifest(deps, { version, createdAt, backbone, facts, described }),
    onnx: describeOnnx(ONNX_FILE, served.onnx, served),
    ...toInt8(variants),
    ...(companions.heatmap === undefined ? {} : { heatmap: companions.heatmap }),
    ...(pictures === undefined
      ? {}
      : { pictureIndex: { file: PICTURE_INDEX_FILE, featureName: pictures.featureName } }),
    metrics: { testAccuracy, testCount: splits.test.length },
  };
  // An attempt that lost the lease meanwhile must not touch the version that its successor writes.
  await reporter.setModelVersion(version);
  reporter.signal.throwIfAborted();
  const files = new Map<string, Uint8Array | string>([
    [manifest.onnx.file, served.onnx],
    ...companions.files,
    ...(pictures === undefined ? [] : [[PICTURE_INDEX_FILE, pictures.bytes] as const]),
    ...variants.files,
    ...described.files,
    ...(await certificateFiles(manifest, served.onnx)),
  ]);
  await publishVersion(store, manifest, files);
  const { maxDifference } = judgement;
  return {
    model: job.model,
    version,
    manifest,
    result: {
      testAccuracy,
      trainedImages: trainedItems({ inspection: deps.inspection, ...judgement }).length,
      maxParityDifference: maxDifference,
    },
  };
}

/** What the manifest says of the model in 8-bit integers, where there is one. */
function toInt8({ described, files }: ExportedVariants): Pick<Manifest, 'int8'> {
  const onnx = files.get(INT8_FILE);
  const comparison = described.find(({ file }) => file === INT8_FILE);
  if (onnx === undefined || comparison === undefined) return {};
  return { int8: { ...describeOnnx(INT8_FILE, onnx), isEquivalent: isEquivalent(comparison) } };
}

/** What the manifest says of an imported backbone; null for an architecture of the table. */
async function describeBackbone({
  base,
  reporter,
}: ExportDeps): Promise<NonNullable<Manifest['backbone']> | null> {
  if (base.imported === undefined) return null;
  const backbone = { name: base.imported.name, sha256: base.imported.sha256 };
  await reporter.message(
    'The model has no heatmap, no files for TensorFlow.js and no reduced-precision variants: only ONNX Runtime can run the ' +
      'layers of an imported backbone.',
    { backbone },
  );
  return backbone;
}

/** How the model is served: what the manifest and the model's file both say. */
const toFacts = (
  { input, inspection }: ExportDeps,
  { calibration: { temperature }, rejectionThreshold: threshold }: Calibration,
): ServingFacts => ({
  labels: [...inspection.classes],
  input,
  calibration: { temperature, rejectionThreshold: threshold ?? null },
});

function toManifest(
  { job }: ExportDeps,
  known: {
    readonly version: string;
    readonly createdAt: number;
    readonly backbone: NonNullable<Manifest['backbone']> | null;
    readonly facts: ServingFacts;
    readonly described: CreatedReport;
  },
): Omit<Manifest, 'onnx' | 'heatmap' | 'metrics'> {
  const { version, createdAt, backbone, facts, described } = known;
  return {
    formatVersion: inputFormatOf(facts.input),
    model: job.model,
    version,
    createdAt,
    jobId: job.id,
    architecture: job.architecture,
    ...(backbone === null ? {} : { backbone }),
    dataset: job.dataset,
    ...facts,
    ...described.manifest,
  };
}
