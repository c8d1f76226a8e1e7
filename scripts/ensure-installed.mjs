// Runs `npm ci` where node_modules does not match package-lock.json. Plain JavaScript without packages, because it
// runs before any is there.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assertNode } from './check-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Record<string, { version?: string, optional?: boolean }>} */
const lockedPackages = (path) => JSON.parse(readFileSync(`${root}${path}`, 'utf8')).packages;

function isInstalled() {
  let installed;
  try {
    installed = lockedPackages('node_modules/.package-lock.json');
  } catch {
    return false;
  }
  return Object.entries(lockedPackages('package-lock.json')).every(
    ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

assertNode();
if (!isInstalled()) {
  console.log('Installing the packages of package-lock.json (npm ci) …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(
      'npm ci failed; see its message above. Fovea needs an npm registry, and nothing else, to install.',
    );
    process.exit(status ?? 1);
  }
}
