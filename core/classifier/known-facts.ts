// Settles how an imported classifier is used: what was asked for, what the files say, what the graph shows, in this order. What none of
// them tells is asked for by name, with the list of what was read.

import { FoveaError } from '../errors/errors.ts';

/** One fact, and where it is from, e.g. `from the shape of the input`. */
export interface Fact<T> {
  readonly value: T;
  readonly from: string;
}

/** Collects facts of one import. */
export interface KnownFacts {
  /** Takes the first candidate that is known. */
  settle<T>(
    name: string,
    candidates: readonly (readonly [value: T | undefined, from: string])[],
  ): Fact<T> | undefined;
  /**
   * Takes the first candidate that is known.
   * @param ask What to give, e.g. `layout: nchw or nhwc`.
   * @throws {FoveaError} `model-setting-needed` where none is, with all facts so far.
   */
  require<T>(
    name: string,
    candidates: readonly (readonly [value: T | undefined, from: string])[],
    ask: string,
  ): Fact<T>;
  /** All facts so far, in words. */
  readonly words: ReadonlyMap<string, string>;
}

const wordsOf = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
};

/** Starts an import without facts. */
export function createKnownFacts(): KnownFacts {
  const words = new Map<string, string>();
  const settle = <T>(name: string, candidates: readonly (readonly [T | undefined, string])[]) => {
    const found = candidates.find(([value]) => value !== undefined);
    if (found === undefined) return undefined;
    const [value, from] = found as readonly [T, string];
    words.set(name, `${wordsOf(value)} (${from})`);
    return { value, from };
  };
  return {
    words,
    settle,
    require(name, candidates, ask) {
      const fact = settle(name, candidates);
      if (fact !== undefined) return fact;
      const read = [...words].map(([key, value]) => `${key} ${value}`).join(', ');
      throw new FoveaError(
        'model-setting-needed',
        `The files do not say the ${name} of the model. Give ${ask}. Read off the files: ${read === '' ? 'nothing' : read}.`,
        { param: name.replaceAll(' ', '_'), details: { read: Object.fromEntries(words) } },
      );
    },
  };
}
