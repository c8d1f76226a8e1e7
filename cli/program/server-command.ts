// What commands have in common: how they find a server, how they print, and the examples in their help.

import type { Command } from 'commander';
import { shownName } from '../../core/shown-command.ts';
import { LOCAL_CONTEXT, SERVER_VARIABLES } from '../context/find-server.ts';
import type { Session } from '../context/session.ts';

const examples = new WeakMap<Command, readonly string[]>();

/** The examples in the help of a command, as they are typed; for the test that runs them. */
export const examplesOf = (command: Command): readonly string[] => examples.get(command) ?? [];

/** Adds examples to the help of a command; a test runs them. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  examples.set(command, lines);
  const text = lines.map((line) => `  $ ${line.replaceAll(/(^|\()fovea /g, `$1${shownName()} `)}`).join('\n');
  return command.addHelpText('after', `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${text}`);
}

/** Adds the options that say how much is printed. */
export const withOutput = (command: Command): Command =>
  command
    .option('--json', 'print the answer as the API has it, for programs')
    .option('-q, --quiet', 'print names or ids alone, for scripts');

/** Adds the options of a command that asks a server. */
export const withServer = (command: Command): Command =>
  withOutput(
    command.option(
      '--url <address>',
      `URL of the server (default: ${SERVER_VARIABLES.url}, the context in use, or ${LOCAL_CONTEXT.url})`,
    ),
  );

/** What a command does: it takes the arguments, then the options. */
type Action<First extends readonly unknown[]> = (...given: [...First, ...never[]]) => Promise<void>;
type AnyAction = (...given: readonly unknown[]) => Promise<void>;

const givenTo = (command: Command, given: readonly unknown[]) =>
  [...given.slice(0, command.registeredArguments.length), command.optsWithGlobals()] as const;

/** Says what a command does that asks a server. Its code is loaded when it runs. */
export function asks(command: Command, load: () => Promise<Action<[Session]>>): Command {
  return withServer(command).action(async (...given: unknown[]) => {
    const [{ openSession }, { advise }] = await Promise.all([
      import('../context/session.ts'),
      import('../context/advice.ts'),
    ]);
    const session = await openSession(command.optsWithGlobals());
    try {
      await ((await load()) as AnyAction)(session, ...givenTo(command, given));
    } catch (error) {
      advise(error, session.server);
      throw error;
    }
  });
}

/** Says what a command does that asks no server. */
export function does(command: Command, load: () => Promise<Action<[]>>): Command {
  return withOutput(command).action(async (...given: unknown[]) => {
    await ((await load()) as AnyAction)(...givenTo(command, given));
  });
}
