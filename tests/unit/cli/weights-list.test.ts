import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runWeightsList } from '../../../cli/commands/weights-list.ts';

let data: string;
let printed: string;
beforeEach(() => {
  data = mkdtempSync(path.join(tmpdir(), 'fovea-weights-'));
  printed = '';
  vi.stubEnv('XDG_CONFIG_HOME', data);
  vi.spyOn(console, 'log').mockImplementation((text: string) => {
    printed += text;
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(data, { recursive: true });
});

it('says whose weights it lists, and that another server has its own', async () => {
  vi.stubEnv('FOVEA_URL', 'https://fovea.example.com');
  await runWeightsList({ data });
  expect(printed).toContain(`On this machine, in ${data}:`);
  expect(printed).toMatch(
    /Commands ask https:\/\/fovea\.example\.com \(FOVEA_URL\), which has weights of its own/,
  );
});

it.each(['http://127.0.0.1:8787', 'http://localhost:9000', 'http://[::1]:8787'])(
  'says nothing of another where commands ask %s',
  async (url) => {
    vi.stubEnv('FOVEA_URL', url);
    await runWeightsList({ data });
    expect(printed).toContain('On this machine');
    expect(printed).not.toContain('Commands ask');
  },
);
