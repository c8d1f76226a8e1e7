// The tree of all commands.

import { Command, type CommanderError } from 'commander';
import { shownCommand } from '../../core/shown-command.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { addHelpCommands } from './help-commands.ts';
import { addLocalCommands } from './local-commands.ts';
import { addServerCommands } from './server-commands.ts';

/** What the package says of itself. */
export interface PackageFacts {
  readonly version: string;
  readonly description: string;
}

/** What commander calls the end after help that was printed. */
const HELP_CODES: readonly string[] = ['commander.help', 'commander.helpDisplayed', 'commander.version'];

/**
 * Makes the program. It throws a {@link UsageError} where the arguments are wrong, and a `CommanderError` where help or the version was printed.
 */
export function createProgram({ version, description }: PackageFacts): Command {
  const program = new Command('fovea')
    .description(description)
    .version(version)
    // Errors are printed in one place, as JSON where that is asked for.
    .configureOutput({ outputError: () => undefined });
  addServerCommands(program);
  addLocalCommands(program, version);
  addHelpCommands(program, version);
  for (const command of [program, ...below(program)])
    command.exitOverride((error) => {
      throw HELP_CODES.includes(error.code) ? error : argumentsWrong(error, command);
    });
  return program;
}

const below = (command: Command): readonly Command[] =>
  command.commands.flatMap((one) => [one, ...below(one)]);

/** Commander's error in the house's form: a line, and the command whose help says what is right. */
function argumentsWrong({ message }: CommanderError, command: Command): UsageError {
  const said = message.replace(/^error: /, '').replaceAll(/\n\((.*)\)/g, '. $1');
  const text = `${said.charAt(0).toUpperCase()}${said.slice(1)}`;
  const names: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) names.unshift(at.name());
  return new UsageError(
    `${/[.?!]$/.test(text) ? text : `${text}.`} See: ${shownCommand(...names, '--help')}`,
  );
}
