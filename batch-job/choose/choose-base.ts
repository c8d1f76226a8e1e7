// Chooses the base of a job that leaves it to the trainer, and writes the choice into its record and events. Later attempts keep to it.

import { basesAtHand } from '../../core/backbone/bases-at-hand.ts';
import type { DatasetInspection } from '../../core/dataset/inspect-dataset.ts';
import { AUTO_BASE, type BaseChoice, USUAL_BASE } from '../../core/job/recipe/base-choice.ts';
import { basesToCompare } from '../../core/job/recipe/bases-to-compare.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import { findArchitecture } from '../../core/network/architectures/architectures.ts';
import type { AttemptContext } from '../attempt/attempt-context.ts';
import { splitsOf } from '../inspect/splits.ts';
import { validateDataset } from '../inspect/validate-dataset.ts';
import { type Candidate, type CandidateDeps, openCandidate } from './open-candidate.ts';
import { describeStronger, pickBase } from './pick-base.ts';
import { samplePictures } from './sample-pictures.ts';
import { scoreBases } from './score-bases.ts';

/** A job that names its base, and the inspection of its dataset where it was needed for the choice. */
export interface JobWithBase {
  readonly job: JobRecord;
  readonly inspection?: DatasetInspection;
}

type ChooseDeps = Pick<AttemptContext, 'store' | 'reporter' | 'weightsDir' | 'meter'>;

/**
 * Gives a job its base. A job that names one stays as it is.
 * @throws {FoveaError} as {@link validateDataset} and loading a base; the reason of the reporter's signal when it is aborted.
 */
export async function chooseBase(deps: ChooseDeps, job: JobRecord): Promise<JobWithBase> {
  if (job.architecture !== AUTO_BASE) return { job };
  const { reporter } = deps;
  const inspection = await validateDataset(deps, job, findArchitecture(USUAL_BASE).defaultInputSize);
  const atHand = await basesAtHand({ ...deps, signal: reporter.signal });
  const usable = basesToCompare(atHand, job.recipe);
  const choice = await chooseAmong({ ...deps, job }, usable, inspection);
  const stronger = describeStronger(usable);
  const baseChoice = {
    ...choice,
    reasons: [...choice.reasons, ...(stronger === undefined ? [] : [stronger])],
  };
  await reporter.setBaseChoice(baseChoice);
  await reporter.message(`Base: ${choice.architecture}. ${baseChoice.reasons.join(' ')}`, { ...baseChoice });
  return { job: { ...job, architecture: choice.architecture, baseChoice }, inspection };
}

const without = (architecture: string, reason: string): BaseChoice => ({
  architecture,
  pictures: 0,
  candidates: [],
  reasons: [reason],
});

async function chooseAmong(
  deps: ChooseDeps & Pick<CandidateDeps, 'job'>,
  usable: readonly string[],
  inspection: DatasetInspection,
): Promise<BaseChoice> {
  const [first] = usable;
  if (first === undefined)
    return without(USUAL_BASE, 'No weights are at hand, and it is strong for its size by published figures.');
  if (usable.length === 1) return without(first, 'It is the only one whose weights are at hand.');
  const items = samplePictures(splitsOf(inspection).train);
  const classes = inspection.classes.length;
  const opened: Candidate[] = [];
  try {
    for (const name of usable) opened.push(await openCandidate(deps, name, { items, classes }));
    const { signal } = deps.reporter;
    const { hits, pictures } = await scoreBases({
      tables: opened.map(({ rows }) => rows),
      items,
      classes,
      signal,
    });
    if (pictures.labels.length === 0)
      return without(
        first,
        'Each class has a single picture, by which bases cannot be compared; it is the smallest at hand.',
      );
    const bases = opened.map(({ architecture, milliseconds }, i) => ({
      architecture,
      milliseconds,
      hits: hits[i] as Uint8Array,
    }));
    const { architecture, candidates, reasons } = pickBase(bases, pictures);
    return {
      architecture,
      pictures: pictures.labels.length,
      candidates: [...candidates],
      reasons: [...reasons],
    };
  } finally {
    for (const candidate of opened) candidate.close();
  }
}
