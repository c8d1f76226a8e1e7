// Suggests what a mistyped word may have meant.

import { editDistance } from '../../core/edit-distance.ts';

/** The `count` candidates with the smallest edit distance to `word`, nearest first. */
export const nearest = (word: string, candidates: readonly string[], count: number): string[] =>
  candidates.toSorted((a, b) => editDistance(word, a) - editDistance(word, b)).slice(0, count);
