// Opens one base to compare it with others: the features of the sampled pictures, and how long one picture takes.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { inputLength } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JobReporter } from '../attempt/job-reporter.ts';
import { type OnnxBackbone, openBackbone } from '../base/backbone-session.ts';
import { findBase } from '../base/base.ts';
import { decideFraming, type FramingInput } from '../base/decide-framing.ts';
import { loadFrozen } from '../base/load-frozen.ts';
import { trainingInput } from '../base/training-input.ts';
import { createFeatureExtractor } from '../examples/features.ts';
import { reportUnreadable } from '../examples/split-pictures.ts';
import type { FeatureRows } from '../logistic/feature-products.ts';
import { tableRows } from '../logistic/table-rows.ts';

/** Runs of one picture, of which the median counts; the one before them does not. */
const TIMED_RUNS = 5;

/** What opening a candidate needs. */
export interface CandidateDeps {
  readonly store: ObjectStore;
  readonly reporter: JobReporter;
  /** What it says of the framing of pictures holds for each candidate. */
  readonly job: FramingInput['job'];
  readonly weightsDir: string | undefined;
}

/** A base with its features. */
export interface Candidate {
  readonly architecture: string;
  readonly rows: FeatureRows;
  readonly milliseconds: number;
  close(): void;
}

/**
 * Computes the features on the processors, which serve the model, or reads them from the cache. The caller closes the result.
 * @throws {FoveaError} what finding the base and loading its weights throw; the reason of the reporter's signal when it is aborted.
 */
export async function openCandidate(
  { store, reporter, job, weightsDir }: CandidateDeps,
  architecture: string,
  { items, classes }: { readonly items: readonly DatasetItem[]; readonly classes: number },
): Promise<Candidate> {
  const base = await findBase(store, architecture);
  const inputSize = base.defaultInputSize;
  const { framing } = decideFraming({ job, base, pictures: items });
  const input = trainingInput(base, inputSize, framing);
  const network = base.build({ inputSize, classes });
  const { backbone } = await loadFrozen({ store, reporter, base, network, weightsDir });
  reporter.startStage('features', { step: 0, steps: items.length });
  const milliseconds = await timeOnePicture(backbone, input);
  const extractor = await createFeatureExtractor({ store, backbone, input });
  let done = 0;
  try {
    const table = await extractor.extract(items, {
      signal: reporter.signal,
      onUnreadable: reportUnreadable({ reporter }),
      onProgress: (count) => {
        done += count;
        reporter.update({ step: done });
      },
    });
    return {
      architecture,
      rows: tableRows(table, items.length),
      milliseconds,
      close: () => table.close(),
    };
  } finally {
    await extractor.release();
  }
}

async function timeOnePicture(backbone: OnnxBackbone, input: ModelInput): Promise<number> {
  const session = await openBackbone(backbone, input);
  try {
    const times: number[] = [];
    for (let run = 0; run <= TIMED_RUNS; run++) {
      const startedMs = performance.now();
      await session.run(new Float32Array(inputLength(input)), 1);
      if (run > 0) times.push(performance.now() - startedMs);
    }
    return times.toSorted((a, b) => a - b)[Math.floor(TIMED_RUNS / 2)] as number;
  } finally {
    await session.release();
  }
}
