// The results of the proof: a JSON file, from which a later run goes on, and a table for people.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Facts, Notes, Step } from './proof.ts';

/** How a step ended. */
export type State = 'passed' | 'failed' | 'only in an account';

/** What came of a step. */
export interface Result {
  readonly state: State;
  /** When it ended, as ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  readonly facts: Facts;
  /** Why it failed; null where it did not. */
  readonly error: string | null;
}

/** What the file holds. */
export interface Results {
  readonly notes: Notes;
  /** By the name of the step. */
  readonly steps: Readonly<Record<string, Result>>;
}

const FILE = 'results.json';
const TABLE = 'results.md';

/** The results of earlier runs; empty where there are none. @throws where the file cannot be read. */
export async function readResults(folder: string): Promise<Results> {
  try {
    return JSON.parse(await readFile(path.join(folder, FILE), 'utf8')) as Results;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { notes: {}, steps: {} };
    throw error;
  }
}

/** Writes both files. */
export async function writeResults(folder: string, results: Results, steps: readonly Step[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = { [FILE]: `${JSON.stringify(results, null, 2)}\n`, [TABLE]: toTable(results, steps) };
  for (const [name, text] of Object.entries(files)) {
    const place = path.join(folder, name);
    await writeFile(`${place}.part`, text);
    await rename(`${place}.part`, place);
  }
}

function toTable({ notes, steps: results }: Results, steps: readonly Step[]): string {
  const rows = steps.map(({ name, shows }) => {
    const result = results[name];
    if (result === undefined) return [name, shows, 'not done', '', ''];
    const { state, seconds, facts, error } = result;
    const seen = Object.entries(facts).map(([fact, value]) => `${fact.replaceAll('_', ' ')}: ${value}`);
    return [name, shows, state, (seconds / 60).toFixed(1), error ?? seen.join('; ')];
  });
  return [
    `# What an account has shown`,
    '',
    `Account ${notes.account ?? 'unknown'}, region ${notes.region ?? 'unknown'}.`,
    '',
    ...[['step', 'shows', 'state', 'minutes', 'seen'], ['---', '---', '---', '---', '---'], ...rows].map(
      (cells) => `| ${cells.map(toCell).join(' | ')} |`,
    ),
    '',
  ].join('\n');
}

const toCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, '<br>');
