// From an account that has nothing to a server that is saved as a context, in a stand-in for AWS: steps 3 and 4 of the first deployment in
// infra/README.md, with what the doctor says to do. The functions and the trainer's image are not built.

import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standInVariables } from '../support/cloud/deploy.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const REGION = 'eu-west-3';
const QUOTAS = { 'L-3819A6DF': 16, 'L-DB2E81BA': 16, 'L-34B43A08': 32, 'L-1216C47A': 32 };
/** Nothing is built, and moto tells of failures only so. */
const FOR_THE_STAND_IN = '--method=direct --no-build -c allowStandIn=true --output ~/cdk.out';

const page = await readFile(path.join(REPOSITORY, 'infra/README.md'), 'utf8');
/** A command of the page, as it stands there. */
const commandOf = (start: string) => page.split('\n').find((line) => line.startsWith(start)) ?? `no ${start}`;
const DOCTOR = commandOf('npx fovea doctor');
const DEPLOY = commandOf('npx fovea deploy');

const moto = await startMoto({ withStack: true, account: { quotas: QUOTAS, hasImages: true } });
if (moto.endpoint === undefined) console.warn(`Nothing is deployed: ${moto.reason}.`);

describe.skipIf(moto.endpoint === undefined)('fovea deploy', () => {
  const { endpoint, stop } = moto as Extract<typeof moto, { endpoint: string }>;
  let home = '';
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'fovea-home-'));
    const engine = path.join(home, 'engine');
    await writeFile(engine, '#!/bin/sh\necho x86_64\n');
    await chmod(engine, 0o755);
  });
  afterAll(async () => {
    await stop();
    await rm(home, { recursive: true, force: true });
  });

  /** Runs a line of a shell in the checkout, as its reader does. */
  function shell(line: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
    const child = spawn('sh', ['-c', line.replace(/^(npx )?fovea/, `node '${REPOSITORY}bin/fovea.mjs'`)], {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        ...standInVariables(endpoint),
        AWS_REGION: REGION,
        AWS_DEFAULT_REGION: REGION,
        HOME: home,
        XDG_CONFIG_HOME: path.join(home, 'config'),
        CDK_DOCKER: path.join(home, 'engine'),
        CDK_VALIDATION: 'false',
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, ...output })));
  }

  it('deploys nothing while the account is not ready, and says what mends it', async () => {
    const { exitCode, stdout } = await shell(DOCTOR);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
    expect(stdout).toMatch(/^ok +Node +/m);
    expect(stdout).toMatch(/^problem +bootstrap [\s\S]*npx cdk bootstrap aws:\/\/123456789012\/eu-west-3\n/m);
    expect(stdout).toMatch(/^problem +Spot role [\s\S]*aws iam create-service-linked-role/m);
    expect(stdout).toMatch(/^note +machines +eu-west-3 does not offer g5, g6e\./m);
    const refused = await shell(`${DEPLOY} --yes`);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/2 problems found, and nothing was deployed.*--skip-checks/);
    const elsewhere = await shell(`${DEPLOY} --yes --skip-checks -c fovea:trainerFamilies=g5,g6e`);
    expect(elsewhere.exitCode).toBe(1);
    expect(elsewhere.stderr).toMatch(/eu-west-3 offers none of the machines.*\(g5, g6e\)/);
  });

  it('deploys the pools that the region has, and saves the server with its key', async () => {
    const options = { endpoint, region: REGION, credentials: MOTO_CREDENTIALS };
    // moto gives the role of a service another name than AWS.
    await new IAMClient(options).send(
      new CreateRoleCommand({ RoleName: 'AWSServiceRoleForEC2Spot', AssumeRolePolicyDocument: '{}' }),
    );
    const bootstrapped = await shell(`npx cdk bootstrap aws://123456789012/${REGION}`);
    expect(bootstrapped.exitCode, bootstrapped.stderr).toBe(0);
    const { exitCode, stdout, stderr } = await shell(`${DEPLOY} --yes -- ${FOR_THE_STAND_IN}`);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/The stack "Fovea" in account 123456789012, region eu-west-3, has:/);
    expect(stderr).toMatch(/idle: US\$ \d\.\d\d a month/);
    expect(stdout).toMatch(/The context "aws" has the address and the key\.[\s\S]*context use aws/);
    const { Fovea } = JSON.parse(await readFile(path.join(home, 'fovea.json'), 'utf8'));
    const saved = JSON.parse(await readFile(path.join(home, 'config/fovea/contexts.json'), 'utf8'));
    expect(`${saved.contexts.aws.url}/`).toBe(Fovea.ApiUrl);
    expect(saved.contexts.aws.key).toMatch(/^.{20,}$/);
    const template = JSON.parse(await readFile(path.join(home, 'cdk.out/Fovea.template.json'), 'utf8'));
    const types =
      JSON.stringify(template.Resources)
        .match(/"(g|c|m)\d\w*\.\w+"/g)
        ?.join() ?? '';
    expect(types).toMatch(/g4dn\.xlarge.*g6\.xlarge|g6\.xlarge.*g4dn\.xlarge/);
    expect(types).not.toMatch(/g5\.|g6e\./);
  });

  it('saves no context for a server that takes signatures alone, and says what to confirm', async () => {
    const settings = '-c stackName=Signed -c fovea:authorization=iam -c fovea:alarmEmail=me@example.com';
    const { exitCode, stdout, stderr } = await shell(
      `${DEPLOY} --yes --name signed -c fovea:queue=workers ${settings} -- ${FOR_THE_STAND_IN}`,
    );
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/answers what users and roles of IAM have signed/);
    expect(stderr).not.toMatch(/asks for the key/);
    expect(stdout).toMatch(/no context was saved[\s\S]*Signatures instead of keys/);
    expect(stdout).toContain('Confirm the mail that AWS has sent to me@example.com');
    expect(stdout).not.toMatch(/context use|datasets push/);
    const saved = JSON.parse(await readFile(path.join(home, 'config/fovea/contexts.json'), 'utf8'));
    expect(saved.contexts).not.toHaveProperty('signed');
  });
});
