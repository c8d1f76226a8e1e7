// Lets a prediction wait for its turn before its body is read, for as long as somebody waits for it.

import type { Context } from 'hono';
import type { LaneTurns } from '../../core/lanes/lane-scheduler.ts';
import type { AppDeps, AppEnv } from '../deps/deps.ts';
import { whileWanted } from './while-wanted.ts';

/**
 * Runs the work of a prediction with turns of its own; a request that has to be refused costs nothing, since its body is not read.
 * @param model by which, with the name of the key, turns are shared fairly.
 * @throws {FoveaError} `server-busy`, `deadline-passed`, `body-unreadable`; what the work throws.
 */
export const takeTurns = <T>(
  { lanes }: Pick<AppDeps, 'lanes'>,
  c: Context<AppEnv>,
  model: string,
  work: (turns: LaneTurns, signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  whileWanted(c.req.raw, (signal) =>
    lanes.admit({ client: c.get('apiKey')?.name ?? '', model }, signal, (turns, wanted) => {
      c.set('bodyTerms', { ...c.get('bodyTerms'), signal: wanted });
      return work(turns, wanted);
    }),
  );
