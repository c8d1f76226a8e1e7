// A store that allows what a policy of IAM allows, and refuses the rest as S3 does.

import { FoveaError } from '../../core/errors/errors.ts';
import type { IamPolicy } from '../../core/job/queues/workers/worker-policy.ts';
import type { Access } from '../../core/storage/access.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';

const literally = (text: string) => text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
const matches = (pattern: string, text: string) =>
  new RegExp(`^${pattern.split('*').map(literally).join('.*')}$`, 's').test(text);

/** What apps in tests asked their stores for that their role in AWS may not do. */
export const deniedToApps: string[] = [];

/**
 * A store that allows what a role of the stack may do.
 * @param refused gets the calls that were refused.
 */
export function storeWithAccess(
  store: ObjectStore,
  { read, write, delete: deleted, erase }: Access,
  refused: string[] = [],
) {
  const allow = (Action: string, patterns: readonly string[]) => ({
    Effect: 'Allow' as const,
    Action,
    Resource: patterns.map((pattern) => `arn:aws:s3:::b/${pattern}`),
  });
  const onBucket = ['s3:ListBucket', ...(erase.length === 0 ? [] : ['s3:ListBucketVersions'])];
  const policy: IamPolicy = {
    Version: '2012-10-17',
    Statement: [
      ...onBucket.map((Action) => ({ Effect: 'Allow' as const, Action, Resource: 'arn:aws:s3:::b' })),
      allow('s3:GetObject', read),
      allow('s3:PutObject', write),
      allow('s3:DeleteObject', [...deleted, ...erase]),
      allow('s3:DeleteObjectVersion', erase),
    ],
  };
  return storeWithPolicy(store, policy, 'b', refused);
}

/**
 * @param place the store's place in S3, e.g. `bucket/prefix`.
 * @param refused gets the calls that were refused.
 * @returns the store, and these calls.
 */
export function storeWithPolicy(
  store: ObjectStore,
  policy: IamPolicy,
  place: string,
  refused: string[] = [],
) {
  const [bucket = ''] = place.split('/');
  function demand(action: string, key?: string): void {
    const arn = `arn:aws:s3:::${key === undefined ? bucket : `${place}/${key}`}`;
    const isAllowed = policy.Statement.some(
      ({ Action, Resource }) =>
        Action === action && [Resource].flat().some((pattern) => matches(pattern, arn)),
    );
    if (isAllowed) return;
    refused.push(`${action} ${arn}`);
    throw new FoveaError('storage-denied', `${action} ${arn} is not allowed.`);
  }
  const guarded: ObjectStore = {
    url: store.url,
    async get(key, options) {
      demand('s3:GetObject', key);
      return store.get(key, options);
    },
    async head(key, options) {
      demand('s3:GetObject', key);
      return store.head(key, options);
    },
    async put(key, body, options) {
      demand('s3:PutObject', key);
      return store.put(key, body, options);
    },
    async delete(key, options) {
      demand('s3:DeleteObject', key);
      return store.delete(key, options);
    },
    async erase(key, options) {
      for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion']) demand(action, key);
      demand('s3:ListBucketVersions');
      return store.erase(key, options);
    },
    async eraseAll(prefix, options) {
      for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion']) demand(action, `${prefix}x`);
      demand('s3:ListBucketVersions');
      return store.eraseAll(prefix, options);
    },
    list(prefix, options) {
      demand('s3:ListBucket');
      return store.list(prefix, options);
    },
    listFolders(prefix, options) {
      demand('s3:ListBucket');
      return store.listFolders(prefix, options);
    },
  };
  return { store: guarded, refused };
}
