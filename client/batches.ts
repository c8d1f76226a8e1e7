// Batch predictions: the calls, and a wait for the end.

import type { CreateBatchBody, WireBatch, WireBatchDryRun } from '../api/batch.ts';
import { pollMsOf } from './jobs.ts';
import { entries, type ListOptions } from './pages.ts';
import { type CallOptions, delay, segment, type Transport } from './transport.ts';

/** How a batch is waited for. */
export interface WaitForBatchOptions extends CallOptions {
  readonly pollMs?: number | undefined;
  /** Is called with the batch as each request finds it. */
  readonly onProgress?: ((batch: WireBatch) => void) | undefined;
}

/** The calls of batches. */
export interface BatchCalls {
  create(body: Omit<CreateBatchBody, 'dry_run'>, options?: CallOptions): Promise<WireBatch>;
  /** Counts the pictures and says what they would take, without making a batch. */
  dryRun(body: Omit<CreateBatchBody, 'dry_run'>, options?: CallOptions): Promise<WireBatchDryRun>;
  get(id: string, options?: CallOptions): Promise<WireBatch>;
  /** Newest first. */
  list(options?: ListOptions): AsyncIterable<WireBatch>;
  cancel(id: string, options?: CallOptions): Promise<WireBatch>;
  /** Deletes a batch with its results. @param options with `deleteInputs`, the pictures that it had below `inputs/` go, too. */
  delete(id: string, options?: CallOptions & { readonly deleteInputs?: boolean | undefined }): Promise<void>;
  /** The results of a batch that is over: JSON, a line for each picture. */
  results(id: string, options?: CallOptions & { readonly only?: 'errors' | undefined }): Promise<Response>;
  /** Waits until a batch is over, whatever it ends as, and gives it. */
  wait(id: string, options?: WaitForBatchOptions): Promise<WireBatch>;
}

const BATCHES = '/v1/batches';
const OVER: ReadonlySet<WireBatch['status']> = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** Whether a batch is over. */
export const isBatchOver = ({ status }: Pick<WireBatch, 'status'>): boolean => OVER.has(status);

/** The calls of batches by a transport. */
export function batchCalls(transport: Transport): BatchCalls {
  const { ask, send } = transport;
  const pathOf = (id: string) => `${BATCHES}/${segment(id)}`;
  const get: BatchCalls['get'] = (id, options) => ask('batch', 'GET', pathOf(id), options);
  return {
    create: (body, options) => ask('batch', 'POST', BATCHES, { ...options, json: body, makes: true }),
    dryRun: (body, options) =>
      ask('batch.dry_run', 'POST', BATCHES, { ...options, json: { ...body, dry_run: true } }),
    get,
    list: (options) => entries<WireBatch>(transport, BATCHES, ({ id }) => id, options),
    cancel: (id, options) => ask('batch', 'POST', `${pathOf(id)}/cancel`, options),
    async delete(id, { deleteInputs, signal } = {}) {
      await ask('batch', 'DELETE', pathOf(id), { query: { delete_inputs: deleteInputs }, signal });
    },
    results: (id, { only, signal } = {}) => send('GET', `${pathOf(id)}/results`, { query: { only }, signal }),
    async wait(id, { pollMs, onProgress, signal } = {}) {
      for (;;) {
        const batch = await get(id, { signal });
        onProgress?.(batch);
        if (isBatchOver(batch)) return batch;
        await delay(pollMsOf(transport, pollMs), signal);
      }
    },
  };
}
