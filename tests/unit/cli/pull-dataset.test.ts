// What a server may make the command write.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runPull } from '../../../cli/commands/datasets.ts';
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
