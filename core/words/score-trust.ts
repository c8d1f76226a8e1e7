// Whether the scores of a model can be trusted, in words: the same in reports, on the page and at a terminal.

import { MOST_BLUR, type ScoreTrust } from '../evaluation/score-trust.ts';
import { firstOf, plural, points, whole } from './quantities.ts';

/** Labels that a sentence names at most. */
const MOST_LABELS = 5;

/** A verdict and the reason for it. Both are sentences. */
export interface Said {
  readonly verdict: string;
  readonly reason: string;
}

/** Says whether scores can be trusted. @param labels names of the classes. */
export function sayScoreTrust(trust: ScoreTrust, labels: readonly string[]): Said {
  if (trust.verdict === 'unknown-classes') {
    const named = firstOf(
      trust.classes.map((index) => labels[index] ?? String(index)),
      MOST_LABELS,
    );
    return { verdict: 'Not for every class.', reason: `A picture of ${named} gets another class's score.` };
  }
  const { error, byChance } = trust;
  const off = `off by ${points(error)} on average`;
  switch (trust.verdict) {
    case 'with-care':
      return {
        verdict: 'With care.',
        reason: `Scores are ${off}, mostly ${trust.leans === 'too-sure' ? 'too sure' : 'too modest'}; chance alone would make ${points(byChance)}.`,
      };
    case 'too-few-pictures': {
      const pictures = plural(trust.pictures, 'picture');
      const why = trust.isChance
        ? `and chance alone takes honest ones ${points(byChance)} off on ${pictures}`
        : `but on ${pictures} how often it is right is known to no more than ±${points(trust.margin)}`;
      const enough = trust.isChance
        ? `For chance to make no more than ${points(MOST_BLUR.chance)} at scores like these`
        : `To know that to ±${points(MOST_BLUR.margin)} where as large a part is right`;
      return {
        verdict: 'Too few pictures to tell.',
        reason: `Scores are ${off}, ${why}. ${enough}, it takes a test of at least ${whole(trust.enough)} pictures.`,
      };
    }
    case 'yes': {
      const chance =
        byChance > error
          ? `no more than by chance alone on as many pictures (${points(byChance)})`
          : `and chance alone makes ${points(byChance)} of that on as many pictures`;
      return {
        verdict: 'Yes.',
        reason: `A score of 80 % is right about 80 times of 100: scores are ${off}, ${chance}.`,
      };
    }
  }
}
