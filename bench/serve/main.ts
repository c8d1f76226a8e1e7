// Serving, beside what people would write themselves: the same network and the same photographs, in turn, in one run.
//
//   npm run bench:serve -- [--rounds 3] [--seconds 5] [--only Fovea 'FastAPI, threads']
//
// Python's packages are installed into an environment of their own, in the cache; what cannot be had is left out.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os, { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import sharp from 'sharp';
import { createFilesystemStore } from '../../core/storage/drivers/filesystem.ts';
import { keys } from '../../core/storage/keys.ts';
import { preparePython } from '../../tests/support/python-environment.ts';
import { failureReason } from '../failure-reason.ts';
import { CONTENDER_NAMES, CONTENDERS, type ContenderName, type ServedNetwork } from './contenders.ts';
import { measureFloor } from './measure-floor.ts';
import { measureServer } from './measure-server.ts';
import { type Round, toTable } from './print-table.ts';
import { publishNetwork, VERSION } from './publish-network.ts';

const NETWORKS = {
  mobilenet_v2: {
    architecture: 'mobilenet_v2_1.0',
    kerasName: 'MobileNetV2',
    file: 'mobilenet_v2_1.0_224.h5',
    preprocessing: 'tf',
    size: 224,
  },
  resnet50: {
    architecture: 'resnet50',
    kerasName: 'ResNet50',
    file: undefined,
    preprocessing: 'caffe',
    size: 224,
  },
} as const;
type NetworkName = keyof typeof NETWORKS;
const PACKAGES = [
  'fastapi==0.165.0',
  'uvicorn[standard]==0.54.0',
  'onnxruntime==1.30.0',
  'pillow==13.0.0',
  'numpy==2.4.6',
];
const KERAS_PACKAGES = ['keras==3.15.1', 'tensorflow-cpu==2.21.0'];
const PICTURES = ['small', 'large'] as const;
const CLIENTS = [1, 4, 16];
const MULTIPLES = [0.5, 4];

const options = new Command('bench:serve')
  .addOption(new Option('--only <names...>', 'servers').choices(CONTENDER_NAMES).default(CONTENDER_NAMES))
  .addOption(
    new Option('--networks <names...>', 'networks').choices(Object.keys(NETWORKS)).default(['mobilenet_v2']),
  )
  .addOption(
    new Option('--pictures <kinds...>', 'small: 500 × 375; large: 4000 × 3000')
      .choices(PICTURES)
      .default(PICTURES),
  )
  .option(
    '--photos <files...>',
    'JPEG photographs',
    ['cat_720p', 'hot_dog', 'owl'].map((name) => `../shared/data/photos/single/${name}.jpg`),
  )
  .option('--weights <folder>', 'pretrained weights', '../shared/data/weights')
  .option('--rounds <n>', 'how often each server takes its turn', Number, 3)
  .option('--seconds <n>', 'of each load', Number, 5)
  .option('--closed', 'no open loops')
  .option('--port <n>', 'that servers take', Number, 18_700)
  .option('--results <file>', 'where each round is added')
  .parse()
  .opts<{
    readonly only: readonly ContenderName[];
    readonly networks: readonly NetworkName[];
    readonly pictures: readonly (typeof PICTURES)[number][];
    readonly photos: readonly string[];
    readonly weights: string;
    readonly rounds: number;
    readonly seconds: number;
    readonly closed?: boolean;
    readonly port: number;
    readonly results?: string;
  }>();

const SIZES = { small: [500, 375], large: [4000, 3000] } as const;

/** The photographs in one size, as files. */
async function makePictures(folder: string, kind: (typeof PICTURES)[number]): Promise<string[]> {
  const [width, height] = SIZES[kind];
  await mkdir(path.join(folder, kind), { recursive: true });
  return Promise.all(
    options.photos.map(async (photo, index) => {
      const file = path.join(folder, kind, `${index}.jpg`);
      // Grain, so that files are as large as a camera's.
      const { data } = await sharp(await readFile(photo))
        .rotate()
        .resize(width, height, { fit: 'cover' })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      let state = index + 1;
      for (let at = 0; at < data.length; at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        data[at] = Math.max(0, Math.min(255, (data[at] ?? 0) + (state >>> 29) - 4));
      }
      await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toFile(file);
      return file;
    }),
  );
}

/** The programs of an environment with these packages, or undefined with the reason printed. */
const pythonWith = (packages: readonly string[]) =>
  preparePython('bench-serve', packages).catch((error: unknown) => {
    console.log(`Without ${packages[0]}: ${failureReason(String(error))}`);
    return undefined;
  });

const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-serve-'));
const rounds: Round[] = [];
try {
  const dataDir = path.join(folder, 'data');
  const store = createFilesystemStore({ root: dataDir });
  const wantsKeras = options.only.some((name) => CONTENDERS[name].needs === 'keras');
  const programs = {
    nothing: '',
    python: await pythonWith(PACKAGES),
    keras: wantsKeras ? await pythonWith([...PACKAGES, ...KERAS_PACKAGES]) : undefined,
  };
  for (const network of options.networks) {
    const { architecture, file, ...facts } = NETWORKS[network];
    const weights = file === undefined ? undefined : path.resolve(options.weights, file);
    const calibratedOn = await Promise.all(options.photos.map((photo) => readFile(photo)));
    await publishNetwork(store, { model: network, architecture, weights, calibratedOn });
    const onnx = path.join(dataDir, keys.modelFile(network, VERSION, 'model.onnx'));
    const served: ServedNetwork = { model: network, ...facts, onnx, weights };
    for (const kind of options.pictures) {
      const files = await makePictures(folder, kind);
      const pictures = await Promise.all(files.map((name) => readFile(name)));
      for (let round = 0; round < options.rounds; round++) {
        const turn = options.only.map((_, at) => options.only[(at + round) % options.only.length] ?? 'Fovea');
        const servers: Round['servers'] = {};
        for (const name of turn) {
          const python = programs[CONTENDERS[name].needs];
          if (python === undefined) continue;
          const server = CONTENDERS[name].toProcess({ network: served, port: options.port, dataDir, python });
          const multiples = options.closed === true ? [] : MULTIPLES;
          console.log(`${network}, ${kind}, round ${round + 1}: ${name}`);
          servers[name] = await measureServer(server, {
            pictures,
            port: options.port,
            seconds: options.seconds,
            clients: CLIENTS,
            multiples,
          });
        }
        console.log(`${network}, ${kind}, round ${round + 1}: bare loop`);
        const floor = { dataDir, model: network, files, seconds: options.seconds };
        const one = await measureFloor({ ...floor, loops: 1 });
        const all = await measureFloor({ ...floor, loops: availableParallelism() });
        rounds.push({ network, pictures: kind, servers, floor: { one, all } });
        if (options.results !== undefined) await writeFile(options.results, JSON.stringify(rounds));
      }
      console.log(toTable(rounds.filter((each) => each.network === network && each.pictures === kind)));
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
