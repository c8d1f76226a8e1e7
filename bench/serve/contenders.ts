// The servers that are compared: how each is started and asked. Knows no load.

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CROP } from './publish-network.ts';

/** One network as all contenders serve it. */
export interface ServedNetwork {
  /** Its model in Fovea. */
  readonly model: string;
  /** Its name in `keras.applications`. */
  readonly kerasName: string;
  readonly preprocessing: 'tf' | 'caffe';
  /** Height and width of its input. */
  readonly size: number;
  /** The `.onnx` file. */
  readonly onnx: string;
  /** Keras's weight file; random weights without it. */
  readonly weights: string | undefined;
}

/** Where a server finds what it serves, and on which port it answers. */
export interface StartRequest {
  readonly network: ServedNetwork;
  readonly port: number;
  /** Fovea's data folder. */
  readonly dataDir: string;
  /** The folder of Python's programs. */
  readonly python: string;
}

/** A process to start, and the path that predicts. */
export interface ServerProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
}

/** A server of the comparison. */
export interface Contender {
  /** What must be installed for it. */
  readonly needs: 'nothing' | 'python' | 'keras';
  toProcess(request: StartRequest): ServerProcess;
}

const repository = fileURLToPath(new URL('../../', import.meta.url));
const peers = fileURLToPath(new URL('peers/', import.meta.url));

const fovea = (...options: readonly string[]): Contender => ({
  needs: 'nothing',
  toProcess: ({ network, port, dataDir }) => ({
    command: process.execPath,
    args: [
      path.join(repository, 'bin/fovea.mjs'),
      'start',
      '--data',
      dataDir,
      '--port',
      String(port),
      ...options,
    ],
    env: {},
    path: `/v1/models/${network.model}/predict`,
  }),
});

const uvicorn = (
  needs: 'python' | 'keras',
  program: string,
  { workers = 1, env = {} }: { readonly workers?: number; readonly env?: Readonly<Record<string, string>> },
): Contender => ({
  needs,
  toProcess: ({ network, port, python }) => ({
    command: path.join(python, 'python'),
    args: [
      ...['-m', 'uvicorn', `${program}:app`, '--app-dir', peers, '--port', String(port)],
      ...['--workers', String(workers), '--log-level', 'warning', '--no-access-log'],
    ],
    env: {
      MODEL: network.onnx,
      NETWORK: network.kerasName,
      ...(network.weights === undefined ? {} : { WEIGHTS: network.weights }),
      SIZE: String(network.size),
      CROP: String(CROP),
      INPUT_MODE: network.preprocessing,
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...env,
    },
    path: '/predict',
  }),
});

const cores = String(availableParallelism());

/** The servers, by the names of the table. */
export const CONTENDERS = {
  Fovea: fovea(),
  'Fovea, 8-bit integers': fovea('--precision', 'int8'),
  'FastAPI, threads': uvicorn('python', 'fastapi_onnx', { env: { THREADS: '1' } }),
  'FastAPI, one session of all cores': uvicorn('python', 'fastapi_onnx', { env: { THREADS: cores } }),
  'FastAPI, two workers': uvicorn('python', 'fastapi_onnx', { workers: 2, env: { THREADS: '1' } }),
  'FastAPI, draft': uvicorn('python', 'fastapi_onnx', { env: { THREADS: '1', DRAFT: '1' } }),
  'Keras, FastAPI': uvicorn('keras', 'fastapi_keras', {}),
} as const satisfies Record<string, Contender>;

/** The name of a server of the comparison. */
export type ContenderName = keyof typeof CONTENDERS;
/** All of them. */
export const CONTENDER_NAMES = Object.keys(CONTENDERS) as readonly ContenderName[];
