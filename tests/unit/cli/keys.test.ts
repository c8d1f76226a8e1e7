import { describe, expect, it, vi } from 'vitest';
import {
  describeKeys,
  runKeysCreate,
  runKeysCurrent,
  runKeysList,
  runKeysRevoke,
  runKeysRotate,
} from '../../../cli/commands/keys.ts';
import type { Session } from '../../../cli/context/session.ts';
import { createOutput } from '../../../cli/terminal/output.ts';
import { createClient } from '../../../client/create-client.ts';
import { startServer } from '../../../functions/node.ts';
import { createTestApp } from '../../support/test-app.ts';

const OPERATOR = 'the-key-of-the-operator';

const sessionOf = (url: string, key = OPERATOR): Session => ({
  server: { url, urlFrom: '--url', key, keyFrom: 'FOVEA_API_KEY' },
  client: createClient({ url, key }),
  output: createOutput({}),
});

describe('fovea keys', () => {
  it('makes, lists, rotates and revokes keys of a server; secrets alone go to the standard output', async () => {
    const test = createTestApp({ apiKeys: async () => ({ operator: OPERATOR }) });
    const server = await startServer({ app: test.app, host: '127.0.0.1', port: 0 });
    const out = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const err = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      const asked = sessionOf(server.url);
      const statusOf = async (secret: string) =>
        (await test.send('GET', '/v1/models', undefined, { authorization: `Bearer ${secret}` })).status;
      const printed = () => String(out.mock.lastCall?.[0]);
      await runKeysCreate(asked, 'phone', { scope: 'predict', days: 1, model: ['fruit'] });
      const first = printed();
      expect(await statusOf(first)).toBe(200);
      await runKeysCurrent(sessionOf(server.url, first));
      expect(printed()).toMatch(/^The key "phone" allows predict, until \d{4}-\d\d-\d\d\.\nModels: fruit$/);
      await runKeysRotate(asked, 'phone', { grace: 0 });
      expect([await statusOf(first), await statusOf(printed())]).toEqual([401, 200]);
      await runKeysList(asked);
      expect(printed()).toMatch(/phone +predict +all +fruit +\S+ +operator +\d{4}-/);
      await runKeysRevoke(asked, 'phone');
      await runKeysList(asked);
      expect(printed()).toMatch(/has no keys/);
      await expect(runKeysRevoke(asked, 'phone')).rejects.toThrow(
        'There is no key "phone". The store of the server has none.',
      );
    } finally {
      out.mockRestore();
      err.mockRestore();
      await server.stop();
    }
  });

  it('shows what a key is not limited to', () => {
    const key = {
      object: 'api_key' as const,
      name: 'a',
      scopes: ['train' as const],
      created_at: 0,
      created_by: 'b',
    };
    const none = {
      rotated_at: null,
      expires_at: null,
      datasets: null,
      models: null,
      requests_per_minute: null,
      predictions_per_day: null,
      problem: null,
    };
    expect(describeKeys([{ ...key, ...none }])).toMatch(/a +train +all +all +1970-01-01 +b +never/);
  });
});
