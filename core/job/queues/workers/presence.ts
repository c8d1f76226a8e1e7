// Tells others that a worker lives, what it offers and what it works on.

import type { WorkAtHand, WorkerRecord } from './worker-record.ts';
import { BEAT_MS, type WorkerRecords } from './worker-records.ts';

/** What stays the same while a worker lives. */
export type WorkerIdentity = Pick<WorkerRecord, 'id' | 'name' | 'version' | 'offer'>;

/** What {@link createPresence} works with. */
export interface PresenceDeps extends WorkerIdentity {
  readonly workers: WorkerRecords;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of beats that the store did not take; the next one follows all the same. */
  readonly onError: (error: unknown) => void;
}

/** The presence of one worker among those of its store. */
export interface Presence {
  start(): Promise<void>;
  /** Tells what it works on, or null. */
  setJob(job: WorkAtHand | null): void;
  /** Tells that it takes no further job. */
  leave(): void;
  /** Takes its record away. */
  stop(): Promise<void>;
}

/** A worker that nobody knows yet. */
export function createPresence({ workers, now, onError, id, name, version, offer }: PresenceDeps): Presence {
  const startedAt = Math.floor(now() / 1000);
  let job: WorkAtHand | null = null;
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  /** Writes follow one another, so that the last one wins. */
  let writing = Promise.resolve();

  const beat = () => {
    writing = writing
      .then(() => workers.put({ id, name, version, offer, startedAt, job, isStopping }))
      .catch(onError);
    return writing;
  };

  return {
    async start() {
      timer = setInterval(beat, BEAT_MS);
      await beat();
    },
    setJob(next) {
      job = next;
      void beat();
    },
    leave() {
      isStopping = true;
      void beat();
    },
    async stop() {
      clearInterval(timer);
      await writing;
      await workers.remove(id).catch(onError);
    },
  };
}
