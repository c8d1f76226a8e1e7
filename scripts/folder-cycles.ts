// `npm run architecture`, second half: fails where folders import each other in a ring.

import { cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { findFolderCycles } from './folder-cycles/find-folder-cycles.ts';

const options = await extractOptions('./.dependency-cruiser.mjs');
const { output } = await cruise(process.argv.slice(2), options);
if (typeof output === 'string') throw new TypeError('dependency-cruiser gave text instead of a graph.');
const ours = output.modules.filter(({ source }) => !source.includes('node_modules'));
const cycles = findFolderCycles(
  new Map(ours.map(({ source, dependencies }) => [source, dependencies.map(({ resolved }) => resolved)])),
);
for (const { folder, rooms, imports } of cycles) {
  console.error(
    `Folders of ${folder === '' ? 'the project' : folder} import each other: ${rooms.join(' → ')}`,
  );
  for (const line of imports) console.error(`  ${line}`);
}
if (cycles.length > 0) process.exit(1);
console.log(`${ours.length} files: no folder imports another that imports it.`);
