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

/**
 * A command to copy: `fovea start --data /tmp/d1` where Fovea is installed, else `npm start -- --data /tmp/d1` or
 * `npm run fovea -- restore backup`. Arguments are quoted for a shell where needed.
 */
export function shownCommand(command: string, ...args: readonly string[]): string {
  const words = args.map(quote);
  if (!isCheckout || isCalledByName()) return ['fovea', command, ...words].join(' ');
  return command === 'start'
    ? ['npm start', ...(words.length === 0 ? [] : ['--', ...words])].join(' ')
    : ['npm run fovea --', command, ...words].join(' ');
}
