// What a server may make the command write.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runPull } from '../../../cli/commands/datasets.ts';
import { runModelExport } from '../../../cli/commands/models.ts';
import { createOutput } from '../../../cli/terminal/output.ts';
import { createClient } from '../../../client/create-client.ts';

it.each(['../outside.jpg', 'cat/../../outside.jpg', '/tmp/outside.jpg', 'cat\\..\\..\\outside.jpg'])(
  'a server cannot write %s outside of the folder',
  async (name) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-pull-'));
    const url = 'http://server';
    const data = [{ object: 'dataset.file', path: name, size_bytes: 1, content_hash: null }];
    const client = createClient({
      url,
      fetch: async () => new Response(JSON.stringify({ object: 'list', data, has_more: false })),
    });
    const server = { url, urlFrom: '--url', key: undefined, keyFrom: undefined };
    try {
      const target = path.join(folder, 'inside');
      await expect(
        runPull({ client, server, output: createOutput({ quiet: true }) }, 'pets', { output: target }),
      ).rejects.toThrow('leads out of the folder');
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'fovea-pull-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true, force: true });
});

/** A server with one picture and one model, and what the command prints as JSON. */
function session() {
  const url = 'http://server';
  const file = { object: 'dataset.file', path: 'cat/1.jpg', size_bytes: 3, content_hash: null };
  const client = createClient({
    url,
    fetch: async (input) => {
      const asked = String(input instanceof Request ? input.url : input);
      if (asked.includes('/v1/models/'))
        return asked.includes('onnx')
          ? new Response('new')
          : Response.json({ object: 'model', id: 'pets', version: 1 });
      return /1\.jpg/.test(asked)
        ? new Response('new')
        : Response.json({ object: 'list', data: [file], has_more: false });
    },
  });
  const server = { url, urlFrom: '--url', key: undefined, keyFrom: undefined };
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  vi.spyOn(console, 'log').mockImplementation((text) => void printed.push(String(text)));
  return { session: { client, server, output: createOutput({ json: true }) }, printed };
}

it('says that a file of the user was replaced', async () => {
  await mkdir(path.join(root, 'cat'));
  await writeFile(path.join(root, 'cat/1.jpg'), 'mine');
  const { session: one, printed } = session();
  await runPull(one, 'pets', { output: root });
  expect(JSON.parse(printed.join(''))).toMatchObject({ received: 1, replaced: 1 });
  expect(await readFile(path.join(root, 'cat/1.jpg'), 'utf8')).toBe('new');
  await writeFile(path.join(root, 'f.onnx'), 'mine');
  printed.length = 0;
  await runModelExport(one, 'pets', { format: 'onnx', output: path.join(root, 'f.onnx') });
  expect(JSON.parse(printed.join(''))).toMatchObject({ replaced: true });
});

it('says in one line that a place cannot be written, and ends', async () => {
  const { session: one } = session();
  await writeFile(path.join(root, 'file'), '');
  const inFile = path.join(root, 'file', 'x');
  await expect(runPull(one, 'pets', { output: inFile })).rejects.toThrow('is no folder. Choose another');
  await expect(runPull(one, 'pets', { output: '/proc/x' })).rejects.toThrow('"/proc/x" cannot be made');
  const inNone = path.join(root, 'none', 'f.onnx');
  await expect(runModelExport(one, 'pets', { format: 'onnx', output: inNone })).rejects.toThrow(
    'There is no folder',
  );
});
