// The CDK's feature flags: cdk.json decides each of them, so that a synthesis says nothing of them.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const CDK = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');

it('synthesizes without a word about feature flags', async () => {
  const output = await mkdtemp(path.join(tmpdir(), 'fovea-flags-'));
  try {
    // `npm run synth` without cdk-nag, which nag.test.ts runs, and without a build.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [CDK, 'synth', '--quiet', '--no-build', '--output', output, '-c', 'allowStandIn=true'],
      { cwd: REPOSITORY, env: { ...process.env, CDK_VALIDATION: 'false' } },
    );
    expect(stderr).toContain('The alarms tell nobody');
    expect(stdout + stderr).not.toMatch(/feature flag/i);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
});
