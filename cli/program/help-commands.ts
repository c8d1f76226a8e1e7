// The commands about the command itself: is this machine ready, and completion in shells.

import { Argument, type Command } from 'commander';
import { cdkContextOption, dataOption, weightsOption } from './folder-options.ts';
import { asks, withExamples } from './server-command.ts';

/** Adds the commands. */
export function addHelpCommands(program: Command, version: string): void {
  withExamples(
    asks(
      program
        .command('doctor')
        .description(
          'check this machine and the server, or an AWS account: what is missing, and the command that mends it',
        )
        .option('--aws', 'check what a deployment to AWS would meet, instead')
        .addOption(cdkContextOption())
        .addOption(dataOption())
        .addOption(weightsOption()),
      async () => {
        const { runDoctor } = await import('../commands/doctor.ts');
        return (session, options: Parameters<typeof runDoctor>[1]) =>
          runDoctor(session, { ...options, version });
      },
    ),
    'fovea doctor',
    'fovea doctor --aws',
  );
  withExamples(
    program
      .command('completion')
      .description('print a script that completes commands, options and names')
      .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
      .action(async (shell: 'bash' | 'zsh' | 'fish') => {
        const { COMPLETION_SCRIPTS } = await import('../commands/completion.ts');
        console.log(COMPLETION_SCRIPTS[shell]);
      }),
    'eval "$(fovea completion bash)"',
  );
  program
    .command('__complete', { hidden: true })
    .argument('[word...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { runComplete } = await import('../commands/completion.ts');
      await runComplete(program, words);
    });
}
