import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { findContainerImage } from '../../../batch-job/attempt/container-image.ts';

/** What the agent answers, as far as it matters. */
async function ask(answer: string): Promise<string | undefined> {
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await findContainerImage(`http://127.0.0.1:${port}/v4/abc`);
  } finally {
    server.close();
  }
}

describe('findContainerImage', () => {
  it('names the image by its digest', async () => {
    const pinned = 'registry/fovea@sha256:abc';
    expect(await ask(JSON.stringify({ Image: pinned, ImageID: 'sha256:def' }))).toBe(pinned);
    expect(await ask(JSON.stringify({ Image: 'registry/fovea:1', ImageID: 'sha256:def' }))).toBe(
      'registry/fovea:1 sha256:def',
    );
  });

  it('is undefined where there is no agent, or its answer has another form', async () => {
    expect(await findContainerImage(undefined)).toBeUndefined();
    expect(await findContainerImage('http://127.0.0.1:1/v4')).toBeUndefined();
    expect(await ask('no JSON')).toBeUndefined();
  });
});
