// Shows commands as a newcomer can type them, in the package's folder.

import path from 'node:path';
import { PACKAGE_ROOT } from './user-path.ts';

/** The data folder where no other is given, below the package's folder. */
export const DEFAULT_DATA = '.fovea';
const PLAIN = /^[\w@%+=:,./-]+$/;
const quote = (word: string) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Whether the command was called by its own name, as after an installation, and not in the folder of the sources. */
const isInstalled = (called: string | undefined = process.argv[1]): boolean =>
  called !== undefined && path.basename(called) === 'fovea';

/**
 * A command to copy, e.g. `npm start -- --data /tmp/d1` or `npm run fovea -- restore backup`. Arguments are quoted for a
 * shell where needed.
 */
export function shownCommand(command: string, ...args: readonly string[]): string {
  const words = args.map(quote);
  if (isInstalled()) return ['fovea', command, ...words].join(' ');
  return command === 'start'
    ? ['npm start', ...(words.length === 0 ? [] : ['--', ...words])].join(' ')
    : ['npm run fovea --', command, ...words].join(' ');
}

/** The command that serves a data folder. It omits the default folder. */
export function shownStart({
  data,
  weights,
}: {
  readonly data: string;
  readonly weights?: string | undefined;
}): string {
  const isDefault = path.resolve(data) === path.join(PACKAGE_ROOT, DEFAULT_DATA);
  return shownCommand(
    'start',
    ...(isDefault ? [] : ['--data', path.resolve(data)]),
    ...(weights === undefined ? [] : ['--weights', path.resolve(weights)]),
  );
}
