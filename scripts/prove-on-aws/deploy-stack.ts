// Step 2: AWS takes the template, and the server answers. Also how the stack is deployed, for the update.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Facts, Proof } from './proof.ts';
import { STACK, withoutRepeats } from './settings.ts';

/** Nothing is built for a stand-in, and moto tells of failures only so. */
const FOR_THE_STAND_IN = ['--method=direct', '--no-build', '-c', 'allowStandIn=true'];

/** Deploys with the settings of the proof. @param more settings that replace some of them. */
export async function deploy(
  { programs, context, folder, isStandIn }: Proof,
  more: readonly string[] = [],
): Promise<void> {
  const settings = withoutRepeats([...context, ...more]);
  await programs.fovea(
    ...['deploy', '--yes', '--outputs-file', path.join(folder, 'outputs.json')],
    ...settings.flatMap((setting) => ['-c', setting]),
    ...['--', '--output', path.join(folder, 'cdk.out'), ...(isStandIn ? FOR_THE_STAND_IN : [])],
  );
}

/** Deploys, and asks the server for the first time: its function starts for that. */
export async function deployStack(proof: Proof): Promise<Facts> {
  const { programs, folder, isStandIn } = proof;
  await deploy(proof);
  await programs.fovea('context', 'use', 'aws');
  const outputs = JSON.parse(await readFile(path.join(folder, 'outputs.json'), 'utf8'))[STACK];
  const assets = JSON.parse(await readFile(path.join(folder, 'cdk.out', `${STACK}.assets.json`), 'utf8'));
  const { StackResources: resources } = await programs.aws(
    ...['cloudformation', 'describe-stack-resources', '--stack-name', STACK],
  );
  const idOf = (type: string, start: string): string | undefined =>
    resources.find(
      ({ ResourceType, LogicalResourceId }: { ResourceType: string; LogicalResourceId: string }) =>
        ResourceType === type && LogicalResourceId.startsWith(start),
    )?.PhysicalResourceId;
  const vpc = idOf('AWS::EC2::VPC', 'TrainerNetwork');
  const functionLogs = idOf('AWS::Logs::LogGroup', 'ApiFunctionLogs');
  if (vpc === undefined || functionLogs === undefined)
    throw new Error(`The stack ${STACK} lists no network or no log of its function.`);
  await proof.note({
    url: outputs.ApiUrl,
    vpc,
    functionLogs,
    images: Object.keys(assets.dockerImages ?? {}).join(','),
  });
  const facts = { url: outputs.ApiUrl, resources: resources.length };
  if (isStandIn) return facts;
  const begun = performance.now();
  const { version } = await (await proof.client()).health();
  return { ...facts, version, seconds_to_the_first_answer: secondsSince(begun) };
}

/** Seconds since a moment of `performance.now()`, with two decimals. */
export const secondsSince = (begun: number): number => Math.round((performance.now() - begun) / 10) / 100;
