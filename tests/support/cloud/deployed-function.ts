// A deployed function, run here: its own zip and configuration, under AWS's runtime interface client.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LambdaRuntime } from '../lambda/install-runtime.ts';
import { type LambdaInstance, startLambdaInstance } from '../lambda/lambda-instance.ts';
import { ASSETS, type Deployment } from './deploy.ts';
import { runCommand } from './run-command.ts';

/** Starts the function whose logical id starts with `prefix`. */
export async function startDeployedFunction(
  { aws, variables }: Deployment,
  runtime: LambdaRuntime,
  prefix: string,
): Promise<LambdaInstance> {
  const { StackResources } = await aws('cloudformation', 'describe-stack-resources', '--stack-name', 'Fovea');
  const resource = StackResources.find(
    ({ ResourceType: type, LogicalResourceId: id }: { ResourceType: string; LogicalResourceId: string }) =>
      type === 'AWS::Lambda::Function' && id.startsWith(prefix),
  );
  const name: string = resource.PhysicalResourceId;
  const { Configuration } = await aws('lambda', 'get-function', '--function-name', name);
  const { TemplateBody } = await aws('cloudformation', 'get-template', '--stack-name', 'Fovea');
  const { S3Key } = TemplateBody.Resources[resource.LogicalResourceId].Properties.Code;
  const folder = await mkdtemp(path.join(tmpdir(), 'fovea-function-'));
  const zip = path.join(folder, 'code.zip');
  await aws('s3', 'cp', '--quiet', `s3://${ASSETS}/${S3Key}`, zip);
  await runCommand('python3', ['-m', 'zipfile', '-e', zip, folder]);
  return startLambdaInstance({
    runtime,
    folder,
    handler: Configuration.Handler,
    memoryMib: Configuration.MemorySize,
    environment: { ...variables, ...Configuration.Environment.Variables },
  });
}
