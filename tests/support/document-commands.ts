// The commands that a document shows, and what it says of their output. A block of commands is run as it stands, unless the
// document says why not in a comment right above it: `<!-- not run: REASON -->`. `<!-- server -->` marks the one that starts
// the server. A comment line right after a command is its output, where `…` stands for anything; one before a command explains.
// A `json` block right after a block of commands has the keys of its last output. A block of any language below
// `<!-- saved as PATH -->` is a file that commands use.

import type { FencedBlock } from './read-markdown.ts';

export interface CommandBlock {
  readonly kind: 'run' | 'server' | 'not-run' | 'file';
  /** E.g. `README.md:12`. */
  readonly place: string;
  readonly text: string;
  /** Why it is not run. */
  readonly reason?: string;
  /** Where a file is saved: below the home with `~/`, else in the checkout. */
  readonly path?: string;
  /** The `json` block after it. */
  readonly shownJson?: string;
}

const NOT_RUN = /^not run: (\S.*)$/s;
const SAVED_AS = /^saved as (\S+)$/;
const COMMAND_LINE = /^\s*(\$ |(npm|npx|node|curl|aws|docker|git|cd|python3?|pip) )/m;

/**
 * The commands of a document, in their order.
 * @throws where a block is neither run nor marked, or is marked without a reason.
 */
export function commandBlocks(document: string, blocks: readonly FencedBlock[]): CommandBlock[] {
  return blocks.flatMap((block, index): CommandBlock[] => {
    const place = `${document}:${block.line}`;
    const path = SAVED_AS.exec(block.comment ?? '')?.[1];
    if (path !== undefined) return [{ kind: 'file', place, text: block.text, path }];
    if (block.language !== 'sh') {
      assertNoCommands(place, block, blocks[index - 1]);
      return [];
    }
    const next = blocks[index + 1];
    const shown = next?.language === 'json' ? { shownJson: next.text } : {};
    return [{ ...kindOf(place, block), place, text: block.text, ...shown }];
  });
}

function kindOf(place: string, { comment }: FencedBlock): Pick<CommandBlock, 'kind' | 'reason'> {
  if (comment === undefined) return { kind: 'run' };
  if (comment === 'server') return { kind: 'server' };
  const reason = NOT_RUN.exec(comment)?.[1];
  if (reason !== undefined) return { kind: 'not-run', reason };
  throw new Error(
    `${place}: the comment above the block must be "not run: REASON", "server" or "saved as PATH"; it is "${comment}".`,
  );
}

function assertNoCommands(
  place: string,
  { language, text }: FencedBlock,
  before: FencedBlock | undefined,
): void {
  const isShown = language === 'json' && before?.language === 'sh';
  if (isShown || (language === '' && !COMMAND_LINE.test(text))) return;
  throw new Error(
    `${place}: a block of "${language}" is neither run nor marked. Commands are in blocks of "sh", and their output in one of ` +
      '"json" after it; other files are marked "saved as PATH".',
  );
}

/** Between the outputs of a script's commands; no command prints it. */
const SEPARATOR = '\u001e';

export interface CommandScript {
  readonly script: string;
  /** What the document shows, one for each part of the output but the last. */
  readonly shown: readonly string[];
}

/** The block as a script that ends the output of each command that has one shown with {@link SEPARATOR}. */
export function toScript(text: string): CommandScript {
  const script: string[] = [];
  const shown: string[][] = [];
  let previous: 'nothing' | 'command' | 'output' = 'nothing';
  for (const line of text.split('\n')) {
    const isComment = line.startsWith('#');
    if (isComment && previous === 'command') {
      script.push(`printf '\\036'`);
      shown.push([]);
    }
    if (isComment && previous !== 'nothing') {
      shown.at(-1)?.push(line.replace(/^# ?/, ''));
      previous = 'output';
    } else {
      script.push(line);
      previous = isComment || line.trim() === '' ? 'nothing' : 'command';
    }
  }
  return { script: script.join('\n'), shown: shown.map((lines) => lines.join('\n')) };
}

/** The parts of an output, one for each that is shown, and what came after the last of them. */
export const splitOutput = (output: string): string[] => output.split(SEPARATOR);

/** The output as the document shows it begins: white space is of any length, and `…` is anything. */
export function toPattern(shown: string): RegExp {
  const parts = shown.split('…').map((part) =>
    part
      .split(/\s+/)
      .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
      .join(String.raw`\s+`),
  );
  return new RegExp(String.raw`^\s*${parts.join(String.raw`[\s\S]*?`)}`);
}

/** Keys of a JSON value, below those of objects and of the first of a list: `a`, `a.b`, `a[].c`. */
export function keyPaths(value: unknown, above = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : keyPaths(value[0], `${above}[]`);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = above === '' ? key : `${above}.${key}`;
    return [path, ...keyPaths(inner, path)];
  });
}
