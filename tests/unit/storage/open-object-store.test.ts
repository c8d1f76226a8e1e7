import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openObjectStore } from '../../../core/storage/drivers/open-object-store.ts';

test.each([
  ['file:///tmp/a%20b', 'file:///tmp/a%20b'],
  ['s3://my-bucket', 's3://my-bucket'],
  ['s3://my-bucket/a/b%20c/', 's3://my-bucket/a/b c'],
  ['memory:', 'memory:'],
])('opens %s', async (url, opened) => {
  expect((await openObjectStore(url, { s3: { region: 'us-east-1' } })).url).toBe(opened);
});

test.each(['', '/tmp/folder', 'tmp', 'https://example.org/', 'file://host/folder', 's3:', 's3:///key'])(
  'rejects %j',
  async (url) => {
    await expect(openObjectStore(url)).rejects.toMatchObject({
      code: 'storage-url-invalid',
      details: { url },
    });
  },
);

test('loads the S3 SDK for S3 alone', () => {
  const module = new URL('../../../core/storage/drivers/open-object-store.ts', import.meta.url).href;
  const loadsSdk = (url: string) => {
    const script = `
      import { createRequire } from 'node:module';
      const { openObjectStore } = await import(${JSON.stringify(module)});
      await openObjectStore(${JSON.stringify(url)}, { s3: { region: 'us-east-1' } });
      const loaded = Object.keys(createRequire(import.meta.url).cache ?? {});
      console.log(loaded.some((path) => path.includes('@aws-sdk')));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    return execFileSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  };
  expect(loadsSdk('file:///tmp/x')).toBe('false');
  expect(loadsSdk('s3://bucket')).toBe('true');
});
