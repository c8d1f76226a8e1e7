// Shows in an AWS account what no simulation can: a deployment, a job on a T4, a Spot machine that is taken away, an update, and a removal.
// It says what that costs, and asks. What was done is left out when it is run again.
//   npm run prove-on-aws
//   npm run prove-on-aws -- --only interrupt
//   npm run prove-on-aws -- --only destroy --yes

import path from 'node:path';
import { parseArgs } from 'node:util';
import { contextsFile, readContexts } from '../cli/context/config-file.ts';
import { findServer } from '../cli/context/find-server.ts';
import { confirm } from '../cli/terminal/ask.ts';
import { createClient } from '../client/create-client.ts';
import { estimateCost } from './prove-on-aws/estimate.ts';
import { PLAN } from './prove-on-aws/plan.ts';
import { createPrograms, standInVariables } from './prove-on-aws/programs.ts';
import type { Notes, Proof } from './prove-on-aws/proof.ts';
import { listRemains } from './prove-on-aws/remains.ts';
import { type Results, readResults, writeResults } from './prove-on-aws/results.ts';
import { chooseSteps, DESTROY, factsOf, isPassed, runPlan } from './prove-on-aws/run-plan.ts';
import { SETTINGS, STACK } from './prove-on-aws/settings.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    yes: { type: 'boolean', default: false },
    folder: { type: 'string', default: 'fovea-proof' },
    context: { type: 'string', short: 'c', multiple: true, default: [] },
    'against-stand-in': { type: 'string' },
  },
});
const say = (line: string) => console.error(line);
try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const only = values.only?.flatMap((names) => names.split(','));
  const folder = path.resolve(values.folder);
  const endpoint = parseEndpoint(values['against-stand-in']);
  const context = parseContext(values.context);
  // Contexts of its own: those of the person who runs this stay as they are.
  const config = { XDG_CONFIG_HOME: path.join(folder, 'config') };
  const region = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
  const programs = createPrograms({
    ...config,
    ...(endpoint === undefined ? {} : standInVariables(endpoint, region ?? 'us-east-1')),
  });

  let results: Results = await readResults(folder);
  const keep = async (next: Results) => {
    results = next;
    await writeResults(folder, results, PLAN);
  };
  const proof: Proof = {
    folder,
    isStandIn: endpoint !== undefined,
    context,
    programs,
    get notes() {
      return results.notes;
    },
    note: (more) => keep({ ...results, notes: { ...results.notes, ...more } }),
    async client() {
      const { url } = results.notes;
      if (url === undefined)
        throw new Error(`${folder} has no address of a server. Deploy first: --only deploy`);
      const contexts = await readContexts(contextsFile({ ...process.env, ...config }));
      return createClient(await findServer(url, { variables: {}, contexts }));
    },
    say,
  };

  const chosen = chooseSteps(PLAN, { only, results: results.steps });
  if (chosen.length === 0) {
    say(`Everything is done: ${path.join(folder, 'results.md')}. To begin again: --folder FOLDER`);
    return 0;
  }
  const identity = await askIdentity(proof, region);
  refuseOther(results.notes, identity, folder);
  say(
    `Account ${identity.account}, region ${identity.region}, stack ${STACK}. The steps: ${chosen.map(({ name }) => name).join(', ')}.`,
  );
  if (endpoint === undefined && chosen.some(({ name }) => name !== 'check' && name !== DESTROY)) sayCost();
  if (!values.yes && !(await confirm('Go on?'))) {
    say('Nothing was done.');
    return 1;
  }
  await proof.note(identity);
  process.once('SIGINT', () => {
    say(
      `\nInterrupted. What was made stays in the account, and may cost. Go on: ${again()}. Remove it: ${again('--only', DESTROY)}`,
    );
    process.exit(130);
  });

  const outcome = await runPlan(PLAN, proof, {
    only,
    results: results.steps,
    keep: (name, result) => {
      const { [name]: _, ...others } = results.steps;
      return keep({ ...results, steps: result === undefined ? others : { ...others, [name]: result } });
    },
  });
  if (outcome.failed !== undefined) {
    say(`\nThe step "${outcome.failed}" failed: ${outcome.error}\n`);
    say(`Mend that, and go on: ${again()}`);
  }
  // The step that removes everything has just looked.
  if (chosen.at(-1)?.name === DESTROY && isPassed(results.steps, DESTROY))
    say(`What remains in the account: ${factsOf(results.steps, DESTROY)['remains']}.`);
  else await sayRemains(proof);
  say(`The results are in ${path.join(folder, 'results.md')}.`);
  return outcome.failed === undefined ? 0 : 1;
}

/** @throws for an address that is not of this machine. */
function parseEndpoint(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const url = new URL(URL.canParse(given) ? given : 'about:blank');
  if (url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
    return url.origin;
  throw new Error(
    `--against-stand-in is "${given}". It must be an address of this machine: http://127.0.0.1:5555`,
  );
}

/** The settings of the stack with further ones. @throws for one that the proof sets. */
function parseContext(given: readonly string[]): readonly string[] {
  const ours = new Set(SETTINGS.map((setting) => setting.split('=', 1)[0]));
  const taken = given.find((setting) => ours.has(setting.split('=', 1)[0]));
  if (taken === undefined) return [...SETTINGS, ...given];
  throw new Error(`-c ${taken} cannot be given: the proof deploys with ${SETTINGS.join(', ')}.`);
}

/** @throws where the AWS CLI is missing, or AWS accepts no credentials. */
async function askIdentity({ programs, isStandIn }: Proof, region: string | undefined) {
  const { Account: account } = await programs.aws('sts', 'get-caller-identity').catch((error: Error) => {
    throw new Error(
      /ENOENT/.test(error.message)
        ? 'The AWS CLI is not installed, and the proof asks AWS by it: https://aws.amazon.com/cli/'
        : `${error.message}\nSay who you are: aws configure sso (or aws configure); then export AWS_PROFILE=<its name>`,
    );
  });
  if (region !== undefined || isStandIn) return { account: String(account), region: region ?? 'us-east-1' };
  throw new Error('No region is set: export AWS_REGION=us-east-1');
}

/** @throws where the folder has the results of another account or region. */
function refuseOther(
  { account, region }: Notes,
  now: { account: string; region: string },
  folder: string,
): void {
  if ((account ?? now.account) === now.account && (region ?? now.region) === now.region) return;
  throw new Error(
    `${folder} has the results of account ${account}, region ${region}, and this is account ${now.account}, region ${now.region}. Take another folder: --folder FOLDER`,
  );
}

function sayCost(): void {
  const { parts, usd, basis } = estimateCost();
  say('It costs at most about:');
  for (const part of parts) say(`  US$ ${part.usd.toFixed(2)}  ${part.what}`);
  say(`  US$ ${usd.toFixed(2)}  together. ${basis}`);
}

/** Says what is in the account, and what removes it. */
async function sayRemains(proof: Proof): Promise<void> {
  const { found, unknown } = await listRemains(proof);
  for (const what of unknown) say(`AWS could not be asked for ${what}`);
  if (found.length === 0) {
    if (unknown.length === 0) say('Nothing of it is in the account.');
    return;
  }
  say('In the account are:');
  for (const { what, command } of found) say(`  - ${what}\n    ${command}`);
  if (found.some(({ isShared }) => isShared !== true))
    say(`One command removes it: ${again('--only', DESTROY)}`);
}

/** This command with the same folder and settings. */
function again(...more: readonly string[]): string {
  const args = [
    ...(values.folder === 'fovea-proof' ? [] : ['--folder', values.folder]),
    ...values.context.flatMap((setting) => ['-c', setting]),
    ...(values['against-stand-in'] === undefined ? [] : ['--against-stand-in', values['against-stand-in']]),
    ...more,
  ];
  return ['npm run prove-on-aws', ...(args.length === 0 ? [] : ['--', ...args])].join(' ');
}
