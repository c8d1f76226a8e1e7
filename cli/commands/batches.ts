// `fovea batch` and `fovea batches`: many pictures that a server predicts in the background.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { CreateBatchBody, WireBatch, WireBatchDryRun } from '../../api/batch.ts';
import { isBatchOver } from '../../client/batches.ts';
import { take } from '../../client/pages.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { formatSeconds, formatUsd } from '../../core/network/plan/format-quantities.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { isAway } from '../client/follow-job.ts';
import { checkTarget } from '../client/make-folder.ts';
import { saveBody } from '../client/save-body.ts';
import type { Session } from '../context/session.ts';
import { findPictures, type NamedFile } from '../dataset/find-pictures.ts';
import { confirm } from '../terminal/ask.ts';
import { FailedError, UsageError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';
import { startTransferBar } from '../terminal/transfer-bar.ts';
import { InterruptedError, listenForInterruption } from '../terminal/until-interrupted.ts';
import { agoInWords, countOf } from '../terminal/words.ts';

/** The options of `fovea batch`. */
export interface BatchOptions {
  /** A dataset of the server whose pictures are predicted. */
  readonly dataset?: string;
  /** A prefix of the server's store, e.g. `inputs/tuesday/`. */
  readonly prefix?: string;
  /** File for the results, a line of JSON for each picture; default: the standard output. */
  readonly output?: string;
  readonly topK?: number;
  readonly dryRun?: boolean;
  readonly follow: boolean;
}

/** Uploads at a time. */
const CONCURRENCY = 8;

/**
 * Predicts pictures in the background: those of this machine are uploaded first. Waits for the end, and writes the results.
 * @throws {FailedError} where the batch does not complete or has pictures with errors; {InterruptedError} after a signal, while the batch goes on.
 */
export async function runBatch(
  session: Session,
  model: string,
  names: readonly string[],
  options: BatchOptions,
): Promise<void> {
  const { client, output } = session;
  const sources = [names.length > 0, options.dataset !== undefined, options.prefix !== undefined];
  if (sources.filter(Boolean).length !== 1)
    throw new UsageError(
      'Say which pictures are predicted: files or folders, or --dataset NAME, or --prefix PREFIX.',
    );
  await checkResults(options);
  const settings = { model, top_k: options.topK };
  const prefix =
    options.prefix ?? (options.dataset === undefined ? undefined : `datasets/${options.dataset}/`);
  const body: Omit<CreateBatchBody, 'dry_run'> =
    prefix === undefined
      ? { ...settings, input_file_id: await uploadList(session, await findPictures(names)) }
      : { ...settings, input_prefix: prefix };
  if (options.dryRun === true) {
    const plan = await client.batches.dryRun(body);
    output.answer({ json: plan, text: () => describePlan(plan), short: () => String(plan.pictures) });
    return;
  }
  const batch = await client.batches.create(body);
  if (!options.follow) {
    output.answer({
      json: batch,
      text: () =>
        `${batch.id}\nIts results, once it is over: ${shownCommand('batches', 'results', batch.id)}`,
      short: () => batch.id,
    });
    return;
  }
  const ended = await followBatch(session, batch);
  await writeResults(session, ended, options);
}

/** Uploads pictures and a list of them. @returns the id of the list. */
async function uploadList({ client, output }: Session, files: readonly NamedFile[]): Promise<string> {
  const bar = startTransferBar(output, 'sending', { files: files.length, bytes: 0 });
  try {
    const lines = await mapConcurrently(
      files,
      async (file) => {
        const bytes = await file.read();
        const { key } = await client.uploads.put(bytes);
        bar.done(bytes.byteLength);
        return JSON.stringify({ key, custom_id: file.name });
      },
      CONCURRENCY,
    );
    const { id } = await client.uploads.put(new TextEncoder().encode(`${lines.join('\n')}\n`));
    return id;
  } finally {
    bar.stop();
  }
}

/**
 * Waits until a batch is over, whatever it ends as.
 * @throws {InterruptedError} after a signal, while the batch goes on.
 */
export async function followBatch({ client, output }: Session, batch: WireBatch): Promise<WireBatch> {
  const { id } = batch;
  output.note(`Batch ${id}: ${countOf(batch.request_counts.total, 'picture')}`);
  const { signal, stopListening } = listenForInterruption();
  const bar = output.isDrawing
    ? new SingleBar(
        {
          stream: process.stdout,
          format: 'predicting {bar} {value}/{total} pictures',
          barsize: 24,
          hideCursor: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  bar?.start(batch.request_counts.total, 0);
  try {
    return await client.batches.wait(id, {
      signal,
      onProgress: ({ request_counts: { completed, failed } }) => bar?.update(completed + failed),
    });
  } catch (error) {
    if (error instanceof InterruptedError || isAway(error))
      output.note(
        `\nThe batch ${id} goes on. Its results: ${shownCommand('batches', 'results', id)}. Cancel it: ${shownCommand('batches', 'cancel', id)}`,
      );
    throw error;
  } finally {
    bar?.stop();
    stopListening();
  }
}

/** Before pictures are sent and predicted. */
async function checkResults({ output: target }: Pick<BatchOptions, 'output'>): Promise<void> {
  if (target !== undefined) await checkTarget(target, { example: 'results.jsonl' });
}

async function writeResults(
  { client, output }: Session,
  batch: WireBatch,
  { output: target }: Pick<BatchOptions, 'output'>,
): Promise<void> {
  const { id, request_counts: counts } = batch;
  const results = await client.batches.results(id);
  if (target === undefined)
    await pipeline(Readable.fromWeb(results.body as never), process.stdout, { end: false });
  else {
    await saveBody(results, target);
    output.answer({
      json: batch,
      text: () =>
        `${target}: ${countOf(counts.completed, 'picture')} predicted, ${counts.failed} with errors.`,
      short: () => target,
    });
  }
  requireCompleted(batch);
  if (counts.failed > 0)
    throw new FailedError(`${countOf(counts.failed, 'picture')} could not be predicted.`);
}

/** Checks that a batch that is over completed. @throws {FailedError} where it did not. */
export function requireCompleted({ id, status, errors }: WireBatch): void {
  if (status === 'completed') return;
  throw new FailedError(
    `The batch ${id} ended as ${status}: ${errors?.data[0]?.message ?? 'it was told to stop'}`,
  );
}

const describePlan = ({ pictures, model, model_version, shards, estimate }: WireBatchDryRun): string =>
  `${countOf(pictures, 'picture')} with ${model}:${model_version}: ${formatSeconds(estimate.seconds)}` +
  `${estimate.usd > 0 ? `, ${formatUsd(estimate.usd)}` : ''} on ${countOf(shards, 'process')} of ${estimate.machine}, an estimate.`;

/** Lists batches, newest first. */
export async function runBatchList(
  { client, output }: Session,
  { limit }: { readonly limit: number },
): Promise<void> {
  const batches = await take(client.batches.list({ pageSize: Math.min(limit, 100) }), limit);
  output.answer({
    json: { object: 'list', data: batches },
    text() {
      if (batches.length === 0) return 'There are no batches.';
      const table = newTable(['batch', 'status', 'model', 'made', 'pictures', 'done', 'errors'], 4);
      for (const { id, status, model, model_version, created_at, request_counts: counts } of batches)
        table.push([
          id,
          status,
          `${model}:${model_version}`,
          agoInWords(created_at, Date.now()),
          counts.total,
          counts.completed,
          counts.failed,
        ]);
      return table.toString();
    },
    short: () => batches.map(({ id }) => id).join('\n'),
  });
}

/** Shows a batch. */
export async function runBatchShow({ client, output }: Session, id: string): Promise<void> {
  const batch = await client.batches.get(id);
  const { status, model, model_version, request_counts: counts } = batch;
  output.answer({
    json: batch,
    text: () =>
      `${id}: ${status}, ${model}:${model_version}, ${counts.completed} of ${counts.total} predicted, ${counts.failed} with errors.`,
    short: () => status,
  });
}

/** Writes the results of a batch; waits for its end, if it is not over. */
export async function runBatchResults(
  session: Session,
  id: string,
  options: Pick<BatchOptions, 'output'>,
): Promise<void> {
  await checkResults(options);
  const batch = await session.client.batches.get(id);
  await writeResults(session, isBatchOver(batch) ? batch : await followBatch(session, batch), options);
}

/** Cancels a batch. */
export async function runBatchCancel({ client, output }: Session, id: string): Promise<void> {
  const batch = await client.batches.cancel(id);
  output.answer({
    json: batch,
    text: () => `The batch ${id} is ${batch.status}.`,
    short: () => batch.status,
  });
}

/** Deletes a batch with its results; once somebody is sure, with its pictures, too. */
export async function runBatchRemove(
  { client, output }: Session,
  id: string,
  { deleteInputs = false, yes = false }: { readonly deleteInputs?: boolean; readonly yes?: boolean },
): Promise<void> {
  const what = `Delete the batch ${id} with the pictures that it had below inputs/ for good?`;
  if (deleteInputs && !yes && !(await confirm(what))) throw new FailedError('Nothing was deleted.');
  await client.batches.delete(id, { deleteInputs });
  output.answer({
    json: { object: 'batch', id, deleted: true },
    text: () => `The batch ${id} is deleted.`,
    short: () => '',
  });
}
