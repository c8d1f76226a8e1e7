// The tables of the comparison: medians over the rounds, and ratios to Fovea within each round.

import { present } from '../../core/present.ts';
import type { ContenderName } from './contenders.ts';
import type { LoadResult, ServerResult } from './measure-server.ts';

/** One round: every server took its turn. */
export interface Round {
  readonly network: string;
  readonly pictures: string;
  readonly servers: Partial<Record<ContenderName, ServerResult>>;
  /** Pictures a second of the bare loop: alone, and on all cores. */
  readonly floor: { readonly one: number; readonly all: number };
}

const MIB = 1024 * 1024;
const sorted = (values: readonly number[]) => values.filter(Number.isFinite).toSorted((a, b) => a - b);

/** The median and, in parentheses, smallest and largest. */
function spread(values: readonly number[], digits: number): string {
  const ordered = sorted(values);
  if (ordered.length === 0) return '';
  const show = (value: number | undefined) => present(value, 'a value').toFixed(digits);
  const middle = show(ordered[Math.floor(ordered.length / 2)]);
  return ordered.length === 1 ? middle : `${middle} (${show(ordered[0])}–${show(ordered.at(-1))})`;
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** A Markdown table of rounds with one network and one kind of pictures. */
export function toTable(rounds: readonly Round[]): string {
  const [first] = rounds;
  if (first === undefined) return '';
  const names = Object.keys(first.servers) as ContenderName[];
  const clients = Object.keys(present(Object.values(first.servers)[0], 'a server').closed);
  // Keys that look like whole numbers come first in an object.
  const multiples = Object.keys(present(Object.values(first.servers)[0], 'a server').open).sort(
    (a, b) => Number(a) - Number(b),
  );
  const head = [
    `${first.network}, ${first.pictures}`,
    'first prediction, s',
    ...clients.flatMap((count) => [`${count}: a second`, `${count}: p99, ms`]),
    ...multiples.map((multiple) => `open × ${multiple}: p99, ms; refused`),
    'CPU, ms',
    'MiB',
  ];
  const lines = [row(head), row(head.map((_, at) => (at === 0 ? '---' : '---:')))];
  const of = (name: ContenderName, value: (result: ServerResult) => number) =>
    rounds.flatMap(({ servers }) => (servers[name] === undefined ? [] : [value(servers[name])]));
  for (const name of names) {
    const closed = (count: string, pick: (load: LoadResult) => number) =>
      of(name, (result) => pick(present(result.closed[count], 'a loop')));
    const open = (multiple: string, pick: (load: LoadResult) => number) =>
      of(name, (result) => pick(present(result.open[multiple], 'a loop')));
    lines.push(
      row([
        name,
        spread(
          of(name, ({ firstAnswerMs }) => firstAnswerMs / 1000),
          2,
        ),
        ...clients.flatMap((count) => [
          spread(
            closed(count, (load) => load.perSecond),
            1,
          ),
          spread(
            closed(count, (load) => load.p99),
            0,
          ),
        ]),
        ...multiples.map(
          (multiple) =>
            `${spread(
              open(multiple, (load) => load.p99),
              0,
            )}; ${spread(
              open(multiple, (load) => 100 * load.refused),
              0,
            )} %`,
        ),
        spread(
          of(name, ({ processorMs }) => processorMs),
          1,
        ),
        spread(
          of(name, ({ memoryBytes }) => memoryBytes / MIB),
          0,
        ),
      ]),
    );
  }
  lines.push(
    `\nBare loop: ${spread(
      rounds.map(({ floor }) => floor.one),
      1,
    )} a second, on all cores ${spread(
      rounds.map(({ floor }) => floor.all),
      1,
    )}.`,
  );
  const ratio = (value: (result: ServerResult) => number, name: ContenderName) =>
    rounds.flatMap(({ servers }) => {
      const [ours, theirs] = [servers.Fovea, servers[name]];
      return ours === undefined || theirs === undefined ? [] : [value(ours) / value(theirs)];
    });
  for (const name of names.filter((each) => each !== 'Fovea')) {
    const parts = clients.map((count) => {
      const loop = (result: ServerResult) => present(result.closed[count], 'a loop');
      return `${count} clients × ${spread(
        ratio((result) => loop(result).perSecond, name),
        2,
      )}, p99 × ${spread(
        ratio((result) => loop(result).p99, name),
        2,
      )}`;
    });
    if (names.includes('Fovea')) lines.push(`Fovea / ${name}: ${parts.join('; ')}.`);
  }
  if (names.includes('Fovea')) {
    const most = present(clients.at(-1), 'a number of clients');
    const shares = rounds.flatMap(({ servers, floor }) =>
      servers.Fovea === undefined
        ? []
        : [present(servers.Fovea.closed[most], 'a loop').perSecond / floor.all],
    );
    lines.push(`Fovea / bare loop on all cores, ${most} clients: ${spread(shares, 2)}.`);
  }
  return lines.join('\n');
}
