// Remembers for a moment which version a request means, so that a prediction does not ask the store each time. Knows no sessions.

import { LRUCache } from 'lru-cache';
import { MANIFEST_FILE } from '../model/read-manifest.ts';
import { resolveTarget } from '../model/versions.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** A version, and what tells it from another of the same number. */
export interface ResolvedVersion {
  readonly version: string;
  /** The manifest's key and etag: a model that was deleted and made again has another. */
  readonly identity: string;
}

/** Which version a model's number or alias means. */
export interface VersionCache {
  /**
   * Finds the committed version. What the store said less than a second ago holds; up to another second it is given while the store
   * is asked again behind it; after that the caller waits. So an alias that another process moves counts within two seconds.
   * @param draw 0 to 1: below the share of a canary, that is the version.
   * @throws {FoveaError} as {@link resolveTarget}. Errors are not remembered.
   */
  resolve(model: string, versionOrAlias: string | undefined, draw?: number): Promise<ResolvedVersion>;
  /** Forgets a model, whose versions or aliases have changed. */
  forget(model: string): void;
}

const FRESH_MS = 1000;
const USABLE_MS = 2000;
/** Names that are remembered; each takes a few hundred bytes. */
const MOST_NAMES = 2000;

interface Resolved {
  readonly main: ResolvedVersion;
  readonly canary?: ResolvedVersion & { readonly share: number };
}

interface Known {
  readonly resolved: Resolved;
  readonly askedMs: number;
}

/** Makes an empty cache over a store. @param clock monotonic, in milliseconds. */
export function createVersionCache(store: ObjectStore, clock: () => number): VersionCache {
  const known = new LRUCache<string, Known>({ max: MOST_NAMES });
  const asking = new Map<string, Promise<Resolved>>();
  const prefixOf = (model: string) => `${model}\n`;

  async function ask(model: string, wanted: string | undefined): Promise<Resolved> {
    const { version, canary } = await resolveTarget(store, model, wanted);
    const main = await identify(model, version);
    return canary === undefined
      ? { main }
      : { main, canary: { ...(await identify(model, canary.version)), share: canary.share } };
  }

  async function identify(model: string, version: string): Promise<ResolvedVersion> {
    const key = keys.modelFile(model, version, MANIFEST_FILE);
    const info = await store.head(key);
    // Where it was deleted meanwhile, reading it says so.
    return { version, identity: info === undefined ? key : `${key}@${info.etag}` };
  }

  /** Asks once for all that wait. An answer that was asked for before a change is not kept. */
  function askOnce(name: string, model: string, wanted: string | undefined): Promise<Resolved> {
    const running = asking.get(name);
    if (running !== undefined) return running;
    const askedMs = clock();
    const asked = ask(model, wanted)
      .then((resolved) => {
        if (asking.get(name) === asked) known.set(name, { resolved, askedMs });
        return resolved;
      })
      .catch((error: unknown) => {
        if (asking.get(name) === asked) known.delete(name);
        throw error;
      })
      .finally(() => {
        if (asking.get(name) === asked) asking.delete(name);
      });
    asking.set(name, asked);
    return asked;
  }

  return {
    async resolve(model, wanted, draw = 1) {
      const name = `${prefixOf(model)}${wanted ?? ''}`;
      const found = known.get(name);
      const ageMs = found === undefined ? Number.POSITIVE_INFINITY : clock() - found.askedMs;
      if (found === undefined || ageMs >= USABLE_MS) return choose(await askOnce(name, model, wanted), draw);
      // Its error comes to the next caller, who waits.
      if (ageMs >= FRESH_MS) askOnce(name, model, wanted).catch(() => undefined);
      return choose(found.resolved, draw);
    },
    forget(model) {
      for (const names of [known, asking]) {
        for (const name of [...names.keys()]) if (name.startsWith(prefixOf(model))) names.delete(name);
      }
    },
  };
}

function choose({ main, canary }: Resolved, draw: number): ResolvedVersion {
  if (canary === undefined || draw >= canary.share) return main;
  const { version, identity } = canary;
  return { version, identity };
}
