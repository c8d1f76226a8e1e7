// The options that several commands on this machine have: where the data folder and files of weights are, and the settings of a deployment.

import { Option } from 'commander';
import { DEFAULT_DATA } from '../terminal/shown-command.ts';
import { takeFolder, takePlace } from './parse-values.ts';

/** Says where the data folder is. */
export const dataOption = (): Option =>
  new Option('--data <folder>', 'where datasets, jobs and models are kept')
    .argParser(takePlace)
    .default(DEFAULT_DATA);

/** Says where weight files are that were put there by hand. */
export const weightsOption = (): Option =>
  new Option('--weights <folder>', 'folder of pretrained weight files (Keras .h5)').argParser(takeFolder);

/** Gives settings of a deployment, as the CDK's own option does. */
export const cdkContextOption = (): Option =>
  new Option(
    '-c, --context <setting...>',
    'setting of the deployment, before those of cdk.json: fovea:maxVcpus=32',
  );
