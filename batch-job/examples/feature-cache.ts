// Features in the store's cache, each object under a key of everything that its values depend on. Knows nothing of pictures and
// networks beyond their hashes.

import { createHash } from 'node:crypto';
import { packMembers } from '../../core/erasure/feature-members.ts';
import { fromHalves, toHalves } from '../../core/float16.ts';
import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import { keys } from '../../core/storage/keys.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

/** What all features of a cache have in common. */
export interface FeatureCacheOptions {
  readonly store: ObjectStore;
  /** Identifies backbone, weights, input and device. */
  readonly hash: string;
  /** Number of features of a picture. */
  readonly features: number;
  /** Whether features are stored in 16 bits. */
  readonly halfPrecision: boolean;
}

/** An augmented view of pictures, from 1. */
export interface CachedView {
  readonly view: number;
  readonly augmentation: Augmentation;
  readonly seed: number;
}

/** Reads and writes the features of groups of pictures. */
export interface FeatureCache {
  /** The name of a group of pictures, in their order. @param view undefined for the pictures themselves. */
  nameOf(contentHashes: readonly string[], view: CachedView | undefined): string;
  /** The features of so many pictures, one row after another; undefined where the cache does not have all of them. */
  read(name: string, pictures: number, signal: AbortSignal): Promise<Float32Array | undefined>;
  /** Stores features, one row after another, and before them of which pictures they are: whoever erases a picture finds them. */
  write(name: string, values: Float32Array, contentHashes: readonly string[]): Promise<void>;
}

/** A cache of the features of one backbone. */
export function createFeatureCache({
  store,
  hash,
  features,
  halfPrecision,
}: FeatureCacheOptions): FeatureCache {
  const bytesPerValue = (halfPrecision ? Uint16Array : Float32Array).BYTES_PER_ELEMENT;
  return {
    nameOf(contentHashes, view) {
      const digest = createHash('sha256').update(hash);
      if (view !== undefined) {
        const { augmentation, seed } = view;
        digest.update(JSON.stringify({ view: view.view, augmentation, seed }));
      }
      for (const contentHash of contentHashes) digest.update(contentHash);
      if (halfPrecision) digest.update('float16');
      return digest.digest('hex');
    },
    async read(name, pictures, signal) {
      const cached = await store.get(keys.feature(name), { signal });
      if (cached?.body.byteLength !== pictures * features * bytesPerValue) return undefined;
      const { buffer } = cached.body.slice();
      return halfPrecision ? fromHalves(new Uint16Array(buffer)) : new Float32Array(buffer);
    },
    async write(name, values, contentHashes) {
      const kept = halfPrecision ? toHalves(values) : values;
      await store.put(keys.featureMembers(name), packMembers(contentHashes));
      await store.put(keys.feature(name), new Uint8Array(kept.buffer));
    },
  };
}
