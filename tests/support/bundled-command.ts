// The `fovea` command as a bundle of its own, which starts quickly, in a folder with a home of its own.

import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundleCommand, REPOSITORY } from '../../scripts/build-command/bundle-command.ts';

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BundledCommand {
  /** The folder in which commands run. */
  readonly folder: string;
  readonly home: string;
  /** Runs a line of a POSIX shell in which `fovea` is the command. */
  shell(line: string, env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Runs `fovea` at a terminal of 120 columns; `answers` are typed as they are asked for. */
  terminal(line: string, type?: (output: string) => string | undefined): Promise<CommandResult>;
  remove(): Promise<void>;
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export async function bundledCommand(env: Readonly<Record<string, string>> = {}): Promise<BundledCommand> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-command-'));
  const bundle = path.join(REPOSITORY, 'dist', path.basename(folder));
  await bundleCommand(bundle);
  const [home, bin] = [path.join(folder, 'home'), path.join(folder, 'bin')];
  await Promise.all([mkdir(home), mkdir(bin)]);
  const command = path.join(bin, 'fovea');
  await writeFile(
    command,
    `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(path.join(bundle, 'main.mjs'))} "$@"\n`,
  );
  await chmod(command, 0o755);
  const work = path.join(folder, 'work');
  await mkdir(work);
  const variables = { PATH: `${bin}:${process.env['PATH']}`, HOME: home, LANG: 'C.UTF-8', ...env };

  function run(
    program: string,
    args: readonly string[],
    more: Readonly<Record<string, string>>,
    type?: (output: string) => string | undefined,
  ): Promise<CommandResult> {
    const child = spawn(program, args, { cwd: work, env: { ...variables, ...more }, stdio: 'pipe' });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        const typed = type?.(output[name]);
        if (typed !== undefined) child.stdin.write(typed);
      });
    if (type === undefined) child.stdin.end();
    return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, ...output })));
  }

  return {
    folder: work,
    home,
    shell: (line, more = {}) => run('bash', ['-c', line], more),
    terminal: (line, type = () => undefined) =>
      run(
        'script',
        ['-qec', `stty cols 120 rows 40; exec fovea ${line}`, '/dev/null'],
        { TERM: 'xterm' },
        type,
      ),
    async remove() {
      await rm(folder, { recursive: true, force: true });
      await rm(bundle, { recursive: true, force: true });
    },
  };
}
