// Checks that two stores are separate: neither lies in the other, also not through links.

import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '../errors/errors.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/**
 * Refuses two stores of which one is the other or lies in it. Linked folders that a store reads belong to it.
 * @throws {FoveaError} `copy-target-taken`.
 */
export async function assertApart(from: ObjectStore, to: ObjectStore): Promise<void> {
  const isIn = (inner: string, outer: string) =>
    `${inner}/`.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
  const [sources, targets] = [await placesOf(from), await placesOf(to)];
  if (!sources.some((a) => targets.some((b) => isIn(a, b) || isIn(b, a)))) return;
  throw new FoveaError(
    'copy-target-taken',
    `Nothing was copied from ${from.url} to ${to.url}: one lies in the other. Name a place outside.`,
    { details: { from: from.url, to: to.url } },
  );
}

/** The real places of a store: its folder, and those of its linked datasets. */
async function placesOf({ url }: ObjectStore): Promise<readonly string[]> {
  if (!url.startsWith('file:')) return [url];
  const root = await realPath(fileURLToPath(url));
  const datasets = path.join(root, keys.datasets());
  const entries = await readdir(datasets, { withFileTypes: true }).catch(() => []);
  const linked = entries
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) => path.join(datasets, name));
  return [root, ...(await Promise.all([datasets, ...linked].map(realPath)))];
}

/** The real path of a place, or the one that it will have when it is made. */
async function realPath(place: string): Promise<string> {
  const parent = path.dirname(place);
  if (parent === place) return place;
  return realpath(place).catch(async () => path.join(await realPath(parent), path.basename(place)));
}
