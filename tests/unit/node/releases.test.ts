import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LAMBDA_NODE, NODE_RELEASES } from '../../support/node-releases.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const { nodeProblem } = (await import(pathToFileURL(path.join(root, 'scripts/check-node.mjs')).href)) as {
  nodeProblem: (version: string, engines: string) => string | undefined;
};
const { node: engines } = JSON.parse(read('package.json')).engines as { node: string };

describe('the releases of Node', () => {
  it.each(NODE_RELEASES)('%s is allowed', (release) => {
    expect(nodeProblem(release, engines)).toBeUndefined();
  });

  it.each(['18.20.8', '20.18.9', '21.7.3', '22.12.0', '23.11.1'])('%s is refused', (release) => {
    expect(nodeProblem(release, engines)).toBe(
      `Fovea needs Node.js 20 from 20.19 on, or 22 from 22.13 on, or 24 and later; this is ${release}. ` +
        'Install Node.js 24 and try again.',
    );
  });

  it('to come are allowed', () => {
    expect(nodeProblem('28.0.0', engines)).toBeUndefined();
  });

  it('are the same wherever they are named', () => {
    expect(JSON.parse(read('batch-job/native/package.json')).engines.node).toBe(engines);
    expect(JSON.parse(read('package-lock.json')).packages[''].engines.node).toBe(engines);
    const lambda = Number.parseInt(LAMBDA_NODE, 10);
    expect(read('batch-job/Dockerfile')).toMatch(new RegExp(`^ARG BASE=node:${lambda}-`, 'm'));
    expect(read('scripts/build-function/bundle-function.ts')).toContain(`target: 'node${lambda}'`);
    const runtimes = [
      ...read('node_modules/aws-cdk-lib/aws-lambda/lib/runtime.d.ts').matchAll(/ NODEJS_(\d+)_X:/g),
    ];
    expect(Math.max(...runtimes.map(([, major]) => Number(major)))).toBe(lambda);
    expect(read('infra/constructs/bundled-function.ts')).toContain(`Runtime.NODEJS_${lambda}_X`);
  });
});
