// Workers on the wire: machines that take jobs of a server from its store.

import { z } from 'zod';
import { WorkAtHandSchema, WorkerOfferSchema } from '../core/job/queues/workers/worker-record.ts';
import type { SeenWorker } from '../core/job/queues/workers/worker-records.ts';
import { listOf, objectKind, text, unixSeconds } from './quantities.ts';
import { toWire, toWireSchema } from './to-wire.ts';

/** What a worker does. */
export const WORKER_STATES = ['idle', 'busy', 'stopping', 'lost'] as const;

const WorkerSchema = z
  .object({
    object: objectKind('worker'),
    id: text('A new one each time that the worker starts.'),
    name: text('The name that it was started with, or that of its machine.'),
    version: text('Its version of Fovea.'),
    state: z.enum(WORKER_STATES).meta({
      description:
        'What it does. `stopping`: it gives its job back. `lost`: it was not seen for a minute; what it had waits for another. An hour later it is forgotten.',
    }),
    started_at: unixSeconds('When it started, on its own clock'),
    last_seen: unixSeconds('When the store saw it last'),
    offer: toWireSchema(WorkerOfferSchema).meta({ description: 'What its machine has.' }),
    job: toWireSchema(WorkAtHandSchema).nullable().meta({
      description: 'The job that it has at hand; null where it has none.',
    }),
  })
  .meta({ id: 'Worker', description: 'A machine that takes jobs from the store of the server.' });
/** A worker as clients get it. */
export type WireWorker = z.infer<typeof WorkerSchema>;

/** The answer of `GET /v1/workers`. */
export const WorkerListSchema = z
  .object(listOf(WorkerSchema, 'Those that started first at the front.'))
  .meta({ id: 'WorkerList', description: 'All workers that were seen within the last hour.' });

function stateOf({ isLost, isStopping, job }: SeenWorker): WireWorker['state'] {
  if (isLost) return 'lost';
  if (isStopping) return 'stopping';
  return job === null ? 'idle' : 'busy';
}

/** Makes the wire's worker from its record. */
export const toWireWorker = (worker: SeenWorker): WireWorker => ({
  object: 'worker',
  id: worker.id,
  name: worker.name,
  version: worker.version,
  state: stateOf(worker),
  started_at: worker.startedAt,
  last_seen: Math.floor(worker.lastSeenMs / 1000),
  offer: toWire(WorkerOfferSchema, worker.offer),
  job: worker.job,
});
