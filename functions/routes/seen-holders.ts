// What holds something of a deleted picture, as far as the key of a request may see it.

import type { Context } from 'hono';
import { toWireHolders } from '../../api/dataset-files.ts';
import type { Holder } from '../../core/erasure/find-holders.ts';
import type { AppEnv } from '../deps/deps.ts';
import { maySee } from '../http/require-names.ts';

/** Holders as the API names them, without datasets that the key may not see. */
export const toSeenHolders = (c: Context<AppEnv>, holders: readonly Holder[]) =>
  toWireHolders(
    holders.filter((holder) => holder.kind !== 'dataset' || maySee(c, { dataset: holder.dataset })),
  );
