// The project's own stack, deployed by the CDK's command line into a stand-in for AWS, and what came of it.

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';
import { withVariables } from './trainer-image.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
/** Bucket and registry of the CDK's bootstrap stack. */
export const ASSETS = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
const IMAGES = `cdk-hnb659fds-container-assets-${ACCOUNT}-${REGION}`;

export interface Deployment {
  /** For every program that is to talk to the stand-in. */
  readonly variables: Readonly<Record<string, string>>;
  /** Runs the AWS CLI; its answer as JSON, or the text where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  aws(...args: string[]): Promise<any>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Deploys again with other settings, whose trainer's image is the same. @returns the outputs. */
  update(settings: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>;
}

/** Credentials and addresses of a stand-in. */
export const standInVariables = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  // CloudFormation fetches templates by itself, and wants a host with a name.
  AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: endpoint.replace('127.0.0.1', 'localhost'),
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** Bootstraps, and deploys with the given settings (`maxVcpus`, not `fovea:maxVcpus`). */
export async function deploy(
  endpoint: string,
  trainerImage: string,
  settings: Readonly<Record<string, string>>,
): Promise<Deployment> {
  const variables = standInVariables(endpoint);
  const aws = async (...args: string[]) => {
    const text = await runCommand('aws', [...args, '--output', 'json'], { env: variables });
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  const cdk = (...args: string[]) => runCommand('npx', ['cdk', ...args], { cwd: REPOSITORY, env: variables });
  const synthesize = async (wanted: Readonly<Record<string, string>>) => {
    const assembly = await mkdtemp(path.join(tmpdir(), 'fovea-assembly-'));
    const context = Object.entries(wanted).flatMap(([key, value]) => ['-c', `fovea:${key}=${value}`]);
    await cdk('synth', '--quiet', '--build', 'true', '--output', assembly, ...context);
    return assembly;
  };
  const deployAssembly = async (assembly: string): Promise<Readonly<Record<string, string>>> => {
    await cdk('deploy', '--app', assembly, '--method=direct', '--require-approval', 'never');
    const { Stacks } = await aws('cloudformation', 'describe-stacks', '--stack-name', 'Fovea');
    return Object.fromEntries(
      Stacks[0].Outputs.map((output: { OutputKey: string; OutputValue: string }) => [
        output.OutputKey,
        output.OutputValue,
      ]),
    );
  };

  const assembly = await synthesize(settings);
  await cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`, '--app', assembly);

  // The stand-in's registry takes no images; what has its tag is neither built nor pushed again.
  const assets = JSON.parse(await readFile(path.join(assembly, 'Fovea.assets.json'), 'utf8'));
  for (const hash of Object.keys(assets.dockerImages)) {
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: 2,
        digest: `sha256:${hash}`,
      },
      layers: [],
    });
    await aws(
      'ecr',
      'put-image',
      '--repository-name',
      IMAGES,
      '--image-tag',
      hash,
      '--image-manifest',
      manifest,
    );
    await withVariables(
      trainerImage,
      // Of the region the job definition tells, as on AWS.
      Object.fromEntries(Object.entries(variables).filter(([name]) => !name.endsWith('_REGION'))),
      `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${IMAGES}:${hash}`,
    );
  }
  const outputs = await deployAssembly(assembly);
  const update = async (changed: Readonly<Record<string, string>>) =>
    deployAssembly(await synthesize({ ...settings, ...changed }));
  return { variables, aws, outputs, update };
}
