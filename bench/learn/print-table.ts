// Prints results as tables in Markdown, one for each set and base.

import { groupBy } from '../../core/dataset/group-by.ts';
import { toProportion } from '../../core/evaluation/proportion.ts';
import { present } from '../../core/present.ts';
import { ARM_NAMES } from './arms.ts';
import { mean, pairedDifference } from './compare.ts';
import type { Result } from './results.ts';

const percent = (share: number) => (100 * share).toFixed(1);

/** The tables, and what their columns are. */
export function toTables(results: readonly Result[]): string {
  const tables = [...groupBy(results, ({ set, base }) => `${set}, \`${base}\``)].map(([title, rows]) =>
    toTable(title, rows),
  );
  return tables.join('\n');
}

function toTable(title: string, results: readonly Result[]): string {
  const { classes, trained, pictures } = present(results[0], 'a result');
  const probe = results.filter(({ arm }) => arm === 'probe');
  const rows = ARM_NAMES.flatMap((arm) => {
    const seeds = results.filter((result) => result.arm === arm);
    if (seeds.length === 0) return [];
    const of = (value: (result: Result) => number) => mean(seeds.map(value));
    const tested = of((result) => result.pictures);
    const accuracy = of((result) => result.accuracy);
    const interval = present(toProportion(accuracy * tested, tested), 'test pictures');
    const difference = arm === 'probe' ? undefined : pairedDifference(seeds, probe);
    return [
      [
        arm,
        seeds.map((result) => percent(result.accuracy)).join(', '),
        `${percent(accuracy)} (${percent(interval.low)}–${percent(interval.high)})`,
        difference === undefined ? '' : `${signed(difference.mean)} ± ${percent(difference.standardError)}`,
        percent(of((result) => result.balancedAccuracy)),
        percent(of((result) => result.worstRecall)),
        of((result) => result.nll).toFixed(3),
        of((result) => result.ece).toFixed(3),
        of((result) => result.eceByChance).toFixed(3),
        `${of((result) => result.seconds).toFixed(0)} s`,
        [...new Set(seeds.map(({ note }) => note))].join('; '),
      ].join(' | '),
    ];
  });
  return [
    `\n${title}: ${classes} classes, ${trained} pictures for training, ${pictures} for the test\n`,
    '| arm | accuracy by seed, % | mean (95 %) | − probe, points | balanced | worst class | NLL | ECE | by chance | time | |',
    '|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

const signed = (share: number) => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
