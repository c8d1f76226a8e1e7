// Runs the programs of infra, which know AWS and the stack. Only a checkout has them.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Check } from '../../core/check.ts';
import { nodeProgram } from '../../core/node-program.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { PACKAGE_ROOT } from '../terminal/user-path.ts';

/** What `infra/doctor.ts` prints. */
export interface AccountReport {
  readonly checks: readonly Check[];
  /** Null where AWS could not be asked. */
  readonly account: string | null;
  readonly region: string | null;
  readonly stack_name: string;
  /** Who admits requests: the server by keys, or AWS by signatures. */
  readonly authorization: 'keys' | 'iam';
  /** The chosen families of machines, by whether the region offers them. */
  readonly trainer_families: { readonly offered: readonly string[]; readonly left_out: readonly string[] };
  readonly deployment: { readonly makes: readonly string[]; readonly costs: readonly string[] };
}

const DOCTOR = fileURLToPath(new URL('../../infra/doctor.ts', import.meta.url));
const READ_KEY = fileURLToPath(new URL('../../infra/read-key.ts', import.meta.url));

/**
 * Throws where this is an installed package, which has no stack to deploy.
 * @throws {UsageError}
 */
export function requireCheckout(): void {
  if (existsSync(DOCTOR)) return;
  throw new UsageError(
    'Deploying to AWS needs the checkout, since the stack is not in the package. Clone the repository and change into its folder, then: npm ci && npx fovea deploy',
  );
}

/**
 * Compares the AWS account of the environment with what a deployment needs. It only reads.
 * @param context settings as after `-c` of the CDK: `fovea:maxVcpus=32`.
 */
export async function inspectAccount(context: readonly string[]): Promise<AccountReport> {
  requireCheckout();
  return JSON.parse(await runInfra(DOCTOR, ...toContextArgs(context))) as AccountReport;
}

/** The API key that a new stack has made, from its secret. */
export async function readApiKey(secretArn: string): Promise<string> {
  return (await runInfra(READ_KEY, secretArn)).trim();
}

/** The arguments that give a context to the CDK. */
export const toContextArgs = (context: readonly string[]): readonly string[] =>
  context.flatMap((setting) => ['-c', setting]);

async function runInfra(file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeProgram(file), ...args], {
    cwd: PACKAGE_ROOT,
  });
  return stdout;
}
