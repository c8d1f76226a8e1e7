// The trainer's container image, built from the repository when the stack is deployed.

import { fileURLToPath } from 'node:url';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

export interface TrainerImageProps {
  /** `gpu` carries the CUDA libraries; `cpu` is smaller. */
  readonly variant: 'cpu' | 'gpu';
}

/** batch-job/Dockerfile with what .dockerignore lets through; its hash changes with those files alone. */
export class TrainerImage extends Construct {
  readonly image: ContainerImage;

  constructor(scope: Construct, id: string, { variant }: TrainerImageProps) {
    super(scope, id);
    const asset = new DockerImageAsset(this, 'Asset', {
      directory: REPOSITORY,
      file: 'batch-job/Dockerfile',
      platform: Platform.LINUX_AMD64,
      buildArgs: { VARIANT: variant },
      // The .dockerignore names what goes in; without this the output of this very run would be hashed too.
      exclude: ['cdk.out'],
    });
    this.image = ContainerImage.fromDockerImageAsset(asset);
  }
}
