// The program behind `fovea doctor --aws`, by the real clients of AWS's SDK, against a stand-in that offers what AWS offers in each region.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { DeleteSubnetCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standInVariables } from '../support/cloud/deploy.ts';
import { runCommand } from '../support/cloud/run-command.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';

const DOCTOR = fileURLToPath(new URL('../../infra/doctor.ts', import.meta.url));
/** An account whose only lack is the quota for Spot machines with a GPU. */
const QUOTAS = { 'L-3819A6DF': 0, 'L-DB2E81BA': 8, 'L-34B43A08': 32, 'L-1216C47A': 32 };

/** What the doctor sees of the CDK's bootstrap stack. */
const BOOTSTRAP = {
  Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
  Outputs: { BootstrapVersion: { Value: '30' } },
};

const moto = await startMoto({ withStack: true, account: { quotas: QUOTAS, concurrency: 10 } });
if (moto.endpoint === undefined) console.warn(`No account is asked: ${moto.reason}.`);

describe.skipIf(moto.endpoint === undefined)('the doctor of an account', () => {
  const { endpoint, stop } = moto as Extract<typeof moto, { endpoint: string }>;
  let home = '';
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'fovea-home-'));
  });
  afterAll(async () => {
    await stop();
    await rm(home, { recursive: true, force: true });
  });

  async function ask(env: Readonly<Record<string, string | undefined>>, ...args: string[]) {
    const answer = await runCommand(process.execPath, ['--import', 'tsx', DOCTOR, ...args], {
      env: { ...standInVariables(endpoint), HOME: home, AWS_PROFILE: undefined, ...env },
    });
    const { checks, ...rest } = JSON.parse(answer) as {
      checks: { name: string; state: string; found: string; mend: string | null }[];
      trainer_families: object;
      deployment: { makes: string[] };
    };
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
    const of = (name: string) => checks.find((check) => check.name === name);
    return { states, of, ...rest };
  }

  it('says everything at once, and leaves out what the region lacks', async () => {
    const found = await ask({
      AWS_REGION: 'eu-west-3',
      AWS_DEFAULT_REGION: 'eu-west-3',
      CDK_DOCKER: 'no-such-engine',
    });
    expect(found.states).toEqual({
      settings: 'ok',
      credentials: 'ok',
      region: 'ok',
      bootstrap: 'problem',
      zones: 'ok',
      machines: 'note',
      'GPU Spot': 'note',
      'GPU on demand': 'ok',
      'CPU Spot': 'ok',
      'CPU on demand': 'ok',
      'Spot role': 'problem',
      // moto does not tell the key.
      disks: 'unknown',
      network: 'ok',
      function: 'note',
      Docker: 'problem',
    });
    expect(found).toMatchObject({
      account: '123456789012',
      region: 'eu-west-3',
      stack_name: 'Fovea',
      trainer_families: { offered: ['g4dn', 'g6', 'c7i'], left_out: ['g5', 'g6e'] },
    });
    expect(found.deployment.makes.join()).not.toMatch(/g5|g6e/);
  });

  it('sees what was mended, and takes settings as the CDK does', async () => {
    const options = { endpoint, region: 'us-east-1', credentials: MOTO_CREDENTIALS };
    // moto gives the role of a service another name than AWS.
    await new IAMClient(options).send(
      new CreateRoleCommand({ RoleName: 'AWSServiceRoleForEC2Spot', AssumeRolePolicyDocument: '{}' }),
    );
    await new CloudFormationClient(options).send(
      new CreateStackCommand({ StackName: 'CDKToolkit', TemplateBody: JSON.stringify(BOOTSTRAP) }),
    );
    const found = await ask(
      {},
      '-c',
      'fovea:trainerFamilies=g5,g6e.12xlarge',
      '-c',
      'fovea:maxVcpus=48',
      '-c',
      'stackName=Other',
    );
    expect(found.states).toMatchObject({
      bootstrap: 'ok',
      machines: 'ok',
      'GPU on demand': 'note',
      'Spot role': 'ok',
    });
    expect(found).toMatchObject({ stack_name: 'Other', trainer_families: { left_out: [] } });
    expect(
      (await ask({}, '-c', 'fovea:maxVcpu=1', '-c', 'fovea:capacity=never')).of('settings'),
    ).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(
        /capacity[\s\S]*Unrecognized key: "maxVcpu"|Unrecognized key: "maxVcpu"[\s\S]*capacity/,
      ),
    });
  });

  it('counts the zones that a stack gets: those with a default subnet', async () => {
    const region = 'ca-central-1';
    const ec2 = new EC2Client({ endpoint, region, credentials: MOTO_CREDENTIALS });
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    const [first] = Subnets.toSorted((a, b) =>
      `${a.AvailabilityZone}`.localeCompare(`${b.AvailabilityZone}`),
    );
    await ec2.send(new DeleteSubnetCommand({ SubnetId: first?.SubnetId }));
    const found = await ask({ AWS_REGION: region, AWS_DEFAULT_REGION: region });
    expect(found.of('zones')).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(/gives 2, and fovea:availabilityZones asks for 3.*default subnet/),
    });
  });

  it('says that there are no credentials or no region, and asks nothing more', async () => {
    const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const withoutKeys = await ask(none);
    expect(withoutKeys.of('credentials')).toMatchObject({
      state: 'problem',
      mend: expect.stringContaining('aws configure'),
    });
    expect(withoutKeys.states).toMatchObject({
      bootstrap: 'unknown',
      machines: 'unknown',
      function: 'unknown',
    });
    const withoutRegion = await ask({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined });
    expect(withoutRegion.states).toMatchObject({ region: 'problem', machines: 'unknown' });
  });

  it('says as not known what the credentials may not ask', async () => {
    const denied = await startMoto({
      withStack: true,
      account: { denied: ['servicequotas:GetServiceQuota'] },
    });
    if (denied.endpoint === undefined) throw new Error(denied.reason);
    try {
      const found = await ask({ AWS_ENDPOINT_URL: denied.endpoint });
      expect(found.of('GPU Spot')).toEqual({
        name: 'GPU Spot',
        state: 'unknown',
        found: 'Not known: your credentials do not allow servicequotas:GetServiceQuota',
        mend: null,
      });
    } finally {
      await denied.stop();
    }
  });
});
