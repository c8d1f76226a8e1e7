import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const { default: config, WINGS } = (await import(
  pathToFileURL(path.join(root, '.dependency-cruiser.mjs')).href
)) as {
  default: { forbidden: { name: string }[] };
  WINGS: Readonly<Record<string, readonly string[]>>;
};

type Import = readonly [from: string, to: string];

/** Each folder of a wing imports the folder that comes after it. */
const OUT_OF_ORDER = Object.fromEntries(
  Object.entries(WINGS).flatMap(([wing, folders]) =>
    folders
      .slice(0, -1)
      .map((folder, index): [string, readonly Import[]] => [
        `${wing}/${folder}-in-order`,
        [[`${wing}/${folder}/looks-up.ts`, `${wing}/${folders[index + 1]}/target.ts`]],
      ]),
  ),
);

/** Imports that each rule must refuse: from a file, to a file or a package. */
const VIOLATIONS: Readonly<Record<string, readonly Import[]>> = {
  ...OUT_OF_ORDER,
  'no-circular': [['core/cycle-a.ts', 'core/cycle-b.ts']],
  'not-resolvable': [['core/lost.ts', 'core/nowhere.ts']],
  'tensorflow-only-in-trainer': [['functions/predicts.ts', '@tensorflow/tfjs-core']],
  'aws-sdk-only-in-drivers': [['core/job/submits.ts', '@aws-sdk/client-batch']],
  'client-is-fetch': [
    ['client/serves.ts', 'functions/app.ts'],
    ['client/stores.ts', 'core/storage/store.ts'],
    ['client/sends.ts', 'hono'],
    ['client/reads.ts', 'node:fs'],
  ],
  'client-takes-types': [['client/checks.ts', 'api/job.ts']],
  'core-knows-nobody': [
    ['core/asks.ts', 'batch-job/trainer.ts'],
    ['core/says.ts', 'api/job.ts'],
  ],
  'api-is-words': [
    ['api/serves.ts', 'functions/app.ts'],
    ['api/asks.ts', 'cli/asks.ts'],
    ['api/trains.ts', 'batch-job/trainer.ts'],
    ['api/stores.ts', 'core/storage/store.ts'],
    ['api/sends.ts', 'hono'],
  ],
  'storage-knows-no-content': [['core/storage/reads.ts', 'core/dataset/dataset.ts']],
  'image-knows-no-classes': [['core/image/labels.ts', 'core/dataset/dataset.ts']],
  'network-knows-no-jobs': [['core/network/queues.ts', 'core/job/job.ts']],
  'lanes-know-no-work': [['core/lanes/reads.ts', 'core/dataset/dataset.ts']],
  'evaluation-is-arithmetic': [['core/evaluation/reads.ts', 'core/dataset/dataset.ts']],
  'trainer-knows-no-http': [
    ['batch-job/serves.ts', 'functions/app.ts'],
    ['batch-job/says.ts', 'api/job.ts'],
    ['batch-job/answers.ts', 'hono'],
  ],
  'functions-do-not-train': [['functions/trains.ts', 'batch-job/trainer.ts']],
  'words-are-text': [['core/words/reads.ts', 'core/dataset/dataset.ts']],
  'page-is-a-client': [
    ['functions/page/reads.ts', 'core/job/job.ts'],
    ['functions/page/serves.ts', 'functions/app.ts'],
  ],
  'servers-leave-the-page': [['functions/draws.ts', 'functions/page/reads.ts']],
  'servers-alone-measure': [
    ['functions/http/counts.ts', 'functions/metrics/counter.ts'],
    ['functions/routes/traces.ts', 'functions/tracing/open.ts'],
  ],
  'pricing-is-data': [['core/pricing/prices.ts', 'core/job/job.ts']],
  'infra-reads-names-only': [['infra/stack.ts', 'core/job/job.ts']],
  'cli-is-a-client': [['cli/trains.ts', 'batch-job/trainer.ts']],
};

const PACKAGES = ['@tensorflow/tfjs-core', '@aws-sdk/client-batch', 'hono'];

const folder = mkdtempSync(path.join(os.tmpdir(), 'fovea-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
}

/** Whether a folder has TypeScript, at any depth: `batch-job/native` has a package alone. */
const hasCode = (folder: string): boolean =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.ts'));

it.each(Object.entries(WINGS))(
  'lists every subfolder of %s, so that none is without an order',
  (wing, folders) => {
    const found = readdirSync(path.join(root, wing), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && hasCode(path.join(root, wing, entry.name)))
      .map(({ name }) => name);
    expect([...folders].sort()).toEqual(found.sort());
  },
);

it('reports a planted violation of every rule, and nothing else', () => {
  expect(Object.keys(VIOLATIONS).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());

  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json'])
    cpSync(path.join(root, file), path.join(folder, file));
  for (const target of [
    'api/job.ts',
    'batch-job/trainer.ts',
    'cli/asks.ts',
    'core/storage/store.ts',
    'core/dataset/dataset.ts',
    'core/job/job.ts',
    'functions/app.ts',
    'functions/metrics/counter.ts',
    'functions/tracing/open.ts',
    ...Object.entries(WINGS).flatMap(([wing, folders]) =>
      folders.map((folder) => `${wing}/${folder}/target.ts`),
    ),
  ]) {
    write(target, 'export const x = 1;\n');
  }
  write('core/cycle-b.ts', "export { x } from './cycle-a.ts';\n");
  for (const name of PACKAGES) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'exports.x = 1;\n');
  }
  write(
    'package.json',
    JSON.stringify({ dependencies: Object.fromEntries(PACKAGES.map((name) => [name, '1'])) }),
  );
  for (const [from, to] of Object.values(VIOLATIONS).flat()) {
    const isName = PACKAGES.includes(to) || to.startsWith('node:');
    const specifier = isName ? to : path.posix.relative(path.posix.dirname(from), to);
    write(
      from,
      `export { x } from '${specifier.startsWith('.') || isName ? specifier : `./${specifier}`}';\n`,
    );
  }

  const output = path.join(folder, 'report.json');
  const cruiser = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const folders = ['api', 'client', 'core', 'batch-job', 'functions', 'cli', 'infra'];
  try {
    execFileSync(
      process.execPath,
      [
        cruiser,
        '--config',
        '.dependency-cruiser.mjs',
        '--output-type',
        'json',
        '--output-to',
        output,
        ...folders,
      ],
      { cwd: folder },
    );
  } catch {
    // It exits with the number of violations, and there had better be some.
  }
  const report = JSON.parse(readFileSync(output, 'utf8')) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  const found = report.summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  const planted = Object.entries(VIOLATIONS).flatMap(([rule, imports]) =>
    imports.map(([from]) => `${rule}: ${from}`),
  );
  expect(
    [...new Set(found)].filter((violation) => violation !== 'no-circular: core/cycle-b.ts').sort(),
  ).toEqual(planted.sort());
});
