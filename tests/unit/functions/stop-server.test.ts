import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { startServer } from '../../../functions/node.ts';
import { createTestApp } from '../../support/test-app.ts';

const closes = ({ headers }: Response) => headers.get('connection') === 'close';
const PATIENT = { timeout: 20_000 };

describe('a server that is told to stop', () => {
  it('answers everything while it drains, with Connection: close, then what is in hand, and refuses what comes later', async () => {
    const ends: (() => void)[] = [];
    let endDraining: (() => void) | undefined;
    const server = await startServer({
      app: {
        fetch: ({ url }) =>
          url.endsWith('/slow')
            ? new Promise<Response>((resolve) => ends.push(() => resolve(new Response('done'))))
            : new Response('done'),
      },
      host: '127.0.0.1',
      port: 0,
      drainMs: 1000,
      wait: () =>
        new Promise((resolve) => {
          endDraining = () => resolve(undefined);
        }),
      graceMs: 60_000,
    });
    expect(closes(await fetch(server.url))).toBe(false);
    const running = fetch(`${server.url}/slow`);
    await vi.waitUntil(() => ends.length === 1, PATIENT);
    // A request that has begun to arrive.
    const late = net.connect(server.port, '127.0.0.1');
    await once(late, 'connect');
    late.write('GET / HTTP/1.1\r\n');

    const stopped = server.stop();
    const drained = await fetch(server.url);
    expect([drained.status, await drained.text(), closes(drained)]).toEqual([200, 'done', true]);

    endDraining?.();
    const isRefused = () =>
      fetch(server.url).then(
        () => false,
        () => true,
      );
    await vi.waitUntil(isRefused, PATIENT);
    late.write('Host: localhost\r\n\r\n');
    const refused = await text(late);
    expect(refused).toMatch(/^HTTP\/1.1 503 /);
    expect(refused).toContain('"server-stopping"');
    ends[0]?.();
    const answered = await running;
    expect([await answered.text(), closes(answered)]).toEqual(['done', true]);
    await stopped;
  });

  it('is not ready, and serves', async () => {
    let isStopping = false;
    const test = createTestApp({ isStopping: () => isStopping });
    expect((await test.send('GET', '/readyz')).status).toBe(200);
    isStopping = true;
    expect(await test.send('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, live: true, code: 'server-stopping' },
    });
    expect((await test.send('GET', '/healthz')).status).toBe(200);
    expect((await test.send('GET', '/v1/models')).status).toBe(200);
  });
});
