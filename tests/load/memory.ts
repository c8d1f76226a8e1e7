// Memory over many predictions, over many models, and with large pictures in forms.

import { readFile, writeFile } from 'node:fs/promises';
import { publishNetwork } from '../../bench/serve/publish-network.ts';
import { colorPicture, commitColorModel } from '../support/color-model.ts';
import { freePort } from '../support/free-port.ts';
import {
  drawPhoto,
  JPEG,
  type LoadLine,
  type LoadTest,
  mib,
  openDataFolder,
  predictUrl,
  send,
  startTestServer,
  type TestServer,
} from './server.ts';

const MIB = 2 ** 20;
const MODEL = 'color';
/** Memory is read so often; the first fifth is the time to settle, and the rest has two halves. Its peaks count: V8's heap is a sawtooth. */
const READINGS = 50;
const SETTLED = READINGS / 5;
const MIDDLE = (SETTLED + READINGS) / 2;
/** What the heap of JavaScript and the allocator may come to later. */
const SLACK_SHARE = 1.1;
const SLACK_BYTES = 32 * MIB;
const FORMS = 10;
const PICTURES_PER_FORM = 4;
/** The server reads 256 MiB of bodies at once, here; a form is whole and in parts for a moment, and each thread has a picture. */
const FORMS_ALLOWED_BYTES = 704 * MIB;

export async function runMemory(test: LoadTest): Promise<LoadLine[]> {
  const { dataDir, store } = await openDataFolder(test.folder, 'memory');
  await commitColorModel(store);
  await publishNetwork(store, { model: 'photos', architecture: 'mobilenet_v2_1.0' });
  const withServer = async (work: (server: TestServer) => Promise<LoadLine>): Promise<LoadLine> => {
    const server = await startTestServer(dataDir, await freePort());
    try {
      return await work(server);
    } finally {
      await server.stop();
    }
  };
  const commit = (version: string) => commitColorModel(store, { version });
  return [
    await withServer((server) => overPredictions(server, test.predictions)),
    await withServer((server) => overModels(server, test.swaps, commit)),
    await withServer(overForms),
  ];
}

async function overPredictions(server: TestServer, predictions: number): Promise<LoadLine> {
  const picture = await colorPicture('red', 'jpeg');
  const readings: number[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    await predict(server, MODEL, picture, predictions / READINGS);
    readings.push(await server.memoryBytes());
  }
  return toFlatLine(`memory over ${predictions} predictions`, readings);
}

async function overModels(
  server: TestServer,
  swaps: number,
  commit: (version: string) => Promise<unknown>,
): Promise<LoadLine> {
  const picture = await colorPicture('red', 'jpeg');
  const readings: number[] = [];
  for (let swap = 1; swap <= swaps; swap += 1) {
    // Version 1 is there.
    const version = String(swap + 1);
    await commit(version);
    await predict(server, `${MODEL}:${version}`, picture, 2);
    if (swap >= ((readings.length + 1) * swaps) / READINGS) readings.push(await server.memoryBytes());
  }
  return toFlatLine(`memory over ${swaps} model swaps`, readings);
}

/** Predictions by four clients. @throws {Error} where one is not answered with 200. */
async function predict(server: TestServer, model: string, picture: Uint8Array, count: number): Promise<void> {
  const done = new AbortController();
  const url = predictUrl(server, model);
  let sent = 0;
  const countedUrl = () => {
    sent += 1;
    if (sent >= count) done.abort();
    return url;
  };
  const samples = await send(countedUrl, [picture], Number.POSITIVE_INFINITY, { clients: 4 }, done.signal);
  const failed = samples.find(({ status }) => status !== 200);
  if (failed !== undefined)
    throw new Error(`A prediction of ${model} was answered with ${failed.status} ${failed.failure ?? ''}.`);
}

function toFlatLine(what: string, readings: readonly number[]): LoadLine {
  const share = readings.length / READINGS;
  const settledBytes = Math.max(...readings.slice(SETTLED * share, MIDDLE * share));
  const bytes = Math.max(...readings.slice(MIDDLE * share));
  const allowedBytes = settledBytes * SLACK_SHARE + SLACK_BYTES;
  return {
    what,
    found: `peaks of ${mib(settledBytes)}, then ${mib(bytes)}`,
    allowed: `at most ${mib(allowedBytes)}`,
    isRight: bytes <= allowedBytes,
  };
}

/** Ten forms at once, each with four pictures of 14.5 MB. */
async function overForms(server: TestServer): Promise<LoadLine> {
  const photo = await drawPhoto(2900, 2200, 1);
  const padded = Buffer.concat([photo, Buffer.alloc(Math.max(0, 14.5 * 1e6 - photo.length))]);
  await fetch(predictUrl(server, 'photos'), { method: 'POST', headers: JPEG, body: new Uint8Array(photo) });
  const beforeBytes = await server.memoryBytes();
  // Forgets the peak so far.
  await writeFile(`/proc/${server.pid}/clear_refs`, '5');
  const form = () => {
    const parts = new FormData();
    for (let index = 0; index < PICTURES_PER_FORM; index += 1)
      parts.append('image', new Blob([padded]), `${index}.jpg`);
    return parts;
  };
  const statuses = await Promise.all(
    Array.from({ length: FORMS }, async () => {
      const response = await fetch(predictUrl(server, 'photos'), { method: 'POST', body: form() });
      await response.arrayBuffer();
      return response.status;
    }),
  );
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  const grownBytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024 - beforeBytes;
  const isAnswered = statuses.every((each) => each === 200 || each === 503) && statuses.includes(200);
  return {
    what: `memory of ${FORMS} forms of 58 MB at once`,
    found: `${mib(grownBytes)} more; ${statuses.join(' ')}`,
    allowed: `at most ${mib(FORMS_ALLOWED_BYTES)}; 200 or 503`,
    isRight: grownBytes <= FORMS_ALLOWED_BYTES && isAnswered,
  };
}
