// An experiment of AWS FIS that takes Spot machines away, with its role and template. Both are removed afterwards.

import { setTimeout as delay } from 'node:timers/promises';
import type { Proof } from './proof.ts';
import { findRole, INTERRUPTION_ROLE, templatesOf } from './remains.ts';
import { STACK } from './settings.ts';

const POLICY = 'interrupt';
/** IAM tells other services of a new role within some seconds. */
const ROLE_TRIES = 8;
const ROLE_WAIT_MS = 5000;
const POLL_MS = 5000;
const MINUTES = 10;

/**
 * Tells machines that AWS takes them away in two minutes, and waits until it has.
 * @throws where AWS does not do it.
 */
export async function interruptMachines(proof: Proof, ids: readonly string[]): Promise<void> {
  const { aws } = proof.programs;
  const { account, region } = proof.notes;
  await removeExperiment(proof);
  const { Role: role } = await aws(
    ...['iam', 'create-role', '--role-name', INTERRUPTION_ROLE, '--assume-role-policy-document'],
    policy({ Action: 'sts:AssumeRole', Principal: { Service: 'fis.amazonaws.com' } }),
  );
  await aws(
    ...[
      'iam',
      'put-role-policy',
      '--role-name',
      INTERRUPTION_ROLE,
      '--policy-name',
      POLICY,
      '--policy-document',
    ],
    policy(
      { Action: 'ec2:DescribeInstances', Resource: '*' },
      {
        Action: 'ec2:SendSpotInstanceInterruptions',
        Resource: `${partOf(role.Arn)}:ec2:${region}:${account}:instance/*`,
      },
    ),
  );
  const template = {
    description: 'Takes the Spot machine of a trainer away',
    roleArn: role.Arn,
    stopConditions: [{ source: 'none' }],
    tags: { stack: STACK },
    targets: {
      machines: {
        resourceType: 'aws:ec2:spot-instance',
        resourceArns: ids.map((id) => `${partOf(role.Arn)}:ec2:${region}:${account}:instance/${id}`),
        selectionMode: 'ALL',
      },
    },
    actions: {
      interrupt: {
        actionId: 'aws:ec2:send-spot-instance-interruptions',
        parameters: { durationBeforeInterruption: 'PT2M' },
        targets: { SpotInstances: 'machines' },
      },
    },
  };
  const templateId = await createTemplate(proof, template);
  const started = await aws('fis', 'start-experiment', '--experiment-template-id', templateId);
  const deadline = Date.now() + MINUTES * 60_000;
  for (;;) {
    const { experiment } = await aws('fis', 'get-experiment', '--id', started.experiment.id);
    const { status, reason } = experiment.state;
    if (status === 'completed') return;
    if (!['pending', 'initiating', 'running'].includes(status) || Date.now() > deadline)
      throw new Error(`The experiment of AWS FIS is ${status}: ${reason ?? 'no reason is known'}`);
    await delay(POLL_MS);
  }
}

/** Removes the templates and the role, where they are there. */
export async function removeExperiment(proof: Proof): Promise<void> {
  const { programs, isStandIn } = proof;
  // No stand-in knows AWS FIS.
  for (const id of isStandIn ? [] : await templatesOf(proof))
    await programs.aws('fis', 'delete-experiment-template', '--id', id);
  if ((await findRole(proof)).length === 0) return;
  const role = ['--role-name', INTERRUPTION_ROLE];
  await programs.aws('iam', 'delete-role-policy', ...role, '--policy-name', POLICY).catch((error: Error) => {
    // The script was ended between the role and its policy.
    if (!/NoSuchEntity/.test(error.message)) throw error;
  });
  await programs.aws('iam', 'delete-role', ...role);
}

async function createTemplate({ programs }: Proof, template: unknown): Promise<string> {
  for (let left = ROLE_TRIES - 1; ; left--) {
    try {
      const made = await programs.aws(
        ...['fis', 'create-experiment-template', '--cli-input-json', JSON.stringify(template)],
      );
      return made.experimentTemplate.id;
    } catch (error) {
      if (left === 0 || !(error instanceof Error) || !/role/i.test(error.message)) throw error;
      await delay(ROLE_WAIT_MS);
    }
  }
}

/** The beginning of every ARN in the partition of this one, e.g. `arn:aws`. */
const partOf = (arn: string): string => arn.split(':', 2).join(':');

const policy = (...statements: readonly object[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
