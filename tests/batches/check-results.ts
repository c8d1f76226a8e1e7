// Whether the results of a batch have every picture once.

import { isErrorLine } from '../../core/batch-prediction/result-line.ts';

/**
 * @param lines of the results.
 * @returns what is wrong; empty where nothing is.
 */
export function problemsOf(lines: readonly string[], pictures: number, failed: number): string[] {
  const problems: string[] = [];
  const say = (isWrong: boolean, problem: string) => isWrong && problems.push(problem);
  const parsed = lines.map((line) => JSON.parse(line) as { readonly index: number; readonly key: string });
  say(lines.length !== pictures, `There are ${lines.length} lines for ${pictures} pictures.`);
  say(new Set(parsed.map(({ key }) => key)).size !== pictures, 'A picture is there twice.');
  say(
    parsed.some(({ index }, at) => index !== at),
    'The lines are not in order.',
  );
  const errors = lines.filter(isErrorLine).length;
  say(errors !== failed, `${errors} lines have errors instead of ${failed}.`);
  return problems;
}
