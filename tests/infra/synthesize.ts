// Synthesizes the stack in this process, without the validation that has a test of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../../infra/create-app.ts';

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
export function synthesize(settings: Readonly<Record<string, unknown>> = {}): CloudTemplate {
  process.env['CDK_VALIDATION'] = 'false';
  const prefixed = Object.entries(settings).map(([key, value]) => [`fovea:${key}`, value]);
  const outdir = mkdtempSync(path.join(tmpdir(), 'fovea-cdk-'));
  try {
    const { app, stack } = createApp({
      context: { allowStandIn: true, ...Object.fromEntries(prefixed) },
      outdir,
      analyticsReporting: false,
    });
    return app.synth().getStackByName(stack.stackName).template as CloudTemplate;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Resources of one type, with their logical ids. */
export const resourcesOf = (template: CloudTemplate, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
