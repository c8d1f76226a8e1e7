// The same commands in three places, at a terminal: photographs to a live model, a prediction and a file of the model.
//
//   npm run test:commands -- [--only machine docker aws] [--record FOLDER]

import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { type BundledCommand, bundledCommand } from '../support/bundled-command.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { PLACES, type Place } from './places.ts';
import { recordTerminal, type TerminalRecording } from './record-terminal.ts';

const options = new Command('test:commands')
  .option('--only <place...>', `of ${Object.keys(PLACES).join(', ')}`)
  .option('--record <folder>', 'write what each terminal showed as asciicast v2')
  .parse()
  .opts<{ readonly only?: readonly string[]; readonly record?: string }>();

const PHOTOS = ['photos', 'grocery_fruit'] as const;
const CLASSES = ['Banana', 'Kiwi', 'Watermelon'] as const;
/** Enough for every split to have one of each class. */
const PHOTOS_PER_CLASS = 8;

/** The commands, what each must show, and the answer to what it asks. */
const COMMANDS = ({
  url,
  key,
}: Place): readonly (readonly [line: string, shows: RegExp, typed?: string])[] => [
  [`context set there --url ${url} --key`, /The context "there" is .*, with a key/, key],
  ['context use there', /Commands ask http/],
  ['datasets push fruit', /Sent 24 files .* to "fruit"; 0 unchanged\./],
  ['train fruit --base small_cnn --epochs 2 --yes', /Model fruit:1 is made in/],
  ['predict fruit photo.jpg', /picture +label +score[\s\S]*photo\.jpg +\S+.* \d+\.\d %/],
  ['models promote fruit:1', /Predictions with "fruit" use version 1\./],
  ['models export fruit -o fruit.onnx', /fruit\.onnx: fruit:1/],
];

async function takePhotos(folder: string): Promise<void> {
  for (const label of CLASSES) {
    const from = path.join(SHARED_DATA, ...PHOTOS, 'train', label);
    const to = path.join(folder, 'fruit', label);
    await mkdir(to, { recursive: true });
    for (const file of (await readdir(from)).sort().slice(0, PHOTOS_PER_CLASS))
      await copyFile(path.join(from, file), path.join(to, file));
  }
  const unseen = path.join(SHARED_DATA, ...PHOTOS, 'test', CLASSES[0]);
  const [photo = ''] = (await readdir(unseen)).sort();
  await copyFile(path.join(unseen, photo), path.join(folder, 'photo.jpg'));
}

/** Runs the commands one after the other. @throws {Error} at the first that does not show what it must. */
async function runCommands(command: BundledCommand, place: Place, recording: TerminalRecording) {
  for (const [line, shows, typed] of COMMANDS(place)) {
    recording.show(`$ fovea ${line}\r\n`);
    let seen = 0;
    let isTyped = typed === undefined;
    const { exitCode, stdout } = await command.terminal(line, (output) => {
      recording.show(output.slice(seen));
      seen = output.length;
      if (isTyped || !output.includes('API key of')) return undefined;
      isTyped = true;
      return `${typed}\n`;
    });
    if (exitCode !== 0 || !shows.test(stdout))
      throw new Error(`fovea ${line} ended with ${exitCode}, and showed:\n${stdout}`);
    if (stdout.includes(place.key)) throw new Error(`fovea ${line} showed the key.`);
    console.log(`right: fovea ${line.replace(place.url, 'URL')}`);
  }
  const { size } = await stat(path.join(command.folder, 'fruit.onnx'));
  if (size < 1000) throw new Error(`The file of the model has ${size} bytes.`);
}

for (const name of options.only ?? [])
  if (!(name in PLACES)) throw new Error(`There is no place "${name}": ${Object.keys(PLACES).join(', ')}.`);
if (!spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')) {
  console.log('The commands are not tried: `script` of util-linux is not installed.');
  process.exit(0);
}
if (!hasSharedData(...PHOTOS)) process.exit(0);

let wrong = 0;
for (const [name, { title, open }] of Object.entries(PLACES)) {
  if (options.only !== undefined && !options.only.includes(name)) continue;
  console.log(`${title}:`);
  const command = await bundledCommand();
  try {
    await takePhotos(command.folder);
    const place = await open(command);
    if (typeof place === 'string') {
      console.log(`not tried: ${place}.`);
      continue;
    }
    const recording = recordTerminal(`fovea ${title}`);
    try {
      await runCommands(command, place, recording);
    } finally {
      await place.close();
      if (options.record !== undefined) await recording.save(path.join(options.record, `${name}.cast`));
    }
  } catch (error) {
    wrong += 1;
    console.log(`WRONG: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await command.remove();
  }
}
process.exit(wrong === 0 ? 0 : 1);
