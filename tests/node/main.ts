// The supported releases of Node: whoever has one of them has a demo, forms, a bundle and the native back end that work.
//
//   npm run test:node -- [--ends] [--only demo,forms,bundle,addon]
//
// `--ends` tries the oldest and the newest, without the native back end. A release that npm cannot fetch is named and left out.

import { Command } from 'commander';
import { fetchNode } from '../support/fetch-node.ts';
import { NODE_RELEASES } from '../support/node-releases.ts';
import { type Trial, tryAddon, tryBundle, tryDemo, tryForms, whyNoAddon } from './trials.ts';

const TRIALS: Readonly<Record<string, Trial>> = {
  demo: tryDemo,
  forms: tryForms,
  bundle: tryBundle,
  addon: tryAddon,
};

const { ends, only } = new Command('test:node')
  .option('--ends', 'the oldest and the newest release, without the native back end', false)
  .option('--only <names>', 'of the trials, separated by commas')
  .parse()
  .opts<{ readonly ends: boolean; readonly only?: string }>();

const releases = NODE_RELEASES.filter(
  (_, index) => !ends || index === 0 || index === NODE_RELEASES.length - 1,
);
const names = only?.split(',') ?? Object.keys(TRIALS).filter((name) => !ends || name !== 'addon');
const noAddon = names.includes('addon') ? whyNoAddon() : undefined;
if (noAddon !== undefined) console.log(`The addon is not tried: ${noAddon}.`);

let wrong = 0;
let right = 0;
for (const release of releases) {
  const fetched = await fetchNode(release);
  if (fetched.node === undefined) {
    console.log(`Node ${release} is not tried: ${fetched.reason}.`);
    continue;
  }
  for (const name of names) {
    const run = TRIALS[name];
    if (run === undefined) throw new Error(`There is no trial "${name}": ${Object.keys(TRIALS)}.`);
    if (name === 'addon' && noAddon !== undefined) continue;
    const { isRight, found } = await run(fetched.node);
    if (isRight) right++;
    else wrong++;
    console.log(`${isRight ? 'right' : 'WRONG'}: Node ${release}, ${name}: ${found}`);
  }
}
console.log(`${right} of ${right + wrong} right.`);
process.exitCode = wrong === 0 ? 0 : 1;
