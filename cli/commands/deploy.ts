// `fovea deploy`: checks the AWS account, says what will be made and what it costs, lets the CDK make it, and saves the new server as a context.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createTransport } from '../../client/transport.ts';
import type { Check } from '../../core/check.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { type AccountReport, inspectAccount, readApiKey, toContextArgs } from '../aws/infra-program.ts';
import { checkTarget } from '../client/make-folder.ts';
import { parseContextName, saveContext } from '../context/config-file.ts';
import { contextNameTaken, LOCAL_CONTEXT } from '../context/find-server.ts';
import { confirm } from '../terminal/ask.ts';
import { describeChecks } from '../terminal/describe-checks.ts';
import { describeError } from '../terminal/describe-error.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import { createOutput, type Output, type OutputOptions } from '../terminal/output.ts';
import { PACKAGE_ROOT } from '../terminal/user-path.ts';
import { countOf } from '../terminal/words.ts';

/** The options of `fovea deploy`. */
export interface DeployOptions extends OutputOptions {
  /** Settings as after `-c` of the CDK. */
  readonly context?: readonly string[];
  /** Name of the context that is saved. */
  readonly name: string;
  readonly outputsFile?: string;
  readonly skipChecks?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Outputs of the stack that are used here. */
interface StackOutputs {
  readonly ApiUrl: string;
  readonly ApiKeysSecret: string;
  readonly BucketName: string;
  /** What to do once for alarms by mail; undefined where nobody gets any. */
  readonly AlarmsByMail?: string;
}

/**
 * Deploys. A server that takes keys is saved as a context.
 * @param cdkArgs further arguments of `cdk deploy`.
 * @throws {FailedError} where the account is not ready, the region offers none of the machines, or the CDK fails.
 */
export async function runDeploy(cdkArgs: readonly string[], options: DeployOptions): Promise<void> {
  const output = createOutput(options);
  parseContextName(options.name);
  if (options.name === LOCAL_CONTEXT.name) throw contextNameTaken();
  if (options.outputsFile !== undefined)
    await checkTarget(options.outputsFile, { option: '--outputs-file', example: 'outputs.json' });
  const report = await inspectAccount(options.context ?? []);
  output.note(describeChecks(report.checks));
  refuseWhereNotReady(report, options);
  output.note(describeDeployment(report));
  if (options.dryRun) {
    output.answer({
      json: { object: 'deployment', dry_run: true, ...report },
      text: () => '',
      short: () => '',
    });
    return;
  }
  if (!options.yes && !(await confirm('Deploy?'))) throw new FailedError('Nothing was deployed.');
  const outputs = await deploy(report, cdkArgs, options);
  if (report.authorization === 'iam') tellSigned(outputs, report, output);
  else await saveServer(outputs, report, options, output);
}

function refuseWhereNotReady(
  { checks, trainer_families: { offered, left_out: leftOut }, region }: AccountReport,
  { skipChecks = false }: DeployOptions,
): void {
  if (offered.length === 0)
    throw new FailedError(
      `${region} offers none of the machines that fovea:trainerFamilies names (${leftOut.join(', ')}). Choose others, e.g. -c fovea:trainerFamilies=c7i, or another region: export AWS_REGION=us-east-1`,
    );
  const problems = checks.filter(({ state }: Check) => state === 'problem');
  if (problems.length > 0 && !skipChecks)
    throw new FailedError(
      `${countOf(problems.length, 'problem')} found, and nothing was deployed. Mend ${problems.length === 1 ? 'it' : 'them'}, or deploy all the same with --skip-checks.`,
    );
}

function describeDeployment({ account, region, stack_name: stack, deployment }: AccountReport): string {
  const list = (lines: readonly string[]) => lines.map((line) => `  - ${line}`).join('\n');
  return [
    '',
    `The stack "${stack}" in account ${account ?? 'unknown'}, region ${region ?? 'unknown'}, has:`,
    list(deployment.makes),
    'It costs:',
    list(deployment.costs),
    '',
  ].join('\n');
}

/** Runs `cdk deploy`, which prints to the standard error. @returns the outputs of the stack. */
async function deploy(
  { stack_name: stack, trainer_families: { offered, left_out: leftOut } }: AccountReport,
  cdkArgs: readonly string[],
  { context = [], outputsFile, yes = false }: DeployOptions,
): Promise<StackOutputs> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-deploy-'));
  const file = path.resolve(outputsFile ?? path.join(folder, 'outputs.json'));
  const settings = [
    ...context,
    ...(leftOut.length === 0 ? [] : [`fovea:trainerFamilies=${offered.join(',')}`]),
  ];
  try {
    const cdk = spawn(
      process.execPath,
      [
        createRequire(path.join(PACKAGE_ROOT, 'package.json')).resolve('aws-cdk/bin/cdk'),
        ...['deploy', stack, '--outputs-file', file],
        ...toContextArgs(settings),
        ...(yes ? ['--require-approval', 'never'] : []),
        ...cdkArgs,
      ],
      { cwd: PACKAGE_ROOT, stdio: ['inherit', process.stderr, 'inherit'] },
    );
    const [exitCode] = (await once(cdk, 'exit')) as [number | null];
    if (exitCode !== 0)
      throw new FailedError(
        `The CDK did not deploy. What it wrote above says why; after mending that, run the same command again: what is there already stays.`,
      );
    const outputs = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, StackOutputs>>;
    const found = outputs[stack];
    if (found === undefined) throw new FailedError(`${file} has no outputs of the stack "${stack}".`);
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where AWS admits signed requests alone, no context helps: the command sends keys and does not sign. */
function tellSigned(
  { ApiUrl, BucketName, AlarmsByMail }: StackOutputs,
  { stack_name: stack }: AccountReport,
  output: Output,
): void {
  const { url } = createTransport({ url: ApiUrl });
  output.answer({
    json: { object: 'deployment', stack_name: stack, url, context: null, has_key: false, bucket: BucketName },
    text: () =>
      [
        `Fovea is at ${url}. It answers requests that users and roles of IAM have signed, and knows no keys. This command signs nothing, so no context was saved.`,
        'infra/README.md, "Signatures instead of keys", has the policy that callers need, and how curl and programs sign.',
        ...toLines(AlarmsByMail),
      ].join('\n'),
    short: () => url,
  });
}

const toLines = (text: string | undefined): readonly string[] => (text === undefined ? [] : [`${text}.`]);

async function saveServer(
  { ApiUrl, ApiKeysSecret, BucketName, AlarmsByMail }: StackOutputs,
  { stack_name: stack }: AccountReport,
  { name }: DeployOptions,
  output: Output,
): Promise<void> {
  const { url } = createTransport({ url: ApiUrl });
  const key = await readApiKey(ApiKeysSecret).catch((error) => {
    output.note(
      `The API key could not be read: ${describeError(error)}. Give it yourself: ${shownCommand('context', 'set', name, '--url', url, '--key')}`,
    );
    return undefined;
  });
  await saveContext(name, { url, ...(key === undefined ? {} : { key }) });
  output.answer({
    json: {
      object: 'deployment',
      stack_name: stack,
      url,
      context: name,
      has_key: key !== undefined,
      bucket: BucketName,
    },
    text: () =>
      [
        `Fovea is at ${url}. The context "${name}" has ${key === undefined ? 'the address' : 'the address and the key'}. Next:`,
        `  ${shownCommand('context', 'use', name)}`,
        `  ${shownCommand('datasets', 'push')} FOLDER     # a folder for each class`,
        `  ${shownCommand('train')} DATASET`,
        `  ${shownCommand('predict')} MODEL PICTURE`,
        ...toLines(AlarmsByMail),
      ].join('\n'),
    short: () => url,
  });
}
