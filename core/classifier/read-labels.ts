// Reads the names of classes from the files that exports have for them. Knows no networks.

import { FoveaError } from '../errors/errors.ts';

/** More classes than any published image classifier has. */
export const MAX_LABELS = 100_000;
const LABEL_MAX_LENGTH = 200;

/**
 * The lines of a text file: one class on each, in the order of the network's output. Where the lines begin with the numbers from 0 on, each
 * once, as in `0 Cat`, they are put into that order, and the numbers are left out.
 */
export function parseLabelLines(text: string): readonly string[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/(\r?\n)+$/, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const numbered = new Map(lines.map((line) => [/^\d+(?= )/.exec(line)?.[0], line] as const));
  const inOrder = lines.map((_, i) => numbered.get(String(i))?.slice(`${i} `.length).trim());
  return inOrder.every((label) => label !== undefined) ? inOrder : lines;
}

/**
 * The text of a file of labels.
 * @param name of the file, for the message.
 * @throws {FoveaError} `labels-invalid` where it is not UTF-8.
 */
export function decodeLabels(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FoveaError(
      'labels-invalid',
      `The labels in ${JSON.stringify(name.slice(0, 80))} are not UTF-8: letters outside of English would be lost. Save the file as UTF-8.`,
      { param: 'labels', cause },
    );
  }
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
  if (labels.length > 0 && labels.length <= MAX_LABELS && at === -1) {
    const places = new Map<string, number>();
    for (const [i, label] of labels.entries()) {
      // The same letters may come as one character or as two: nobody sees the difference.
      const name = label.normalize('NFC');
      const earlier = places.get(name);
      if (earlier !== undefined) throw doubled(name, earlier, i, from);
      places.set(name, i);
    }
    return labels;
  }
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

const doubled = (label: string, first: number, second: number, from: string) =>
  new FoveaError(
    'labels-invalid',
    `The labels ${first} and ${second} (counted from 0; ${from}) are both ${JSON.stringify(label)}: answers could not tell these classes ` +
      'apart. Give each class a name of its own.',
    { param: 'labels', details: { label, places: [first, second] } },
  );
