// Reads the names of classes from the files that exports have for them. Knows no networks.

import { FoveaError } from '../errors/errors.ts';

/** More classes than any published image classifier has. */
export const MAX_LABELS = 100_000;
const LABEL_MAX_LENGTH = 200;

/**
 * The lines of a text file: one class on each, in the order of the network's output. Where every line begins with its own number from
 * 0 on, as in `0 Cat`, the numbers are left out.
 */
export function parseLabelLines(text: string): readonly string[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/(\r?\n)+$/, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const isNumbered = lines.every((line, i) => line.startsWith(`${i} `));
  return isNumbered ? lines.map((line, i) => line.slice(`${i} `.length).trim()) : lines;
}

/** Classes by their numbers, as `{"0": "cat", "1": "dog"}`; undefined where a number is missing. */
export function parseLabelMap(map: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const labels = Object.keys(map).map((_, i) => map[String(i)]);
  return labels.length > 0 && labels.every((label) => typeof label === 'string') ? labels : undefined;
}

const NAMED = /(\d{1,6})\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;

/** Classes as Python prints a dict of them, `{0: 'cat', 1: "dog's"}`; undefined for other texts. */
export function parsePrintedLabels(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const entries = [...text.matchAll(NAMED)].map(([, number = '', single, double]) => [
    number,
    (single ?? double ?? '').replace(/\\(.)/g, '$1'),
  ]);
  return parseLabelMap(Object.fromEntries(entries));
}

/**
 * Checks labels, which are untrusted.
 * @param from where they are from, for the message.
 * @throws {FoveaError} `labels-invalid`.
 */
export function checkLabels(labels: readonly string[], from: string): readonly string[] {
  const at = labels.findIndex((label) => label.trim() === '' || label.length > LABEL_MAX_LENGTH);
  if (labels.length > 0 && labels.length <= MAX_LABELS && at === -1) return labels;
  throw new FoveaError(
    'labels-invalid',
    at === -1
      ? `There are ${labels.length} labels (${from}): give the name of every class, in the order of the network’s output, 1 to ` +
          `${MAX_LABELS} of them.`
      : `Label ${at} of ${labels.length} (counted from 0; ${from}) is empty or longer than ${LABEL_MAX_LENGTH} characters: every ` +
          'class needs a name.',
    { param: 'labels' },
  );
}
