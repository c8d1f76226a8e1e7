// The proof in an AWS account, as far as it goes without one: the plan, what is refused, going on after a failure, and what is said to be left.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, PutBucketTaggingCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateJobSchema } from '../../api/create-job.ts';
import { estimateCost } from '../../scripts/prove-on-aws/estimate.ts';
import { LONG_JOB } from '../../scripts/prove-on-aws/interrupt-spot.ts';
import { PLAN } from '../../scripts/prove-on-aws/plan.ts';
import type { Proof, Step } from '../../scripts/prove-on-aws/proof.ts';
import { type Result, readResults, writeResults } from '../../scripts/prove-on-aws/results.ts';
import { chooseSteps, runPlan } from '../../scripts/prove-on-aws/run-plan.ts';
import { canRun } from '../support/cloud/run-command.ts';
import { MOTO_CREDENTIALS, startMoto } from '../support/start-moto.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PASSED: Result = {
  state: 'passed',
  at: '2026-01-01T00:00:00.000Z',
  seconds: 60,
  facts: {},
  error: null,
};

describe('the plan', () => {
  it('costs less than 5 US dollars', () => {
    const { parts, usd } = estimateCost();
    expect(parts.length).toBeGreaterThan(3);
    expect(usd).toBeGreaterThan(1);
    expect(usd).toBeLessThan(5);
  });

  it('has a longer job that the API takes', () => {
    expect(CreateJobSchema.parse(LONG_JOB)).toMatchObject({ training_file: 'sample' });
  });

  it('refuses steps that there are not, and steps without the stack that they need', () => {
    const names = (only: readonly string[] | undefined, results: Readonly<Record<string, Result>> = {}) =>
      chooseSteps(PLAN, { only, results }).map(({ name }) => name);
    expect(names(undefined)).toEqual(['check', 'deploy', 'train', 'interrupt', 'update', 'destroy']);
    expect(names(['destroy'])).toEqual(['destroy']);
    expect(names(['train'], { deploy: PASSED })).toEqual(['train']);
    expect(() => names(['trian'])).toThrow(/no step "trian".*check, deploy, train/);
    expect(() => names(['train'])).toThrow(/"train" needs the stack.*--only deploy/);
    expect(() => names(['train'], { deploy: PASSED, destroy: PASSED })).toThrow(/--only deploy/);
    expect(() => names(undefined, { check: PASSED, deploy: PASSED, destroy: PASSED })).toThrow(
      /removed before the step "train" was shown.*--folder/,
    );
  });

  it('stops at a step that fails, and the next run begins with it', async () => {
    const ran: string[] = [];
    let isMended = false;
    const step = (name: string, needsStack = false): Step => ({
      name,
      shows: `what ${name} shows`,
      needsStack,
      runsInStandIn: true,
      run: async () => {
        ran.push(name);
        if (name === 'train' && !isMended) throw new Error('no GPU | at all');
        return { seconds_to_start: 3 };
      },
    });
    const steps = [step('check'), step('deploy'), step('train', true), step('destroy')];
    const folder = await mkdtemp(path.join(tmpdir(), 'fovea-proof-'));
    try {
      const run = async () => {
        const results = await readResults(folder);
        const done: Record<string, Result> = { ...results.steps };
        return runPlan(steps, { isStandIn: false, say: () => undefined } as unknown as Proof, {
          results: results.steps,
          keep: async (name, result) => {
            if (result === undefined) delete done[name];
            else done[name] = result;
            await writeResults(folder, { notes: {}, steps: done }, steps);
          },
        });
      };
      expect(await run()).toEqual({ failed: 'train', error: 'no GPU | at all' });
      expect(ran).toEqual(['check', 'deploy', 'train']);
      const table = await readFile(path.join(folder, 'results.md'), 'utf8');
      expect(table).toMatch(/\| deploy \| what deploy shows \| passed \| 0\.0 \| seconds to start: 3 \|/);
      expect(table).toContain('| failed | 0.0 | no GPU \\| at all |');
      expect(table).toContain('| destroy | what destroy shows | not done |');
      isMended = true;
      expect(await run()).toEqual({ failed: undefined });
      expect(ran.slice(3)).toEqual(['train', 'destroy']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

const REGION = 'eu-west-3';
const BUCKET = 'foveaproof-databucket-1';
const QUOTAS = { 'L-3819A6DF': 32, 'L-DB2E81BA': 32 };
const moto = await startMoto({ withStack: true, account: { quotas: QUOTAS, hasImages: true } });
const hasCli = await canRun('aws', '--version');
if (moto.endpoint === undefined) console.warn(`The proof asks no stand-in: ${moto.reason}.`);
if (!hasCli) console.warn('The proof asks no stand-in: the AWS CLI is not installed.');

describe.skipIf(moto.endpoint === undefined || !hasCli)('npm run prove-on-aws', () => {
  const { endpoint, stop } = moto as Extract<typeof moto, { endpoint: string }>;
  const options = { endpoint, region: REGION, credentials: MOTO_CREDENTIALS };
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fovea-proof-'));
  });
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  function prove(...args: readonly string[]): Promise<{ exitCode: number | null; said: string }> {
    const given = ['--folder', folder, '--against-stand-in', endpoint, ...args];
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/prove-on-aws.ts', ...given], {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        AWS_REGION: REGION,
        CDK_DOCKER: '/bin/true',
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, said })));
  }

  it('stops where the account is not ready, and says how to mend that and what is left', async () => {
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    await s3.send(
      new CreateBucketCommand({
        Bucket: BUCKET,
        CreateBucketConfiguration: { LocationConstraint: REGION },
      }),
    );
    const TagSet = [
      { Key: 'project', Value: 'fovea' },
      { Key: 'fovea:stack', Value: 'FoveaProof' },
    ];
    await s3.send(new PutBucketTaggingCommand({ Bucket: BUCKET, Tagging: { TagSet } }));
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'datasets/a/b.jpg', Body: 'x' }));
    const { exitCode, said } = await prove('--yes');
    expect(exitCode, said).toBe(1);
    expect(said).toMatch(/"check" failed: [\s\S]*npx cdk bootstrap aws:\/\/123456789012\/eu-west-3/);
    expect(said).toContain(
      `go on: npm run prove-on-aws -- --folder ${folder} --against-stand-in ${endpoint}`,
    );
    expect(said).toContain(`npm run remove-remains -- ${BUCKET} --delete`);
    expect(said).toMatch(/One command removes it: .*--only destroy/);
    expect(said).not.toMatch(/deploy:/);
  });

  it('asks before it begins, and refuses results of another region', async () => {
    const asks = await prove();
    expect(asks).toMatchObject({ exitCode: 1 });
    expect(asks.said).toMatch(/Go on\? There is no terminal to ask at: say yes with --yes/);
    const { steps, notes } = await readResults(folder);
    expect(steps).toMatchObject({ check: { state: 'failed' } });
    expect(notes).toEqual({ account: '123456789012', region: REGION });
    await writeResults(folder, { steps, notes: { ...notes, region: 'us-east-1' } }, PLAN);
    const elsewhere = await prove('--yes');
    await writeResults(folder, { steps: { ...steps, deploy: PASSED }, notes }, PLAN);
    expect(elsewhere).toMatchObject({ exitCode: 1 });
    expect(elsewhere.said).toMatch(/results of account 123456789012, region us-east-1.*--folder FOLDER/);
  });

  it('calls nothing passed that a stand-in cannot do, and removes what is left', async () => {
    const { exitCode, said } = await prove('--yes', '--only', 'train,interrupt,update,destroy');
    expect(exitCode, said).toBe(0);
    expect(said).toMatch(
      /train: only in an account\ninterrupt: only in an account\nupdate: only in an account/,
    );
    expect(said).toContain('destroy: passed');
    const table = await readFile(path.join(folder, 'results.md'), 'utf8');
    expect(table.match(/\| only in an account \|/g)).toHaveLength(3);
    expect(table).toMatch(/\| destroy \|.*\| passed \|.*buckets removed: 1; remains: nothing/);
  });
});
