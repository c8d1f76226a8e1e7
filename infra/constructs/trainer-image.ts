// The trainer's container image, built from the repository when the stack is deployed: by the Docker of the machine that deploys, or by AWS
// CodeBuild.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArnFormat, IgnoreMode, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnProject, Project } from 'aws-cdk-lib/aws-codebuild';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageAsset, type DockerImageAssetProps, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Function as AwsFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnLogGroup, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import { ContainerImageBuild } from 'deploy-time-build';
import { acknowledgeWildcard } from '../access/acknowledge-wildcard.ts';
import type { Settings } from '../settings/settings.ts';
import { shortenedStackName } from '../settings/stack-name.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const DOCKERFILE = 'batch-job/Dockerfile';

/** Which image is built, and where. */
export interface TrainerImageProps {
  /** `gpu` carries the CUDA libraries; `cpu` is smaller. */
  readonly variant: 'cpu' | 'gpu';
  /** Whether imported backbones run on the GPU, too. */
  readonly imported: boolean;
  readonly builder: Settings['imageBuilder'];
  /** How long AWS CodeBuild's logs are kept. */
  readonly logRetentionDays: Settings['logRetentionDays'];
}

/** Images in the repository of each variant: that of the newest deployment, and those that jobs and a rollback may still pull. */
const KEPT_IMAGES = 5;

/** What .dockerignore allows for other images than the trainer's. */
const OF_OTHER_IMAGES = ['api', 'client', 'docker', 'functions'];

/** The image of batch-job/Dockerfile with the files that it copies. Its tag changes with those files alone. */
export class TrainerImage extends Construct {
  readonly image: ContainerImage;

  constructor(
    scope: Construct,
    id: string,
    { variant, imported, builder, logRetentionDays }: TrainerImageProps,
  ) {
    super(scope, id);
    const props: DockerImageAssetProps = {
      directory: REPOSITORY,
      file: DOCKERFILE,
      platform: Platform.LINUX_AMD64,
      buildArgs: { VARIANT: variant, ...(imported ? { IMPORTED: '1' } : {}) },
    };
    this.image = builder === 'codebuild' ? this.buildInCloud(props, logRetentionDays) : this.buildHere(props);
  }

  private buildHere(props: DockerImageAssetProps): ContainerImage {
    const asset = new DockerImageAsset(this, 'Asset', {
      ...props,
      // The .dockerignore names what goes in; without this line, the output of the running synthesis would be hashed too.
      exclude: ['cdk.out', ...OF_OTHER_IMAGES],
    });
    return ContainerImage.fromDockerImageAsset(asset);
  }

  private buildInCloud(props: DockerImageAssetProps, retention: RetentionDays): ContainerImage {
    const ignored = readFileSync(path.join(REPOSITORY, '.dockerignore'), 'utf8').split('\n');
    const build = new ContainerImageBuild(this, 'Build', {
      ...props,
      buildArgs: { ...props.buildArgs, BASE: publicCopy(baseImage()) },
      ignoreMode: IgnoreMode.DOCKER,
      // The Dockerfile goes along, which Docker itself reads beside what is ignored.
      exclude: [
        ...ignored.filter((line) => line !== '' && line !== DOCKERFILE),
        'cdk.out',
        ...OF_OTHER_IMAGES,
      ],
    });
    if (build.repository instanceof Repository)
      build.repository.addLifecycleRule({ maxImageCount: KEPT_IMAGES });
    for (const part of Stack.of(this).node.children) {
      if (part instanceof AwsFunction && part.node.id.startsWith('DeployTimeBuild'))
        settleStarter(part, retention);
      else if (part.node.id.startsWith('ContainerImageBuild')) settleBuild(part, retention);
    }
    return build.toEcsDockerImageCode();
  }
}

/** The image that the Dockerfile begins with. */
function baseImage(): string {
  const [, base] = /^ARG BASE=(\S+)$/m.exec(readFileSync(path.join(REPOSITORY, DOCKERFILE), 'utf8')) ?? [];
  if (base === undefined) throw new TypeError(`${DOCKERFILE} names no base image.`);
  return base;
}

/** Docker Hub refuses builds of addresses that many share. The registry of AWS has the same images, and builds log in to it. */
const publicCopy = (base: string): string => `public.ecr.aws/docker/library/${base}`;

/** Without a group of the stack, CodeBuild makes one that is kept for ever. It has the name that the build's own errors point to. */
function keepLogs(project: Project, retention: RetentionDays): void {
  if (project.node.tryFindChild('Logs') !== undefined) return;
  const resource = project.node.defaultChild;
  if (!(resource instanceof CfnProject)) throw new TypeError('The project has no resource.');
  const name = `${shortenedStackName(Stack.of(project).stackName)}-images`;
  const logs = new LogGroup(project, 'Logs', {
    logGroupName: `/aws/codebuild/${name}`,
    retention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  resource.name = name;
  resource.addResourceDependency(logs.node.defaultChild as CfnLogGroup);
}

const managed = (policy: string) =>
  `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`;

/** The function that starts a build while the stack is deployed. By itself it keeps its logs for two years. */
function settleStarter(starter: IConstruct, retention: RetentionDays): void {
  for (const part of starter.node.findAll())
    if (part instanceof CfnLogGroup) part.retentionInDays = retention;
  Validations.of(starter).acknowledge({
    id: 'AwsSolutions-L1',
    reason: 'The package chooses the runtime that it is tested on.',
  });
  Validations.of(starter).acknowledge({
    id: managed('service-role/AWSLambdaBasicExecutionRole'),
    reason: 'The package gives its function the usual right to write logs.',
  });
}

/** The project that builds. The package gives it what it needs to read the sources, and to push into the repository of the image. */
function settleBuild(part: IConstruct, retention: RetentionDays): void {
  const project = part instanceof Project ? part : part.node.findAll().find((one) => one instanceof Project);
  if (project === undefined) return;
  keepLogs(project, retention);
  const stack = Stack.of(part);
  const validations = Validations.of(part);
  validations.acknowledge({
    id: 'AwsSolutions-CB4',
    reason: 'Its output is an image in the registry, which encrypts it; a key would cost money.',
  });
  validations.acknowledge({
    id: managed('AmazonElasticContainerRegistryPublicReadOnly'),
    reason: 'It pulls base images, and the policy reads public ones alone.',
  });
  for (const action of ['s3:GetObject*', 's3:GetBucket*', 's3:List*'])
    validations.acknowledge({
      id: `AwsSolutions-IAM5[Action::${action}]`,
      reason: 'It reads the sources, which the CDK puts into its bucket of assets.',
    });
  const logs = { service: 'logs', resource: 'log-group', arnFormat: ArnFormat.COLON_RESOURCE_NAME };
  acknowledgeWildcard(part, '*', 'A login to the image registry is for the whole registry.');
  acknowledgeWildcard(
    part,
    stack.formatArn({ ...logs, resourceName: `/aws/codebuild/${project.projectName}:*` }),
    'CodeBuild names the streams of its log group.',
  );
  acknowledgeWildcard(
    part,
    stack.formatArn({
      service: 'codebuild',
      resource: 'report-group',
      resourceName: `${project.projectName}-*`,
    }),
    'The CDK allows reports of tests, of which this build has none.',
  );
  const assets = `cdk-hnb659fds-assets-${stack.account}-${stack.region}/*`;
  acknowledgeWildcard(part, `arn:${stack.partition}:s3:::${assets}`, 'Names of assets are their hashes.');
}
