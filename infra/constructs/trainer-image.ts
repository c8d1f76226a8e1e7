// The trainer's container image, built from the repository when the stack is deployed.

import { fileURLToPath } from 'node:url';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Which image is built. */
export interface TrainerImageProps {
  /** `gpu` carries the CUDA libraries; `cpu` is smaller. */
  readonly variant: 'cpu' | 'gpu';
  /** Whether imported backbones run on the GPU, too. */
  readonly imported: boolean;
}

/** What .dockerignore allows for other images than the trainer's. */
const OF_OTHER_IMAGES = ['api', 'docker', 'functions'];

/** The image of batch-job/Dockerfile with the files that it copies. Its hash changes with those files alone. */
export class TrainerImage extends Construct {
  readonly image: ContainerImage;

  constructor(scope: Construct, id: string, { variant, imported }: TrainerImageProps) {
    super(scope, id);
    const asset = new DockerImageAsset(this, 'Asset', {
      directory: REPOSITORY,
      file: 'batch-job/Dockerfile',
      platform: Platform.LINUX_AMD64,
      buildArgs: { VARIANT: variant, ...(imported ? { IMPORTED: '1' } : {}) },
      // The .dockerignore names what goes in; without this line, the output of the running synthesis would be hashed too.
      exclude: ['cdk.out', ...OF_OTHER_IMAGES],
    });
    this.image = ContainerImage.fromDockerImageAsset(asset);
  }
}
