// The report of a trained model and the files that go with it: JSON for programs, a page for people, and the parity
// certificate. Reads pictures and events; the caller stores what comes out.

import { env } from 'onnxruntime-node';
import sharp from 'sharp';
import { contentHashOf } from '../../core/content-hash.ts';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import { FoveaError } from '../../core/errors/errors.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { PARITY, PARITY_FILE, type Parity } from '../../core/model/parity.ts';
import {
  type Epoch,
  REPORT_FILE,
  REPORT_PAGE_FILE,
  type Report,
  type SecondStage,
} from '../../core/model/report.ts';
import type { TfjsModel } from '../../core/network/tfjs/to-tfjs.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { withFormat } from '../../core/storage/parse-stored.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { JobReporter } from '../attempt/job-reporter.ts';
import type { Judgement } from '../judge/judge-model.ts';
import type { JobMemory } from '../memory/job-memory.ts';
import type { Engine } from '../tensorflow/engine/engine.ts';
import { assembleReport } from './assemble-report.ts';
import { drawReport } from './draw-report.ts';
import type { Calibration } from './fit-calibration.ts';
import { goldenPictures, withInt8Answers } from './golden-pictures.ts';
import { loadThumbnails } from './markup/thumbnails.ts';
import { measureTfjs } from './measure-tfjs.ts';
import { EVENT_FILE, toEventFile } from './to-event-file.ts';

/** Where the report of a model has its facts from. */
export interface CreateReportDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  /** The job, or the trial of it that won. */
  readonly job: JobRecord;
  /** Which trial that is, from 1. */
  readonly trial?: number;
  readonly input: ModelInput;
  readonly inspection: DatasetInspection;
  readonly engine: Pick<Engine, 'info'>;
  readonly memory: Pick<JobMemory, 'givenUp'>;
  /** The container image that this process runs in, where it does. */
  readonly image?: string | undefined;
}

/** What a report is made from, beside the job. */
export interface CreateReportOptions extends Omit<Judgement, 'scores'>, Calibration {
  readonly version: string;
  /** The imported backbone, where the model has one. */
  readonly backbone: Report['backbone'];
  /** Unix seconds. */
  readonly createdAt: number;
  /** What the decision has set for every `auto` of the recipe. */
  readonly resolved: JobRecord['resolved'];
  readonly history: readonly Epoch[];
  /** What training the pretrained layers gained, where that is known. */
  readonly secondStage?: SecondStage | undefined;
  /** The trials of the job's sweep; empty without one. */
  readonly trials: JobRecord['trials'];
  /** The largest difference of a probability between trainer and exported model that is allowed. */
  readonly maxDifferenceAllowed: number;
  /** Quantized and half-precision variants of the model. */
  readonly variants: Report['variants'];
  /** The file of the variant in 8-bit integers, where there is one. */
  readonly int8: Uint8Array | undefined;
  /** The files for a browser, where the network allows them. */
  readonly tfjs: TfjsModel | undefined;
}

/** A report as it is stored with its model. */
export interface CreatedReport {
  /** The fields of the manifest that come of it. */
  readonly manifest: Required<Pick<Manifest, 'parity' | 'report'>>;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

const toText = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/**
 * Evaluates a model, and makes its report, the report's page, the parity certificate and the event file.
 *
 * @throws {FoveaError} `parity-failed` where the files for TensorFlow.js answer differently than the served model.
 */
export async function createReport(
  deps: CreateReportDeps,
  options: CreateReportOptions,
): Promise<CreatedReport> {
  const { store, reporter, job, input, inspection, engine } = deps;
  const { answered, maxDifference, maxDifferenceAllowed, tfjs, int8 } = options;
  const chosen = await goldenPictures(store, answered, input);
  const golden = int8 === undefined ? chosen : await withInt8Answers(chosen, int8, input);
  const tfjsMaxDifference = tfjs === undefined ? null : await measureTfjs(tfjs, golden, input);
  if (tfjsMaxDifference !== null && tfjsMaxDifference > maxDifferenceAllowed) {
    throw new FoveaError(
      'parity-failed',
      `The model's files for TensorFlow.js answer differently by up to ${tfjsMaxDifference}, more than the ` +
        `${maxDifferenceAllowed} that rounding explains, so it was not published.`,
    );
  }
  const parity: Parity = {
    pictures: answered.items.length,
    maxDifference,
    allowed: maxDifferenceAllowed,
    trainer: { ...engine.info },
    tfjsMaxDifference,
    golden,
  };
  const report = assembleReport({
    ...options,
    trial: deps.trial,
    memory: deps.memory.givenUp(),
    job,
    input,
    inspection,
    engine: engine.info,
    versions: { ...versions(), ...(deps.image === undefined ? {} : { image: deps.image }) },
    parity,
  });
  const thumbnails = await loadThumbnails(store, report, reporter.signal);
  const parityText = toText(withFormat(PARITY, parity));
  return {
    manifest: {
      parity: {
        file: PARITY_FILE,
        sizeBytes: Buffer.byteLength(parityText),
        sha256: contentHashOf(Buffer.from(parityText)),
      },
      report: { file: REPORT_FILE, page: REPORT_PAGE_FILE },
    },
    files: new Map<string, Uint8Array | string>([
      [EVENT_FILE, toEventFile(options.history, job.startedAt ?? options.createdAt)],
      [PARITY_FILE, parityText],
      [REPORT_FILE, toText(report)],
      [REPORT_PAGE_FILE, drawReport(report, thumbnails)],
    ]),
  };
}

const versions = (): Record<string, string> => ({
  fovea: packageJson.version,
  node: process.versions.node,
  'onnxruntime-node': env.versions.node ?? env.versions.common,
  sharp: sharp.versions.sharp,
  libvips: sharp.versions.vips,
});
