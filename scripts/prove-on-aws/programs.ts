// Runs the programs of which the proof is made: the project's own command, npm's scripts, the CDK, and the AWS CLI.

import { spawn } from 'node:child_process';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
/** Characters of an output that an error tells. */
const TOLD = 2000;

/** The programs. Each rejects with a {@link ProgramError} where the program fails. */
export interface Programs {
  /** Runs `fovea`. @returns what it wrote to the standard output. */
  fovea(...args: readonly string[]): Promise<string>;
  /** Runs a script of npm's. */
  npm(script: string, ...args: readonly string[]): Promise<string>;
  cdk(...args: readonly string[]): Promise<string>;
  /** Asks AWS. @returns the answer; undefined where AWS answers nothing. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  aws(...args: readonly string[]): Promise<any>;
}

/** A program that failed. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly stdout: string;

  constructor(program: string, why: string, stdout: string) {
    super(`${program} failed: ${why}`);
    this.stdout = stdout;
  }
}

/**
 * Makes them.
 * @param variables are added to the environment of each program.
 */
export function createPrograms(variables: NodeJS.ProcessEnv): Programs {
  /** @param isShown whether the person who watches sees what it writes to the standard error. */
  function run(name: string, command: string, args: readonly string[], isShown: boolean): Promise<string> {
    const child = spawn(command, args, {
      cwd: REPOSITORY,
      // An error shall tell what failed, and no warnings of packages.
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && command !== process.execPath,
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
        if (isShown && stream === 'stderr') process.stderr.write(text);
      });
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new ProgramError(name, error.message, '')));
      child.once('close', (code, signal) => {
        const { stdout, stderr } = output;
        if (code === 0) resolve(stdout);
        else
          reject(
            new ProgramError(name, stderr.trim().slice(-TOLD) || `it ended with ${code ?? signal}`, stdout),
          );
      });
    });
  }

  const shown = (args: readonly string[]) => args.slice(0, 2).join(' ');
  return {
    fovea: (...args) => run(`fovea ${shown(args)}`, process.execPath, ['bin/fovea.mjs', ...args], true),
    npm: (script, ...args) =>
      run(`npm run ${script}`, 'npm', ['run', '--silent', script, '--', ...args], true),
    cdk: (...args) => run(`cdk ${shown(args)}`, 'npx', ['cdk', ...args], true),
    async aws(...args) {
      const answer = await run(`aws ${shown(args)}`, 'aws', [...args, '--output', 'json'], false);
      return answer.trim() === '' ? undefined : JSON.parse(answer);
    },
  };
}

/**
 * The variables of a stand-in for AWS, with credentials that no account has.
 * @param region is told to every program.
 */
export const standInVariables = (endpoint: string, region: string): NodeJS.ProcessEnv => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_PROFILE: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_EC2_METADATA_DISABLED: 'true',
});
