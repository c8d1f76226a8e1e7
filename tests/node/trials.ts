// What is tried on a release of Node: what a user does first, and what has broken between releases.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { hasAddon } from '../../batch-job/tensorflow/addon/addon.ts';
import { nativeDirectory } from '../../batch-job/tensorflow/setup/native-directory.ts';
import { writeSampleDataset } from '../../cli/sample-dataset/write-sample-dataset.ts';
import { cacheDirectory } from '../../core/cache-directory.ts';
import { REPOSITORY, runWith } from './run-with.ts';

export interface Verdict {
  readonly isRight: boolean;
  /** Why not; where it is right, what was seen. */
  readonly found: string;
}
export type Trial = (node: string) => Promise<Verdict>;

/** Enough for every split to have one of each class. */
const IMAGES_PER_CLASS = 12;
const LAST_LINES = 12;

const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');

/** The demo on a few pictures, whose training must run on the back end. */
async function demo(
  node: string,
  backend: string,
  variables: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-node-'));
  try {
    const pictures = path.join(folder, 'pictures');
    await writeSampleDataset(pictures, { imagesPerClass: IMAGES_PER_CLASS });
    const args = ['bin/fovea.mjs', 'demo', '--data', path.join(folder, 'data'), '--dataset', pictures];
    const { exitCode, output } = await runWith(node, args, variables);
    const isRight =
      exitCode === 0 &&
      output.includes(`runs on the ${backend} back end`) &&
      output.includes('POST /v1/models/pictures:1/predict');
    return {
      isRight,
      found: isRight ? `trained and predicted, ${backend}` : `exit code ${exitCode}\n${lastLines(output)}`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `npm run demo` without npm, on the back end that npm alone brings. */
export const tryDemo: Trial = async (node) => {
  const check = await runWith(node, ['scripts/ensure-installed.mjs']);
  if (check.exitCode !== 0) return { isRight: false, found: lastLines(check.output) };
  const empty = await mkdtemp(path.join(os.tmpdir(), 'fovea-node-cache-'));
  try {
    return await demo(node, 'portable', { XDG_CACHE_HOME: empty });
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
};

/** The native addon, as `fovea setup` has built it. */
export const tryAddon: Trial = (node) => demo(node, 'native', {});

/** Undefined where the addon can be tried. */
export const whyNoAddon = (): string | undefined =>
  hasAddon(nativeDirectory(cacheDirectory(process.env), 'cpu'), 'cpu')
    ? undefined
    : 'the native back end is not set up: npx fovea setup';

/** What browsers and curl send, each release with its own parts of the platform. */
export const tryForms: Trial = async (node) => {
  const folder = 'tests/unit/functions';
  const files = (await readdir(path.join(REPOSITORY, folder)))
    .filter((file) => /predict|form/.test(file))
    .map((file) => `${folder}/${file}`);
  const { exitCode, output } = await runWith(node, ['node_modules/vitest/vitest.mjs', 'run', ...files]);
  const passed = /Tests .*?(\d+) passed/.exec(output)?.[1];
  const isRight = exitCode === 0 && passed !== undefined;
  return { isRight, found: isRight ? `${passed} tests of ${files.length} files` : lastLines(output) };
};

/** The function's bundle: made by this release, and answering in it. */
export const tryBundle: Trial = async (node) => {
  const { exitCode, output } = await runWith(node, ['--import', 'tsx', 'tests/node/try-bundle.ts']);
  return {
    isRight: exitCode === 0,
    found: exitCode === 0 ? (output.trimEnd().split('\n').at(-1) ?? '') : lastLines(output),
  };
};
