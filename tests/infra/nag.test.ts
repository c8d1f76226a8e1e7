import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Peer, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { BundledFunction } from '../../infra/constructs/bundled-function.ts';
import { createApp } from '../../infra/create-app.ts';
import type { FoveaStack } from '../../infra/fovea-stack.ts';

const DOMAIN = {
  'fovea:domain': 'fovea.example.com',
  'fovea:certificateArn': 'arn:aws:acm:us-east-1:123456789012:certificate/0-0',
};

/** Synthesizes the app after a change, with cdk-nag's AwsSolutions pack, which throws for what it finds. */
function synthesizeAfter(change: (stack: FoveaStack) => void, settings: object = {}): void {
  process.env['CDK_VALIDATION'] = 'false';
  const outdir = mkdtempSync(path.join(tmpdir(), 'fovea-nag-'));
  try {
    const { app, stack } = createApp({
      context: { allowStandIn: true, ...settings },
      outdir,
      analyticsReporting: false,
    });
    change(stack);
    app.synth();
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

describe('cdk-nag (AwsSolutions)', () => {
  it('finds nothing that is not acknowledged with a reason', () => {
    expect(() => synthesizeAfter(() => undefined)).not.toThrow();
  });

  it('finds nothing with a custom domain', () => {
    expect(() => synthesizeAfter(() => undefined, DOMAIN)).not.toThrow();
  });

  it('finds nothing where AWS CodeBuild makes the images', () => {
    expect(() => synthesizeAfter(() => undefined, { 'fovea:imageBuilder': 'codebuild' })).not.toThrow();
  });

  it('finds nothing with a canary, copies that are ready and signatures', () => {
    const settings = { 'fovea:canary': 5, 'fovea:provisionedConcurrency': 1, 'fovea:authorization': 'iam' };
    expect(() => synthesizeAfter(() => undefined, settings)).not.toThrow();
  });

  it('finds nothing with webhooks', () => {
    expect(() => synthesizeAfter(() => undefined, { 'fovea:webhookReceivers': 'public' })).not.toThrow();
  });

  it('finds an open security group that is added', () => {
    const addGroup = (stack: FoveaStack) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Other', { vpcId: 'vpc-1', availabilityZones: ['a'] });
      new SecurityGroup(stack, 'Open', { vpc }).addIngressRule(Peer.anyIpv4(), Port.tcp(22));
    };
    expect(() => synthesizeAfter(addGroup)).toThrow('AwsSolutions-EC23');
  });

  it('finds a wildcard that is added to a role with acknowledged ones', () => {
    const addWildcard = (stack: FoveaStack) => {
      const api = stack.node.findChild('Api').node.findChild('Function');
      if (api instanceof BundledFunction)
        api.role.addToPolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
    };
    expect(() => synthesizeAfter(addWildcard)).toThrow('AwsSolutions-IAM5[Action::s3:*]');
  });
});
