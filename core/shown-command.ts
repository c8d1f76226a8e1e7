// Shows commands as the reader can type them: those of an installed package, or those of a checkout.

import { existsSync } from 'node:fs';
import { basename } from 'node:path';

const PLAIN = /^[\w@%+=:,./-]+$/;
const quote = (word: string) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Whether this program runs from a checkout: an installed package has no sources. */
export const isCheckout: boolean = existsSync(new URL('../cli/entry.ts', import.meta.url));

/** Whether the command was called by its own name, also that of a checkout which npm has linked. */
const isCalledByName = (called: string | undefined = process.argv[1]): boolean =>
  called !== undefined && basename(called) === 'fovea';

/** Whether npx runs this command: it finds it in the current folder, where a shell does not. */
const isCalledByNpx = (): boolean => process.env['npm_command'] === 'exec';

/** The command as the reader can type it: `npx fovea` in a checkout or where npx was used, else `fovea`. */
export const shownName = (): string =>
  isCalledByNpx() || (isCheckout && !isCalledByName()) ? 'npx fovea' : 'fovea';

/** A command to copy: `fovea start --data /tmp/d1`, or `npx fovea start --data /tmp/d1`. Arguments are quoted for a shell where needed. */
export const shownCommand = (...words: readonly string[]): string =>
  [shownName(), ...words.map(quote)].join(' ');
