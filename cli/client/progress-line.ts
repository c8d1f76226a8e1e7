// The line that shows a running stage at a terminal, made to fit its width.

/** A figure of the running stage, in its forms. */
export interface Fact {
  readonly name: 'epoch' | 'loss' | 'accuracy' | 'speed' | 'left' | 'cost';
  readonly text: string;
  /** Without its curve; default: `text`. */
  readonly plain?: string;
  /** In the fewest characters; default: `plain`. */
  readonly short?: string;
}

/** What the line says. */
export interface Progress {
  readonly stage: string;
  /** How much of the stage is done, 0 to 1. */
  readonly share: number;
  readonly facts: readonly Fact[];
}

interface Form {
  readonly barSize: number;
  readonly words: 'text' | 'plain' | 'short';
  readonly without: readonly Fact['name'][];
  readonly hasStage: boolean;
}

const STAGE_WIDTH = 10;
const FULL: Form = { barSize: 24, words: 'text', without: [], hasStage: true };
const NARROW: Form = { ...FULL, barSize: 10, words: 'short' };
const BARE: Form = { ...NARROW, barSize: 0, without: ['loss', 'speed', 'accuracy'] };

/** From the widest to the narrowest: curves go first, time left and epoch last. */
const FORMS: readonly Form[] = [
  FULL,
  { ...FULL, words: 'plain' },
  { ...NARROW, words: 'plain' },
  NARROW,
  { ...NARROW, without: ['loss'] },
  { ...NARROW, without: ['loss', 'speed'] },
  { ...NARROW, without: BARE.without },
  BARE,
  { ...BARE, hasStage: false },
  { ...BARE, hasStage: false, without: [...BARE.without, 'cost'] },
];

/**
 * The line in the widest form that fits; it is cut where none does.
 * @param columns width of the terminal, 1 or more.
 */
export function progressLine(progress: Progress, columns: number): string {
  let line = '';
  for (const form of FORMS) {
    line = inForm(progress, form);
    if (line.length <= columns) return line;
  }
  return line.slice(0, columns);
}

function inForm({ stage, share, facts }: Progress, { barSize, words, without, hasStage }: Form): string {
  const done = Math.round(barSize * share);
  const shown = facts
    .filter(({ name }) => !without.includes(name))
    .map(({ text, plain = text, short = plain }) => ({ text, plain, short })[words])
    .join(' · ');
  return [
    ...(hasStage ? [stage.padEnd(STAGE_WIDTH)] : []),
    ...(barSize > 0 ? ['█'.repeat(done) + '░'.repeat(barSize - done)] : []),
    ...(hasStage ? [`${Math.floor(100 * share)} %`] : []),
    ...(shown === '' ? [] : [shown]),
  ].join(' ');
}
