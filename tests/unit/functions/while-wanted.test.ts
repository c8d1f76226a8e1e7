import { describe, expect, it } from 'vitest';
import { readDeadlineMs, whileWanted } from '../../../functions/http/while-wanted.ts';

const deadlineOf = (headers: Record<string, string>) => readDeadlineMs(new Headers(headers));

describe('the time that a client waits', () => {
  it.each([
    [{ prefer: 'wait=5' }, 5000],
    [{ prefer: 'respond-async, wait = "10"' }, 10_000],
    [{ 'x-stainless-timeout': '600' }, 600_000],
    [{ 'x-stainless-read-timeout': '2.5' }, 2500],
    [{ 'x-envoy-expected-rq-timeout-ms': '250' }, 250],
    [{ prefer: 'wait=60', 'x-stainless-timeout': '30' }, 30_000],
    [{ prefer: 'wait=99999999999' }, 2 ** 31 - 1],
  ])('is that of its headers %j', (headers, ms) => {
    expect(deadlineOf(headers as Record<string, string>)).toBe(ms);
  });

  it.each([[{}], [{ prefer: 'await=5' }], [{ prefer: 'wait=soon' }], [{ 'x-stainless-timeout': '0' }]])(
    'is not known from %j',
    (headers) => {
      expect(deadlineOf(headers as Record<string, string>)).toBeUndefined();
    },
  );
});

describe('whileWanted', () => {
  it('aborts with an error of the project when the client goes away', async () => {
    const client = new AbortController();
    const request = new Request('http://localhost/', { signal: client.signal });
    const aborted = whileWanted(
      request,
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    client.abort('a reason that is no error');
    await expect(aborted).rejects.toMatchObject({ code: 'body-unreadable' });
  });

  it('begins aborted where the client has gone before', async () => {
    const request = new Request('http://localhost/', { signal: AbortSignal.abort() });
    expect(await whileWanted(request, async (signal) => signal.aborted)).toBe(true);
  });
});
