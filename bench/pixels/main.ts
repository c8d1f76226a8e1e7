// How long it takes from a picture's bytes to the pixels of a network: both versions of decoding, and Pillow, in turns. Then how much of it
// is on the main thread, and what decoding several pictures at once gains.
//
//   node --import tsx bench/pixels/main.ts FOLDER [PYTHON]
//
// The folder has photographs, of which the pictures are put together; PYTHON has Pillow.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline/promises';
import sharp from 'sharp';
import { quantile } from '../../core/evaluation/bootstrap.ts';
import { decodeForInput } from '../../core/image/decode-to-input.ts';
import { DECODINGS, type ModelInput } from '../../core/image/model-input.ts';
import { planResize } from '../../core/image/plan-resize.ts';
import { present } from '../../core/present.ts';

const USAGE = 'usage: node --import tsx bench/pixels/main.ts FOLDER [PYTHON]';
const folder = present(process.argv[2], USAGE);
const python = process.argv[3];

const INPUT = {
  height: 224,
  width: 224,
  channels: 3,
  preprocessing: 'none',
  resize: 'cover',
  crop: 0.875,
} as const;
const SIZES = [
  { width: 500, height: 375, quality: 85, turns: 60 },
  { width: 4000, height: 3000, quality: 85, turns: 9 },
] as const;
/** The least photographs are put together of: a tile's longest side. */
const TILE = 500;
/** Pictures that are decoded for the share of the main thread. */
const TOGETHER = 40;

const inputOf = (decoding: ModelInput['decoding']): ModelInput => ({ ...INPUT, decoding });

/** A JPEG of photographs side by side, so that it has the detail of photographs at every size. */
async function drawPicture({ width, height, quality }: (typeof SIZES)[number]): Promise<Buffer> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.jpe?g$/i.test(name)).sort();
  const columns = Math.ceil(width / TILE);
  const rows = Math.ceil(height / TILE);
  const tiles = await Promise.all(
    Array.from({ length: rows * columns }, async (_, i) => ({
      input: await sharp(path.join(folder, present(names[i % names.length], USAGE)))
        .resize(Math.min(TILE, width), Math.min(TILE, height), { fit: 'cover' })
        .toBuffer(),
      left: Math.min(TILE * (i % columns), width - Math.min(TILE, width)),
      top: Math.min(TILE * Math.floor(i / columns), height - Math.min(TILE, height)),
    })),
  );
  const canvas = sharp({ create: { width, height, channels: 3, background: '#888' } });
  return canvas.composite(tiles).jpeg({ quality }).toBuffer();
}

/** Milliseconds that a picture took: elapsed, and of the processor, on all threads. */
interface Time {
  readonly elapsed: number;
  readonly processor: number;
}

/** Asks Pillow for one picture. */
async function byPillow(
  worker: ChildProcessWithoutNullStreams,
  lines: AsyncIterator<string>,
  task: object,
): Promise<Time> {
  worker.stdin.write(`${JSON.stringify(task)}\n`);
  const { value, done } = await lines.next();
  if (done === true) throw new Error('Pillow ended.');
  const [elapsed = Number.NaN, processor = Number.NaN] = value.split(' ').map(Number);
  return { elapsed, processor };
}

async function timed(work: () => Promise<unknown>): Promise<Time> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await work();
  const elapsed = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { elapsed, processor: (user + system) / 1000 };
}

/** Processor time of the main thread so far, in milliseconds; Linux alone tells it. */
const mainThreadMs = async () =>
  Number((await readFile(`/proc/self/task/${process.pid}/schedstat`, 'utf8')).split(' ')[0]) / 1e6;

const work = await mkdtemp(path.join(tmpdir(), 'fovea-pixels-'));
const worker =
  python === undefined ? undefined : spawn(python, [path.join(import.meta.dirname, 'pillow-worker.py')]);
const lines = worker && createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
try {
  console.log(`load ${loadavg()[0]?.toFixed(1)}, ${availableParallelism()} cores`);
  console.log(
    '| picture | way | best ms | median ms | median ms of the processor | the same, by version 3 |\n|---|---|---:|---:|---:|---:|',
  );
  for (const size of SIZES) {
    const bytes = await drawPicture(size);
    const file = path.join(work, `${size.width}.jpg`);
    await writeFile(file, bytes);
    const name = `${size.width} × ${size.height}, ${Math.round(bytes.length / 1000)} kB`;
    const { scaled, window } = planResize(size, INPUT);
    const task = {
      file,
      scaled: [scaled.width, scaled.height],
      window: [window.left, window.top, window.width, window.height],
    };
    const ways: Record<string, () => Promise<Time>> = Object.fromEntries(
      DECODINGS.map((decoding) => [
        `version ${decoding}`,
        () => timed(() => decodeForInput(bytes, inputOf(decoding))),
      ]),
    );
    if (worker !== undefined && lines !== undefined) {
      ways['Pillow'] = () => byPillow(worker, lines, { ...task, draft: false });
      ways['Pillow with draft'] = () => byPillow(worker, lines, { ...task, draft: true });
    }
    const times = new Map(Object.keys(ways).map((way) => [way, [] as Time[]]));
    for (let turn = -1; turn < size.turns; turn++) {
      for (const [way, run] of Object.entries(ways)) {
        const time = await run();
        if (turn >= 0) times.get(way)?.push(time);
      }
    }
    const sorted = (way: string, kind: keyof Time) =>
      present(times.get(way), way)
        .map((time) => time[kind])
        .sort((one, other) => one - other);
    const ours = quantile(sorted('version 3', 'processor'), 0.5);
    for (const way of times.keys()) {
      const elapsed = sorted(way, 'elapsed');
      const processor = quantile(sorted(way, 'processor'), 0.5);
      const shown = [elapsed[0] ?? Number.NaN, quantile(elapsed, 0.5), processor, processor / ours];
      console.log(`| ${name} | ${way} | ${shown.map((value) => value.toFixed(2)).join(' | ')} |`);
    }

    for (const atOnce of [1, availableParallelism()]) {
      const before = await mainThreadMs();
      const together = Array.from({ length: atOnce }, async (_, i) => {
        for (let n = i; n < TOGETHER; n += atOnce) await decodeForInput(bytes, inputOf(3));
      });
      const { elapsed: total } = await timed(() => Promise.all(together));
      const onMain = (await mainThreadMs()) - before;
      console.log(
        `${name}, version 3, ${atOnce} at once: ${(total / TOGETHER).toFixed(2)} ms a picture; ` +
          `processor time of the main thread: ${(onMain / TOGETHER).toFixed(2)} ms`,
      );
    }
  }
} finally {
  worker?.stdin.end();
  await rm(work, { recursive: true, force: true });
}
