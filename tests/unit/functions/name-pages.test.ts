// Lists of what has names that people give: in pages, and with a bounded number of reads at the same time however many there are.

import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { colorManifest, colorOnnx } from '../../support/color-model.ts';
import { countCalls } from '../../support/counted-store.ts';
import { createTestApp } from '../../support/test-app.ts';

const MODELS = 400;
const MOST_READS = 16;

async function setUp() {
  const memory = createMemoryStore();
  const onnx = colorOnnx();
  const names: string[] = [];
  for (let index = 0; index < MODELS; index++) {
    const model = `model-${String(index).padStart(4, '0')}`;
    names.push(model);
    // A claim alone is no model, and an alias no version.
    await memory.put(keys.modelFile(`${model}-claimed`, '1', 'claim.json'), '{"jobId":"x"}');
    await memory.put(
      keys.modelFile(model, '1', 'manifest.json'),
      JSON.stringify(colorManifest(onnx, { model })),
    );
    await memory.put(keys.modelAlias(model, 'latest'), '{"formatVersion":1,"version":"1"}');
    await memory.put(keys.datasetFile(model, 'cat', '1.jpg'), 'x');
  }
  const store = countCalls(memory);
  return { ...createTestApp({ store }), store, names };
}

describe.each([
  ['/v1/models', 'id'],
  ['/v1/datasets', 'dataset'],
] as const)('GET %s', (path, field) => {
  it('gives every name once, page by page, and lists no further than the page', async () => {
    const { send, store, names } = await setUp();
    const found: string[] = [];
    for (let after: string | undefined, hasMore = true; hasMore; after = found.at(-1)) {
      store.takeCounts();
      const { status, body } = await send(
        'GET',
        `${path}?limit=150${after === undefined ? '' : `&after=${after}`}`,
      );
      expect(status).toBe(200);
      found.push(...body.data.map((entry: Record<string, string>) => entry[field]));
      hasMore = body.has_more;
      expect(store.takeCounts().listed).toBeLessThan(500);
    }
    expect(found).toEqual(names);
  });

  it('gives a hundred by default', async () => {
    const { send } = await setUp();
    const { body } = await send('GET', path);
    expect([body.data.length, body.has_more]).toEqual([100, true]);
    expect((await send('GET', `${path}?limit=1000`)).body).toMatchObject({ has_more: false });
  });

  it.each(['limit=0', 'limit=1001', 'after=a/b', 'after=%00', 'after=', 'nonsense=1'])(
    'rejects %s',
    async (query) => {
      const { send } = createTestApp();
      expect((await send('GET', `${path}?${query}`)).status).toBe(400);
    },
  );
});

it('reads a bounded number of models at the same time', async () => {
  const { send, store } = await setUp();
  store.takeCounts();
  const { body } = await send('GET', '/v1/models?limit=1000');
  expect(body.data.filter(({ problem }: { problem: unknown }) => problem !== null)).toEqual([]);
  const { mostReads } = store.takeCounts();
  expect(mostReads).toBeGreaterThan(1);
  expect(mostReads).toBeLessThanOrEqual(MOST_READS);
});
