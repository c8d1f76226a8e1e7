// Writes the software bills of materials of a release, CycloneDX by npm's own tool, from the lock files and without a network:
// what `npm ci` installs, and what `fovea setup` adds to it.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inProductionProject } from './production-project.ts';
import { runNpm } from './run-npm.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '..');
/** Folders with a lock file. */
const PROJECTS = ['', 'batch-job/native'] as const;
const ARGUMENTS = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];

const { values } = parseArgs({
  options: { out: { type: 'string', default: path.join(REPOSITORY, 'dist') } },
});
await mkdir(values.out, { recursive: true });
for (const project of PROJECTS) {
  await inProductionProject(REPOSITORY, project, async (copy, { name, version }) => {
    const { code, stdout, stderr } = await runNpm(ARGUMENTS, copy);
    if (code !== 0) throw new Error(`npm sbom failed for ${name}: ${stderr}`);
    const file = path.join(values.out, `${name}-${version}.cdx.json`);
    await writeFile(file, stdout);
    console.log(`${file}: ${JSON.parse(stdout).components.length} packages`);
  });
}
