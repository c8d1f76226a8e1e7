// `fovea weights ls`: which networks have pretrained weights, and of which they are on this machine. Whether a server has them, only a dry run
// of a job tells.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ARCHITECTURES } from '../../core/network/architectures/architectures.ts';
import { hasWeightFile } from '../../core/network/weights/find-weight-file.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { openObjectStore } from '../../core/storage/drivers/open-object-store.ts';
import { adviceOnOtherMachine } from '../context/other-machine.ts';
import { createOutput, type OutputOptions } from '../terminal/output.ts';
import { newTable } from '../terminal/plain-table.ts';

/** The options of `fovea weights ls`. */
export interface WeightsListOptions extends OutputOptions {
  readonly data: string;
  /** Folder of files that were put there by hand. */
  readonly weights?: string;
}

/** Lists the networks with published weights. */
export async function runWeightsList({ data, weights, ...options }: WeightsListOptions): Promise<void> {
  const folder = path.resolve(data);
  const store = await openObjectStore(pathToFileURL(folder).href);
  const found: {
    readonly architecture: string;
    readonly here: boolean;
    readonly file: string;
    readonly trained_on: string;
    readonly license: string;
    readonly url: string;
  }[] = [];
  for (const { name, weightSources } of ARCHITECTURES) {
    const [source] = weightSources;
    if (source === undefined) continue;
    const { file, license, trainedOn, url } = source;
    const here = await hasWeightFile(weightSources, { store, weightsDir: weights });
    found.push({ architecture: name, here, file, trained_on: trainedOn, license, url });
  }
  const [example = 'NAME'] = found.map(({ architecture }) => architecture);
  const advice = await adviceOnOtherMachine(example);
  createOutput(options).answer({
    json: {
      object: 'list',
      folders: [...(weights === undefined ? [] : [path.resolve(weights)]), folder],
      data: found,
    },
    text() {
      const table = newTable(['network', 'here', 'license', 'file'], 4);
      for (const { architecture, here, license, file } of found)
        table.push([architecture, here ? 'yes' : '–', license, file]);
      return [
        `On this machine, in ${weights === undefined ? '' : `${path.resolve(weights)} and `}${folder}:`,
        '',
        table.toString(),
        '',
        `Bring some: ${shownCommand('weights', 'pull', example)}. Networks that are not listed need none.`,
        ...(advice === undefined ? [] : [advice]),
      ].join('\n');
    },
    short: () =>
      found
        .filter(({ here }) => here)
        .map(({ architecture }) => architecture)
        .join('\n'),
  });
}
