// Builds what the stack ships to AWS Lambda: `dist/functions-<architecture>/api` and `…/job-events`, each a folder that
// becomes a zip. Native packages come from npm for the function's processor, whatever this machine's is.

import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleFunction, PACKAGE_FOLDER } from './build-function/bundle-function.ts';
import { packageFolders, writeFunctionNotices } from './build-function/function-notices.ts';
import { measureFolder } from './build-function/measure-folder.ts';
import { type FunctionArchitecture, installNativePackages } from './build-function/native-packages.ts';
import { buildPage } from './build-page/build-page.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const DIST = path.join(REPOSITORY, 'dist');
const MB = 1_000_000;
/** Our own limits: Lambda takes 250 MB, but a cold start reads every megabyte. */
const LIMITS_BYTES = { api: 75 * MB, 'job-events': 10 * MB } as const;
const TABLE_ROWS = 6;
/** What the page is made of beside its script. */
const PAGE_FILES = ['index.html', 'page.css', 'docs.css', 'docs.js'];

const architecture = await readArchitecture();
const target = path.join(DIST, `functions-${architecture}`);
const work = `${target}.${process.pid}`;

try {
  const native = await installNativePackages({
    repository: REPOSITORY,
    cache: path.join(DIST, 'cache'),
    architecture,
  });
  const api = path.join(work, 'api');
  const jobEvents = path.join(work, 'job-events');
  await mkdir(work, { recursive: true });
  const inApi = await bundleFunction({ repository: REPOSITORY, entry: 'functions/lambda.ts', folder: api });
  const inJobEvents = await bundleFunction({
    repository: REPOSITORY,
    entry: 'functions/batch-events.ts',
    folder: jobEvents,
  });
  await cp(native, path.join(api, 'node_modules'), { recursive: true });
  // A thread's files are loaded by their names, beside the code that starts it.
  for (const file of ['heic-thread.mjs', 'resample-thread.mjs', 'resample-window.mjs']) {
    await cp(path.join(REPOSITORY, 'core/image', file), path.join(api, 'app', file));
  }
  // What core/certificate gives out beside a model.
  await cp(path.join(REPOSITORY, 'core/style/base.css'), path.join(api, 'app/base.css'));
  await cp(path.join(REPOSITORY, 'core/certificate/code'), path.join(api, 'app/code'), { recursive: true });
  // Where functions/routes looks for them from the bundle: `../page/`.
  await mkdir(path.join(api, 'page'));
  for (const file of PAGE_FILES)
    await cp(path.join(REPOSITORY, 'functions/page', file), path.join(api, 'page', file));
  const { inputs } = await buildPage(REPOSITORY, path.join(api, 'page'));
  const installed = (await packageFolders(api)).map((folder) => `node_modules/${folder}`);
  const inPage = inputs.flatMap((file) => PACKAGE_FOLDER.exec(file)?.[0] ?? []);
  await writeFunctionNotices(REPOSITORY, api, new Set([...inApi, ...inPage, ...installed]));
  await writeFunctionNotices(REPOSITORY, jobEvents, inJobEvents);
  await report('api', api);
  await report('job-events', jobEvents);
  await rm(target, { recursive: true, force: true });
  await rename(work, target);
} finally {
  await rm(work, { recursive: true, force: true });
}

/** The architecture that `--architecture` names, else the one in cdk.json. */
async function readArchitecture(): Promise<FunctionArchitecture> {
  const { values } = parseArgs({ options: { architecture: { type: 'string' } } });
  const cdk: { context?: Record<string, unknown> } = JSON.parse(
    await readFile(path.join(REPOSITORY, 'cdk.json'), 'utf8'),
  );
  const wanted = values.architecture ?? cdk.context?.['fovea:architecture'] ?? 'x86_64';
  if (wanted === 'x86_64' || wanted === 'arm64') return wanted;
  throw new Error(`The architecture is "${String(wanted)}"; functions can be built for x86_64 and arm64.`);
}

/** Prints the contents of a function. @throws {Error} where it is too large. */
async function report(name: keyof typeof LIMITS_BYTES, folder: string): Promise<void> {
  const { totalBytes, parts } = await measureFolder(folder);
  const show = (bytes: number) => `${(bytes / MB).toFixed(1).padStart(6)} MB`;
  console.log(`${name} (${architecture})`);
  for (const { path: part, bytes } of parts.slice(0, TABLE_ROWS)) console.log(`  ${show(bytes)}  ${part}`);
  console.log(`  ${show(totalBytes)}  together, of at most ${LIMITS_BYTES[name] / MB} MB`);
  if (totalBytes > LIMITS_BYTES[name])
    throw new Error(`The function "${name}" is too large to start quickly; see the table.`);
}
