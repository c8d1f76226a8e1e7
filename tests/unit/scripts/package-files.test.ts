// What `npm pack` would put into the package, as far as it is there: the bundle is made by the build alone.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
/** With the bundle. */
const MAX_UNPACKED_BYTES = 20_000_000;
const MAX_FILES = 700;

describe('the package', () => {
  let files: readonly string[];
  let unpackedBytes: number;
  beforeAll(() => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files: entries, unpackedSize }] = JSON.parse(output);
    files = entries.map((entry: { path: string }) => entry.path);
    unpackedBytes = unpackedSize;
  });

  it('has what the command finds by its place, and all licenses', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'LICENSE',
        'THIRD-PARTY-NOTICES.md',
        'bin/fovea.mjs',
        'scripts/check-node.mjs',
        'scripts/command-bundle.mjs',
        'core/image/heic-thread.mjs',
        'core/image/resample-thread.mjs',
        'core/image/resample-window.mjs',
        'core/predict/session-worker.mjs',
        'core/certificate/code/preprocess.py',
        'core/style/base.css',
        'functions/page/index.html',
        'functions/page/docs.css',
        'batch-job/report/report.css',
        'batch-job/native/package.json',
        'batch-job/native/package-lock.json',
      ]),
    );
  });

  it('has no source, no test and nothing of what a checkout keeps', () => {
    const strange = files.filter(
      (file) =>
        !/^(bin|dist\/fovea|scripts|core|functions\/page|batch-job|LICENSES|docs)\/|^[^/]+\.(md|json)$|^LICENSE$/.test(
          file,
        ) ||
        (/\.ts$/.test(file) && !/\.d\.m?ts$/.test(file)) ||
        /(^|\/)(tests|\.fovea|\.env)|\.(tgz|h5|onnx|log)$|sources\.json$/.test(file),
    );
    expect(strange).toEqual([]);
  });

  it('is small', () => {
    expect(files.length).toBeLessThan(MAX_FILES);
    expect(unpackedBytes).toBeLessThan(MAX_UNPACKED_BYTES);
  });
});
