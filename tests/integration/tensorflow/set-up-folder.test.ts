// The folders that set-up has made on this machine: every library that one of their libraries links to is in the folder, or comes with
// the system or the driver. XDG_CACHE_HOME names another place to look at.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addonPath, type NativeVariant } from '../../../batch-job/tensorflow/addon/addon.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/setup/native-directory.ts';
import { cacheDirectory } from '../../../core/cache-directory.ts';

/** What Debian's slim image has, and the driver's library. */
const OUTSIDE =
  /^(lib(c|m|dl|rt|pthread|util)\.so\.\d|libgcc_s\.so\.1|libstdc\+\+\.so\.6|libz\.so\.1|ld-linux-[\w-]+\.so\.2|libcuda\.so\.1)$/;

function problemOf(directory: string): string | undefined {
  if (!existsSync(path.join(directory, 'unpacked.json'))) return `set-up has made no ${directory}`;
  try {
    execFileSync('readelf', ['--version']);
    return undefined;
  } catch {
    return 'there is no readelf';
  }
}

/** The libraries that a library links to. */
const neededBy = (file: string): string[] =>
  [
    ...execFileSync('readelf', ['-d', file])
      .toString()
      .matchAll(/\(NEEDED\).*\[(.+)\]/g),
  ].map(([, name = '']) => name);

describe.each<NativeVariant>(['cpu', 'gpu'])('the folder for a %s', (variant) => {
  const directory = nativeDirectory(cacheDirectory(process.env), variant);
  const problem = problemOf(directory);
  if (problem !== undefined) console.warn(`Skipped: ${problem}.`);

  test.skipIf(problem !== undefined)('has every library that another of its libraries links to', () => {
    const python = path.join(directory, 'python');
    const libraries = readdirSync(python, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(so(\.[\d.]+)?|node)$/.test(file))
      .map((file) => path.join(python, file));
    const names = new Set(libraries.map((file) => path.basename(file)));
    const linked = [addonPath(directory, variant), ...libraries].flatMap(neededBy);
    expect(linked).toContain('libtensorflow_framework.so.2');
    expect(linked.filter((name) => !names.has(name) && !OUTSIDE.test(name))).toEqual([]);
  });
});
