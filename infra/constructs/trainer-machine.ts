// What all trainer machines have in common: disk, metadata service, role, and what happens at a Spot notice.

import { readFileSync } from 'node:fs';
import { Validations } from 'aws-cdk-lib';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MultipartBody,
  MultipartUserData,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** The image with the CUDA libraries takes some 15 GB, and each dataset comes on top. */
const DISK_GIB = 100;
/** Time that a trainer has to stop when AWS Batch ends its job; after a Spot notice it has as long. */
const STOP_TIMEOUT = '100s';
const AT_SPOT_NOTICE = readFileSync(new URL('../machine/stop-at-spot-notice.sh', import.meta.url), 'utf8');
const PROGRAM = '/usr/local/bin/fovea-stop-at-spot-notice';
const UNIT = 'fovea-stop-at-spot-notice.service';

/** The launch template and the instance role of trainer machines. */
export class TrainerMachine extends Construct {
  readonly launchTemplate: LaunchTemplate;
  readonly instanceRole: Role;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const agentPolicy = 'service-role/AmazonEC2ContainerServiceforEC2Role';
    this.instanceRole = new Role(this, 'InstanceRole', {
      description: 'Lets the container agent of a trainer machine register, pull images and write logs',
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(agentPolicy)],
    });
    Validations.of(this.instanceRole).acknowledge({
      id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${agentPolicy}]`,
      reason: 'The policy that AWS maintains for its container agent changes with the agent.',
    });

    const agent = UserData.forLinux();
    agent.addCommands(
      // At a Spot notice the agent then starts no more tasks here. It leaves those alone that run: see the unit.
      `echo 'ECS_ENABLE_SPOT_INSTANCE_DRAINING=true' >> /etc/ecs/ecs.config`,
      `echo 'ECS_CONTAINER_STOP_TIMEOUT=${STOP_TIMEOUT}' >> /etc/ecs/ecs.config`,
    );
    agent.addCommands(
      ...fileOf(PROGRAM, AT_SPOT_NOTICE),
      `chmod 755 ${PROGRAM}`,
      ...fileOf(
        `/etc/systemd/system/${UNIT}`,
        [
          '[Unit]',
          'Description=Stops the trainers when AWS takes this machine away',
          '[Service]',
          `ExecStart=${PROGRAM}`,
          'Restart=always',
          '[Install]',
          'WantedBy=multi-user.target',
        ].join('\n'),
      ),
      // To wait for a unit here would be to wait for this very script.
      `systemctl daemon-reload && systemctl enable --now --no-block ${UNIT}`,
    );
    // AWS Batch adds user data of its own, and can do so only where it is multipart.
    const userData = new MultipartUserData();
    userData.addPart(MultipartBody.fromUserData(agent));

    this.launchTemplate = new LaunchTemplate(this, 'Template', {
      requireImdsv2: true,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      // One hop reaches the machine and not its containers, which have their own role and must not get the machine's.
      httpPutResponseHopLimit: 1,
      userData,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(DISK_GIB, {
            volumeType: EbsDeviceVolumeType.GP3,
            encrypted: true,
            deleteOnTermination: true,
          }),
        },
      ],
    });
  }
}

/** Commands that write a file. */
const fileOf = (path: string, text: string): string[] => [
  `cat > ${path} <<'END_OF_FILE'`,
  text.trimEnd(),
  'END_OF_FILE',
];
