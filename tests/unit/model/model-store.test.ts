import { describe, expect, it } from 'vitest';
import { moveAlias, readAlias } from '../../../core/model/aliases.ts';
import { claimVersion } from '../../../core/model/claim-version.ts';
import { commitModel } from '../../../core/model/commit-model.ts';
import { MANIFEST } from '../../../core/model/manifest.ts';
import { readManifest } from '../../../core/model/read-manifest.ts';
import { listModels, listVersions, resolveVersion } from '../../../core/model/versions.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { colorManifest, colorOnnx, commitColorModel } from '../../support/color-model.ts';
import { countCalls } from '../../support/counted-store.ts';

describe('claimVersion', () => {
  it('counts up, and gives the same job its number again', async () => {
    const store = createMemoryStore();
    expect(await claimVersion(store, 'm', 'job-a')).toBe('1');
    expect(await claimVersion(store, 'm', 'job-b')).toBe('2');
    expect(await claimVersion(store, 'm', 'job-a')).toBe('1');
    expect(await claimVersion(store, 'other', 'job-a')).toBe('1');
  });

  it('goes on after 9 in the order of numbers', async () => {
    const store = createMemoryStore();
    for (let number = 1; number <= 11; number += 1) {
      expect(await claimVersion(store, 'm', `job-${number}`)).toBe(String(number));
    }
  });

  it('gives racing jobs numbers of their own, and racing attempts of one job the same', async () => {
    const store = createMemoryStore();
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index >> 1}`);
    const claimed = await Promise.all(jobs.map((job) => claimVersion(store, 'm', job)));
    expect(new Set(claimed).size).toBe(10);
    jobs.forEach((_, index) => {
      expect(claimed[index]).toBe(claimed[index ^ 1]);
    });
  });

  it('passes over the number of a claim that is damaged', async () => {
    const store = createMemoryStore();
    await claimVersion(store, 'm', 'job-a');
    await store.put(keys.modelFile('m', '1', 'claim.json'), '{');
    expect(await claimVersion(store, 'm', 'job-b')).toBe('2');
    expect(await claimVersion(store, 'm', 'job-b')).toBe('2');
  });

  it('rejects a name that cannot be a key', async () => {
    await expect(claimVersion(createMemoryStore(), '../x', 'j')).rejects.toMatchObject({
      code: 'model-name-invalid',
    });
  });
});

describe('commitModel', () => {
  it('makes a version visible and moves latest to it', async () => {
    const store = createMemoryStore();
    expect(await listModels(store)).toEqual({ models: [], hasMore: false });
    const manifest = await commitColorModel(store);
    expect((await listModels(store)).models).toEqual([{ model: 'color', versions: ['1'] }]);
    expect(await readManifest(store, 'color', '1')).toEqual(manifest);
    expect(await readAlias(store, 'color', 'latest')).toBe('1');
  });

  it('shows nothing before the manifest is there', async () => {
    const { store, puts } = recordPuts(createMemoryStore());
    await commitColorModel(store);
    expect(puts).toEqual([
      'models/color/1/model.onnx',
      'models/color/1/heatmap.onnx',
      'models/color/1/tfjs-model.json',
      'models/color/1/tfjs-weights.bin',
      'models/color/1/manifest.json',
      'models/color/aliases/latest.json',
    ]);
  });

  it('never moves latest back', async () => {
    const store = createMemoryStore();
    await commitColorModel(store, { version: '10', jobId: 'ftjob-10' });
    await commitColorModel(store, { version: '9', jobId: 'ftjob-9' });
    expect(await resolveVersion(store, 'color')).toBe('10');
    expect(await listVersions(store, 'color')).toEqual(['9', '10']);
  });

  it('completes a commit that was cut off before the alias', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await store.delete(keys.modelAlias('color', 'latest'));
    expect(await resolveVersion(store, 'color')).toBe('1');
    await commitColorModel(store);
    expect(await readAlias(store, 'color', 'latest')).toBe('1');
  });

  it("rejects a version that is another job's", async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await expect(commitColorModel(store, { jobId: 'ftjob-2' })).rejects.toMatchObject({
      code: 'model-version-exists',
    });
    expect((await readManifest(store, 'color', '1')).jobId).toBe('ftjob-1');
  });

  it('rejects a manifest that does not fit its files', async () => {
    const store = createMemoryStore();
    const onnx = colorOnnx();
    const manifest = colorManifest(onnx);
    await expect(commitModel(store, manifest, new Map())).rejects.toMatchObject({
      code: 'model-commit-invalid',
    });
    const other = new Map([['model.onnx', onnx.slice(1)]]);
    await expect(commitModel(store, manifest, other)).rejects.toMatchObject({ code: 'model-commit-invalid' });
    expect((await listModels(store)).models).toEqual([]);
  });
});

describe('readManifest', () => {
  const write = async (body: string) => {
    const store = createMemoryStore();
    await store.put(keys.modelFile('m', '1', 'manifest.json'), body);
    return store;
  };

  it.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['a missing field', JSON.stringify({ formatVersion: MANIFEST.version })],
  ])('rejects %s, naming the key and what to do', async (_, body) => {
    await expect(readManifest(await write(body), 'm', '1')).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(/models\/m\/1\/manifest\.json.*(Restore|train)/),
    });
  });

  it('rejects a format of the future, naming it', async () => {
    const store = await write(JSON.stringify({ formatVersion: MANIFEST.version + 1 }));
    await expect(readManifest(store, 'm', '1')).rejects.toMatchObject({
      code: 'format-newer',
      details: { formatVersion: MANIFEST.version + 1, supported: MANIFEST.version },
    });
  });

  it('rejects a version that was never committed', async () => {
    await expect(readManifest(createMemoryStore(), 'm', '1')).rejects.toMatchObject({
      code: 'model-version-not-found',
    });
  });
});

describe('resolveVersion', () => {
  it('follows aliases and numbers', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
    await moveAlias(store, 'color', 'stable', '1');
    expect(await resolveVersion(store, 'color')).toBe('2');
    expect(await resolveVersion(store, 'color', 'stable')).toBe('1');
    expect(await resolveVersion(store, 'color', '2')).toBe('2');
  });

  it('rejects what is claimed but not committed', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await claimVersion(store, 'color', 'ftjob-2');
    await expect(resolveVersion(store, 'color', '2')).rejects.toMatchObject({
      code: 'model-version-not-found',
      details: { versions: ['1'] },
    });
  });

  it('rejects an unknown model, naming those there are', async () => {
    const store = createMemoryStore();
    await expect(resolveVersion(store, 'colour')).rejects.toMatchObject({
      code: 'model-not-found',
      details: { models: [] },
    });
    await commitColorModel(store);
    await expect(resolveVersion(store, 'colour')).rejects.toThrow('There are: "color"');
  });

  it('rejects an unknown model of thousands without listing them all', async () => {
    const store = countCalls(createMemoryStore());
    for (let index = 0; index < 2000; index++)
      await store.put(keys.modelFile(`model-${index}`, '1', 'manifest.json'), '{}');
    await expect(resolveVersion(store, 'colour')).rejects.toThrow(/"model-0", .* and more\.$/);
    expect(store.takeCounts().listed).toBeLessThan(20);
  });

  it('rejects an alias record that is damaged, naming its key', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await store.put(keys.modelAlias('color', 'latest'), '{"formatVersion":1,"version":"../2"}');
    await expect(resolveVersion(store, 'color')).rejects.toMatchObject({
      code: 'record-invalid',
      message: expect.stringContaining('models/color/aliases/latest.json'),
    });
  });
});

describe('moveAlias', () => {
  it('replaces a record that is damaged', async () => {
    const store = createMemoryStore();
    await commitColorModel(store);
    await store.put(keys.modelAlias('color', 'latest'), 'damaged');
    await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
    expect(await resolveVersion(store, 'color')).toBe('2');
  });

  it('ends at the highest version when commits race', async () => {
    const store = createMemoryStore();
    const versions = Array.from({ length: 12 }, (_, index) => String(index + 1));
    await Promise.all(
      versions.map((version) =>
        moveAlias(store, 'm', 'latest', version, (current) => Number(current) < Number(version)),
      ),
    );
    expect(await readAlias(store, 'm', 'latest')).toBe('12');
  });
});

function recordPuts(inner: ObjectStore) {
  const puts: string[] = [];
  const store: ObjectStore = Object.create(inner, {
    put: {
      value: (...args: Parameters<ObjectStore['put']>) => {
        puts.push(args[0]);
        return inner.put(...args);
      },
    },
  });
  return { store, puts };
}
