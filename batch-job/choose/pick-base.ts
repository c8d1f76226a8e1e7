// Picks the base of a job by what cross-validation says of each. Arithmetic and words; computes no features.

import { meanByGroups } from '../../core/evaluation/mean-by-groups.ts';
import { toProportion } from '../../core/evaluation/proportion.ts';
import type { BaseCandidate } from '../../core/job/recipe/base-choice.ts';
import { ARCHITECTURES } from '../../core/network/architectures/architectures.ts';
import { PUBLISHED_ACCURACY } from '../../core/network/architectures/published-accuracy.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { balancedWeights } from '../training/balance.ts';

/** What cross-validation with the same folds for all says of one base. */
export interface ScoredBase {
  readonly architecture: string;
  /** For each picture that was held out, 1 where a model was right that had not seen it; the same pictures for all bases. */
  readonly hits: Uint8Array;
  readonly milliseconds: number;
}

/** The pictures that were held out. */
export interface HeldOutPictures {
  /** Class index of each. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** The group of look-alikes of each. */
  readonly groups: Int32Array;
}

/** The base, and all of them in the order in which they were given. */
export interface PickedBase {
  readonly architecture: string;
  readonly candidates: readonly BaseCandidate[];
  /** In sentences. */
  readonly reasons: readonly string[];
}

const PERCENT = 100;
/** Stronger architectures that are named at most. */
const STRONGER_SHOWN = 3;

/**
 * Picks the fastest base whose accuracy is within one standard error of the best (Breiman et al. 1984, section 3.4.3): a difference that
 * chance may have made is not worth what serving costs every day. The error is that of the paired difference, with groups of look-alikes
 * as the units, since their pictures are right or wrong together.
 * @param bases At least one.
 */
export function pickBase(bases: readonly ScoredBase[], pictures: HeldOutPictures): PickedBase {
  const { labels, classes, groups } = pictures;
  const weights = balancedWeights(labels, classes);
  const units = new Set(groups).size;
  const accuracyOf = ({ hits }: ScoredBase) =>
    Math.min(1, meanByGroups(Float64Array.from(hits), { weights }).mean);
  const candidates = bases.map((base): BaseCandidate => {
    const accuracy = accuracyOf(base);
    const { low, high } = toProportion(accuracy * units, units) ?? { low: 0, high: 1 };
    const { architecture, milliseconds } = base;
    return {
      architecture,
      accuracy,
      low: Math.min(low, accuracy),
      high: Math.max(high, accuracy),
      milliseconds,
    };
  });
  const accuracies = candidates.map(({ accuracy }) => accuracy);
  const best = bases[accuracies.indexOf(Math.max(...accuracies))] as ScoredBase;
  const isAsGood = (base: ScoredBase) => {
    const differences = Float64Array.from(best.hits, (hit, i) => hit - (base.hits[i] as number));
    const { mean, error } = meanByGroups(differences, { groups, weights });
    return mean <= error;
  };
  const picked = bases.filter(isAsGood).reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  return {
    architecture: picked.architecture,
    candidates,
    reasons: [
      `Bases whose weights are at hand, by models that had not seen a picture or its look-alikes (${labels.length} pictures in ${units} ` +
        `groups, each class counted alike): ${candidates.map(describeCandidate).join('; ')}.`,
      picked === best
        ? `${picked.architecture} is the best, and no faster one is within one standard error of it.`
        : `${picked.architecture} is the fastest within one standard error of the best, ${best.architecture}.`,
    ],
  };
}

const describeCandidate = ({ architecture, accuracy, low, high, milliseconds }: BaseCandidate): string =>
  `${architecture} ${(PERCENT * accuracy).toFixed(1)} % (95 %: ${(PERCENT * low).toFixed(1)}–${(PERCENT * high).toFixed(1)}), ` +
  `${milliseconds.toFixed(1)} ms a picture`;

/**
 * Names stronger bases whose weights are not at hand; undefined where none is published. Of two, the larger is named only if it is stronger.
 * @param atHand Names of bases.
 */
export function describeStronger(atHand: readonly string[]): string | undefined {
  const published = (name: string) => PUBLISHED_ACCURACY[name] ?? 0;
  let most = Math.max(0, ...atHand.map(published));
  const stronger: string[] = [];
  for (const { name, weightSources } of ARCHITECTURES) {
    if (published(name) <= most) continue;
    most = published(name);
    stronger.push(`${name} (${most} %, license ${weightSources[0]?.license ?? 'not stated'})`);
  }
  if (stronger.length === 0) return undefined;
  const own = atHand
    .filter((name) => name in PUBLISHED_ACCURACY)
    .map((name) => `${name} has ${published(name)} %`);
  return (
    `By published figures on ImageNet, not measured on this dataset, stronger bases are ${stronger.slice(-STRONGER_SHOWN).join(', ')}` +
    `${own.length === 0 ? '' : `; ${own.join(', ')}`}. "${shownCommand('weights', 'pull', 'NAME')}" brings the weights of one, "${shownCommand('import-backbone', 'ORG/NAME')}" ` +
    'a backbone of a hub, e.g. DINOv2; the next job with "auto" compares them.'
  );
}
