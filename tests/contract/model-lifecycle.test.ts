// Sixteen clients change one model at once: whatever the order, the store is consistent. On every driver.

import { describe, expect, it } from 'vitest';
import { mapConcurrently } from '../../core/concurrently.ts';
import { isFoveaError } from '../../core/errors/errors.ts';
import { listAliases, promote, removeAlias, rollBack, setAlias } from '../../core/model/change-aliases.ts';
import { claimVersion } from '../../core/model/claim-version.ts';
import { deleteModel, deleteVersion } from '../../core/model/delete-model.ts';
import { readLiveRecord } from '../../core/model/live-record.ts';
import { renameModel } from '../../core/model/rename-model.ts';
import { listVersions, resolveVersion } from '../../core/model/versions.ts';
import { uniformAt } from '../../core/random.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import { commitColorModel } from '../support/color-model.ts';
import { eachDriver } from '../support/each-driver.ts';

const CLIENTS = 16;
const CHANGES = 3;
const VERSIONS = 6;
const now = () => 1_800_000_000_000;

/** What clients are told; anything else would be a fault. */
const REFUSALS = new Set([
  'model-not-found',
  'model-version-not-found',
  'model-version-in-use',
  'rollback-unavailable',
  'alias-not-found',
  'model-in-use',
  'request-invalid',
]);

async function refusalOf(change: Promise<unknown>): Promise<string | undefined> {
  try {
    await change;
    return undefined;
  } catch (error) {
    if (isFoveaError(error) && REFUSALS.has(error.code)) return error.code;
    throw error;
  }
}

async function keysUnder(store: ObjectStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

await eachDriver((name, open) => {
  describe(`a model on ${name}`, () => {
    it('stays consistent while sixteen clients promote, roll back and delete', async () => {
      const store = await open();
      for (let version = 1; version <= VERSIONS; version += 1)
        await commitColorModel(store, { version: String(version), jobId: `ftjob-${version}` });
      const deps = { store, now };
      const random = (client: number, at: number) => uniformAt(client, at);
      const act = (client: number, step: number): Promise<unknown> => {
        const version = String(1 + Math.floor(VERSIONS * random(client, 2 * step)));
        const alias = `mine-${client % 2}`;
        const acts = [
          () => promote(deps, 'color', { version }),
          () => promote(deps, 'color', { version, share: 0.2 }),
          () => rollBack(deps, 'color'),
          () => deleteVersion(store, 'color', version),
          () => deleteVersion(store, 'color', version),
          () => setAlias(deps, 'color', alias, { version }),
          () => removeAlias(deps, 'color', alias),
        ];
        return (acts[Math.floor(acts.length * random(client, 2 * step + 1))] as () => Promise<unknown>)();
      };
      const refusals = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          const told: (string | undefined)[] = [];
          for (let step = 0; step < (name === 's3' ? 1 : CHANGES); step += 1)
            told.push(await refusalOf(act(client, step)));
          return told;
        }),
      );
      expect(refusals.flat()).toContain(undefined);

      const versions = await listVersions(store, 'color');
      const record = await readLiveRecord(store, 'color');
      const deleted = record?.deleted ?? [];
      expect(deleted.filter((version) => versions.includes(version))).toEqual([]);
      expect(versions.length + deleted.length).toBe(VERSIONS);
      expect(versions).toContain(await resolveVersion(store, 'color'));
      for (const { alias, version } of await listAliases(store, 'color'))
        expect(versions, `what ${alias} stands for`).toContain(version);
      for (let version = 1; version <= VERSIONS; version += 1) {
        const prefix = `${keys.model('color')}${version}/`;
        const files = (await keysUnder(store, prefix)).map((key) => key.slice(prefix.length));
        if (versions.includes(String(version))) expect(files).toContain('model.onnx');
        else expect(files).toEqual([]);
      }
      expect(Number(await claimVersion(store, 'color', 'ftjob-new'))).toBeGreaterThan(VERSIONS);
    });

    it('is renamed once, and deleted without a trace', async () => {
      const store = await open();
      await commitColorModel(store);
      await commitColorModel(store, { version: '2', jobId: 'ftjob-2' });
      await promote({ store, now }, 'color', { version: '1' });
      const renamed = await mapConcurrently(['paint', 'paint', 'hue'], (to) =>
        refusalOf(renameModel(store, 'color', to)),
      );
      const names = await mapConcurrently(['paint', 'hue', 'color'], async (model) => [
        model,
        await listVersions(store, model),
      ]);
      expect(renamed).toContain(undefined);
      const [winner] = names.filter(([, versions]) => (versions as string[]).length > 0);
      expect(names.filter(([, versions]) => (versions as string[]).length > 0)).toEqual([
        [winner?.[0], ['1', '2']],
      ]);
      const model = winner?.[0] as string;
      expect(model).not.toBe('color');
      expect(await resolveVersion(store, model)).toBe('1');
      expect(await keysUnder(store, keys.model('color'))).toEqual([]);

      await Promise.all([1, 2, 3].map(() => refusalOf(deleteModel(store, model))));
      expect(await keysUnder(store, keys.models())).toEqual([]);
    });
  });
});
