// The trainer's image builds the native back end before the rest of the code is copied, so that a change of the trainer does not
// download TensorFlow again. Whatever set-up imports must be copied by then.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { NO_TELEMETRY } from '../../../core/environment.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const dockerfile = readFileSync(path.join(root, 'batch-job/Dockerfile'), 'utf8');
const [, buildStage = ''] = dockerfile.split(/^FROM /m);

/** Sources of the build stage's COPY instructions, without their targets. */
const copied = [...buildStage.matchAll(/^COPY (?!--)(.+)$/gm)].flatMap(([, words = '']) =>
  words.split(' ').slice(0, -1),
);

it('copies files that exist', () => {
  const missing = copied.filter(
    (source) =>
      !source.includes('[') && statSync(path.join(root, source), { throwIfNoEntry: false }) === undefined,
  );
  expect(copied.length).toBeGreaterThan(5);
  expect(missing).toEqual([]);
});

it('copies every module that set-up imports before it runs set-up', async () => {
  const { metafile } = await build({
    entryPoints: [path.join(root, 'batch-job/setup.ts')],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const imported = Object.keys(metafile.inputs);
  const isCopied = (file: string) =>
    copied.some((source) => file === source || file.startsWith(`${source}/`));
  expect(imported).toContain('batch-job/tensorflow/setup/setup.ts');
  expect(imported.filter((file) => !isCopied(file))).toEqual([]);
});

it('keeps ONNX Runtime from sending anything', () => {
  const [[name, value] = ['', '']] = Object.entries(NO_TELEMETRY);
  expect(dockerfile.split(/^FROM /m).at(-1)).toMatch(new RegExp(`^ENV .* ${name}=${value}$`, 'm'));
});
