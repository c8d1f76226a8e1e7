// The tree of all commands.

import { Command } from 'commander';
import { addHelpCommands } from './help-commands.ts';
import { addLocalCommands } from './local-commands.ts';
import { addServerCommands } from './server-commands.ts';

/** What the package says of itself. */
export interface PackageFacts {
  readonly version: string;
  readonly description: string;
}

/**
 * Makes the program. It throws a `CommanderError` where the arguments are wrong, after it has said so, and where help was asked for.
 */
export function createProgram({ version, description }: PackageFacts): Command {
  const program = new Command('fovea').description(description).version(version).exitOverride();
  addServerCommands(program);
  addLocalCommands(program, version);
  addHelpCommands(program, version);
  return program;
}
