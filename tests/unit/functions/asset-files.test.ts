import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readBothForms } from '../../../core/stored-file.ts';
import { createRoutes } from '../../../functions/http/app-routes.ts';
import { JAVASCRIPT, serveAsset } from '../../../functions/http/asset-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-assets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SCRIPT = 'draw();'.repeat(100);
writeFileSync(path.join(folder, 'plain.js'), SCRIPT);
writeFileSync(path.join(folder, 'packed.js.gz'), gzipSync(SCRIPT));

const routes = createRoutes();
for (const name of ['plain.js', 'packed.js']) {
  const read = () => readBothForms(pathToFileURL(path.join(folder, name)));
  routes.get(`/${name}`, serveAsset({ read, contentType: JAVASCRIPT }, "default-src 'none'"));
}
const ask = (name: string, accepted?: string) =>
  routes.request(`/${name}`, { headers: accepted === undefined ? {} : { 'Accept-Encoding': accepted } });

describe.each(['plain.js', 'packed.js'])('%s', (name) => {
  it.each(['gzip', 'gzip, deflate, br, zstd', 'br;q=1, gzip;q=0.5'])(
    'comes compressed where the client takes %s',
    async (accepted) => {
      const answer = await ask(name, accepted);
      expect(answer.headers.get('content-encoding')).toBe('gzip');
      expect(answer.headers.get('vary')).toBe('Accept-Encoding');
      expect(answer.headers.get('content-type')).toBe(JAVASCRIPT);
      expect(gunzipSync(await answer.arrayBuffer()).toString()).toBe(SCRIPT);
    },
  );

  it.each([undefined, 'identity', 'gzip;q=0', 'br'])(
    'comes as it is where the client takes %s',
    async (accepted) => {
      const answer = await ask(name, accepted);
      expect(answer.headers.get('content-encoding')).toBeNull();
      expect(answer.headers.get('vary')).toBe('Accept-Encoding');
      expect(await answer.text()).toBe(SCRIPT);
    },
  );
});
