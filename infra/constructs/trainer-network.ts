// The network of the trainers. It costs nothing while no trainer runs, and admits no connections.

import { Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { MOST_ZONES } from '../settings/settings.ts';

/** How many zones the network spans. */
export interface TrainerNetworkProps {
  readonly availabilityZones: number;
}

const HTTPS = 443;

/** Public subnets without NAT, S3 through a gateway endpoint, and a security group that admits no connections. */
export class TrainerNetwork extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, { availabilityZones }: TrainerNetworkProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: availabilityZones,
      // The ranges of the others stay free, so that a subnet keeps its own when the number of zones changes.
      reservedAzs: MOST_ZONES - availabilityZones,
      natGateways: 0,
      subnetConfiguration: [{ name: 'public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: true }],
      gatewayEndpoints: { s3: { service: GatewayVpcEndpointAwsService.S3 } },
      // To empty the default group, the CDK would deploy a function of its own; nothing ever uses that group.
      restrictDefaultSecurityGroup: false,
    });
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc: this.vpc,
      description: 'Fovea trainers: nothing in, HTTPS out',
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(HTTPS), 'AWS APIs, the image registry and weight downloads');
    this.securityGroup = group;
    Validations.of(this.vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason:
        'Nothing can connect to the trainers, and what they fetch is in their own logs; flow logs would add cost only.',
    });
  }
}
