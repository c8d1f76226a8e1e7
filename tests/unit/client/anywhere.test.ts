// The client runs where there is `fetch` and nothing of Node: its bundle for browsers is small, and works with the web's globals alone.

import vm from 'node:vm';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { startServer } from '../../../functions/node.ts';
import { colorPicture, commitColorModel } from '../../support/color-model.ts';
import { createTestApp } from '../../support/test-app.ts';

const MOST_BYTES = 20_000;
/** What browsers, Deno, Bun and Node have in common. */
const WEB = {
  fetch,
  URL,
  URLSearchParams,
  Headers,
  Request,
  Response,
  FormData,
  Blob,
  TextDecoder,
  TextEncoder,
  AbortController,
  AbortSignal,
  DOMException,
  ReadableStream,
  crypto,
  setTimeout,
  clearTimeout,
};

it('the client is small, and needs nothing of Node', async () => {
  const { outputFiles } = await build({
    entryPoints: ['client/create-client.ts'],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    globalName: 'fovea',
    platform: 'browser',
  });
  const [{ text }] = outputFiles as [(typeof outputFiles)[number]];
  expect(text.length).toBeLessThan(MOST_BYTES);
  const test = createTestApp();
  await commitColorModel(test.store);
  const server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
  try {
    const context = vm.createContext({
      ...WEB,
      globalThis: undefined,
      url: server.url,
      picture: new Uint8Array(await colorPicture('blue')),
    });
    // As in a page, all globals are properties of the global object.
    const answer = vm.runInContext(
      `${text}; fovea.createClient({ url, fetch }).predict.one('color', picture)`,
      context,
    );
    expect(await answer).toMatchObject({ label: 'blue' });
  } finally {
    await server.stop();
  }
});
