// Synthesizes the stack in this process, without the validation that has a test of its own.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { createApp } from '../../infra/create-app.ts';

/** What a deployment's own synthesis gets, the CDK's feature flags among it: they change templates. */
const { context: ofProject }: { context: Record<string, unknown> } = JSON.parse(
  readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'),
);

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates are trees of whatever CloudFormation takes.
  readonly Properties: Record<string, any>;
  readonly DeletionPolicy?: string;
}

export interface CloudTemplate {
  readonly Resources: Record<string, Resource>;
  readonly Outputs: Record<string, unknown>;
}

/** The template for some settings (`maxVcpus`, not `fovea:maxVcpus`). Its functions are stand-ins. */
export const synthesize = (settings: Readonly<Record<string, unknown>> = {}): CloudTemplate =>
  synthesizeStack(settings).template as CloudTemplate;

/** The same with what the synthesis warns of, and under another name. */
export function synthesizeStack(
  settings: Readonly<Record<string, unknown>> = {},
  context: Readonly<Record<string, unknown>> = {},
): CloudFormationStackArtifact {
  process.env['CDK_VALIDATION'] = 'false';
  const prefixed = Object.entries(settings).map(([key, value]) => [`fovea:${key}`, value]);
  const outdir = mkdtempSync(path.join(tmpdir(), 'fovea-cdk-'));
  try {
    const { app, stack } = createApp({
      context: {
        ...ofProject,
        // Of these, templates know nothing; nag.test.ts and feature-flags.test.ts do.
        '@aws-cdk/core:annotationsInValidationReport': false,
        '@aws-cdk/core:validateAgainstDefaultRules': false,
        allowStandIn: true,
        // Nobody deploys it, so nothing is copied.
        'aws:cdk:disable-asset-staging': true,
        ...context,
        ...Object.fromEntries(prefixed),
      },
      outdir,
      analyticsReporting: false,
    });
    const artifact = app.synth().getStackByName(stack.stackName);
    // Read while its file is there.
    artifact.template;
    return artifact;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Resources of one type, with their logical ids. */
export const resourcesOf = (template: CloudTemplate, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
