// `fovea datasets`: brings folders of pictures to a server, brings datasets back, shows, checks and deletes them.

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { WireDataset, WireDatasetEntry } from '../../api/dataset.ts';
import type { WireListedFile } from '../../api/dataset-files.ts';
import { ApiError } from '../../client/api-error.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import { all } from '../../client/pages.ts';
import { contentHashOf } from '../../core/content-hash.ts';
import { forEachConcurrent } from '../../core/for-each-concurrent.ts';
import { formatBytes } from '../../core/network/plan/format-quantities.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { firstOf } from '../../core/words/quantities.ts';
import { makeFolder } from '../client/make-folder.ts';
import type { Session } from '../context/session.ts';
import { describeSkipped } from '../dataset/collect-pictures.ts';
import { toModelName } from '../dataset/dataset-name.ts';
import { moveFiles, planPush, pushFiles } from '../dataset/push-files.ts';
import { openPushJournal } from '../dataset/push-journal.ts';
import { readDatasetFolder } from '../dataset/read-folder.ts';
import { confirm } from '../terminal/ask.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import type { Output } from '../terminal/output.ts';
import { paint } from '../terminal/paint.ts';
import { newTable } from '../terminal/plain-table.ts';
import { startTransferBar } from '../terminal/transfer-bar.ts';
import { InterruptedError, listenForInterruption } from '../terminal/until-interrupted.ts';
import { countOf } from '../terminal/words.ts';

/** The options of `fovea datasets push`. */
export interface PushOptions {
  /** Name of the dataset; default: that of the folder. */
  readonly name?: string;
  /** Where the classes are said: `folders`, or the path of a table in the folder; default: what is found. */
  readonly labels?: string;
  /** Whether files of the dataset that the folder does not have are deleted. */
  readonly delete?: boolean;
  /** Whether only to say what would be sent. */
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const SHOWN_CLASSES = 8;
/** Downloads at a time. */
const CONCURRENCY = 8;
const PATHS_AT_ONCE = 1000;

/** Brings a folder to a dataset: sends what is new or has changed. */
export async function runPush(
  { client, output, server }: Session,
  folder: string,
  options: PushOptions,
): Promise<void> {
  const found = await readDatasetFolder(folder, { labels: options.labels });
  const dataset = options.name ?? toModelName(folder);
  output.note(
    `Saw ${found.seen}: ${countOf(found.files.length, 'picture')} in ${countOf(found.classes.length, 'class')} (${firstOf(found.classes, SHOWN_CLASSES)}).`,
  );
  for (const note of found.notes) output.note(note);
  if (found.skipped.length > 0) output.note(describeSkipped(found.skipped));
  const journal = await openPushJournal(client.url, dataset);
  const there = await storedFiles(client, dataset);
  const plan = await planPush({ folder, journal }, found.files, there);
  const bytes = plan.send.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const removed = options.delete === true ? plan.extra : [];
  const twice = options.delete === true ? [] : plan.clashes;
  if (options.dryRun !== true) {
    if (
      removed.length > 0 &&
      options.yes !== true &&
      !(await confirm(`Delete ${countOf(removed.length, 'file')} of "${dataset}" for good?`))
    )
      throw new FailedError('Nothing was sent.');
    // Before the others, so that no picture is in two classes meanwhile.
    await moveFiles({ client, dataset, journal, folder }, plan.moves);
    if (plan.send.length > 0) {
      output.note(
        `Sending ${countOf(plan.send.length, 'file')} (${formatBytes(bytes)}) to "${dataset}" at ${server.url} …`,
      );
      const { signal, stopListening } = listenForInterruption();
      const bar = startTransferBar(output, 'sending', { files: plan.send.length, bytes });
      let sent = 0;
      try {
        await pushFiles({ client, dataset, journal, folder }, plan.send, {
          signal,
          onSent({ sizeBytes }) {
            sent++;
            bar.done(sizeBytes);
          },
        });
      } catch (error) {
        bar.stop();
        if (error instanceof InterruptedError)
          output.note(
            `\n${sent.toLocaleString('en-US')} of ${countOf(plan.send.length, 'file')} were sent to "${dataset}". The same command goes on from here.`,
          );
        throw error;
      } finally {
        bar.stop();
        stopListening();
      }
    }
    for (let start = 0; start < removed.length; start += PATHS_AT_ONCE)
      await client.datasets.deleteFiles(dataset, removed.slice(start, start + PATHS_AT_ONCE));
  }
  output.answer({
    json: {
      object: 'dataset.push',
      dataset,
      seen: found.seen,
      classes: found.classes,
      sent: plan.send.length,
      sent_bytes: bytes,
      moved: plan.moves.length,
      in_two_classes: twice.length,
      unchanged: plan.unchanged,
      deleted: removed.length,
      extra: plan.extra.length - removed.length,
      skipped: found.skipped,
      missing: found.missing,
      dry_run: options.dryRun === true,
    },
    text: () =>
      [
        `${options.dryRun === true ? 'Would send' : 'Sent'} ${countOf(plan.send.length, 'file')} (${formatBytes(bytes)}) to "${dataset}"; ` +
          `${plan.unchanged.toLocaleString('en-US')} unchanged${removed.length > 0 ? `, ${removed.length} deleted` : ''}.`,
        plan.moves.length === 0
          ? ''
          : `${options.dryRun === true ? 'Would move' : 'Moved'} ${countOf(plan.moves.length, 'file')} to another class: ${firstOf(
              plan.moves.map(({ from, to }) => `${from} to ${to}`),
              3,
            )}.`,
        twice.length === 0
          ? ''
          : `${countOf(twice.length, 'file')} of the dataset ${twice.length === 1 ? 'has' : 'have'} the same bytes in another class, so that no job uses either copy: ` +
            `${firstOf(twice, 3)}. Push with --delete to mend it.`,
        plan.extra.length > removed.length
          ? `${countOf(plan.extra.length, 'file')} of the dataset ${plan.extra.length === 1 ? 'is' : 'are'} not in the folder: ${firstOf(plan.extra, 3)}. --delete deletes them.`
          : '',
        options.dryRun === true || twice.length > 0 ? '' : `Next: ${shownCommand('train', dataset)}`,
      ]
        .filter((line) => line !== '')
        .join('\n'),
    short: () => dataset,
  });
}

/** The files of a dataset by its listing; none where there is no such dataset. */
async function storedFiles(client: FoveaClient, dataset: string): Promise<readonly WireListedFile[]> {
  try {
    return await all(client.datasets.files(dataset, { inspect: false }));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'dataset-not-found') return [];
    throw error;
  }
}

/** Brings a dataset to a folder; files that are there already with the same bytes stay. */
export async function runPull(
  { client, output }: Session,
  dataset: string,
  { output: target = dataset }: { readonly output?: string },
): Promise<void> {
  const files = await all(client.datasets.files(dataset, { inspect: false }));
  const wanted: WireListedFile[] = [];
  for (const file of files)
    if (!(await isThere(path.join(target, checkedPath(file.path)), file))) wanted.push(file);
  await makeFolder(target);
  let replaced = 0;
  const bytes = wanted.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const { signal, stopListening } = listenForInterruption();
  const bar = startTransferBar(output, 'receiving', { files: wanted.length, bytes });
  try {
    await forEachConcurrent(wanted, CONCURRENCY, async ({ path: name, size_bytes }) => {
      signal.throwIfAborted();
      const body = await client.datasets.read(dataset, name, { signal });
      const place = path.join(target, name);
      await mkdir(path.dirname(place), { recursive: true });
      // Another name first: what broke off does not look like a picture.
      await writeFile(`${place}.part`, body);
      if ((await stat(place).catch(() => undefined)) !== undefined) replaced++;
      await rename(`${place}.part`, place);
      bar.done(size_bytes);
    });
  } finally {
    bar.stop();
    stopListening();
  }
  output.answer({
    json: {
      object: 'dataset.pull',
      dataset,
      folder: target,
      received: wanted.length,
      received_bytes: bytes,
      replaced,
      unchanged: files.length - wanted.length,
    },
    text: () =>
      `Received ${countOf(wanted.length, 'file')} (${formatBytes(bytes)}) in ${target}; ${files.length - wanted.length} unchanged.` +
      (replaced === 0
        ? ''
        : ` ${countOf(replaced, 'file')} of the same name but other content ${replaced === 1 ? 'was' : 'were'} replaced.`),
    short: () => target,
  });
}

/** A server must not choose where files go. @throws {Error} where a path leads out of the folder. */
function checkedPath(name: string): string {
  const isInside = !path.isAbsolute(name) && !name.split(/[/\\]/).includes('..') && !name.includes('\0');
  if (!isInside)
    throw new Error(
      `The dataset has a file ${JSON.stringify(name)}, whose path leads out of the folder. It was not received.`,
    );
  return name;
}

async function isThere(place: string, { size_bytes, content_hash }: WireListedFile): Promise<boolean> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== size_bytes) return false;
  return content_hash === null || content_hash === contentHashOf(await readFile(place));
}

/** Lists the datasets with the numbers of their last inspections. */
export async function runDatasetList({ client, output }: Session): Promise<void> {
  const datasets = await all(client.datasets.list());
  output.answer({
    json: { object: 'list', data: datasets },
    text: () =>
      datasets.length === 0
        ? `There are no datasets. Bring one: ${shownCommand('datasets', 'push', 'FOLDER')}`
        : describeDatasets(datasets),
    short: () => datasets.map(({ dataset }) => dataset).join('\n'),
  });
}

function describeDatasets(datasets: readonly WireDatasetEntry[]): string {
  const table = newTable(['dataset', 'can train', 'pictures', 'classes', 'files', 'size'], 2);
  for (const { dataset, inspection } of datasets) {
    table.push(
      inspection === null
        ? [dataset, 'not checked', '–', '–', '–', '–']
        : [
            dataset,
            inspection.can_train ? 'yes' : 'no',
            inspection.pictures.toLocaleString('en-US'),
            inspection.classes,
            inspection.files.toLocaleString('en-US'),
            formatBytes(inspection.size_bytes),
          ],
    );
  }
  return table.toString();
}

/** Shows the classes and splits of a dataset. */
export async function runDatasetShow({ client, output }: Session, dataset: string): Promise<void> {
  const found = await inspect(client, output, dataset, 'header');
  output.answer({
    json: found,
    text: () => [describeClasses(found), ...describeReason(found)].join('\n\n'),
    short: () => found.classes.map(({ label }) => label).join('\n'),
  });
}

/** The first reason why no job can train on a dataset, and the command that says all of them. */
function describeReason({ dataset, can_train, finding_groups }: WireDataset): string[] {
  if (can_train) return [];
  const error = finding_groups.find(({ severity }) => severity === 'error');
  return [
    ...(error === undefined ? [] : [describeFindings({ finding_groups: [error] })]),
    `see: ${shownCommand('datasets', 'check', dataset)}`,
  ];
}

/** Checks a dataset: reads every picture, and says what is wrong. @throws {FailedError} where no job could train on it. */
export async function runDatasetCheck({ client, output }: Session, dataset: string): Promise<void> {
  const found = await inspect(client, output, dataset, 'full');
  output.answer({
    json: found,
    text: () => `${describeClasses(found)}\n\n${describeFindings(found)}`,
    short: () =>
      openGroups(found)
        .map(({ code }) => code)
        .join('\n'),
  });
  if (!found.can_train) throw new FailedError(`No job can train on "${dataset}". Mend the errors above.`);
}

/** Inspects a dataset, and says how far it is. */
export async function inspect(
  client: FoveaClient,
  output: Output,
  dataset: string,
  decode: 'header' | 'full',
): Promise<WireDataset> {
  return client.datasets.inspect(dataset, {
    decode,
    onProgress: ({ done, total }) =>
      output.note(`Reading pictures: ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} …`),
  });
}

/** A table of the classes of a dataset by split. */
export function describeClasses({
  dataset,
  classes,
  split,
  can_train,
}: Omit<WireDataset, 'object' | 'status'>): string {
  const table = newTable(['class', 'train', 'validation', 'test'], 1);
  for (const { label, train, validation, test } of classes) table.push([label, train, validation, test]);
  table.push(['all', split.train, split.validation, split.test]);
  const verdict = can_train ? paint('green', 'can be trained on') : paint('red', 'cannot be trained on');
  return `"${dataset}" ${verdict}.\n\n${table.toString()}`;
}

const MARKS = { error: ['red', 'error'], warning: ['yellow', 'warning'], info: ['dim', 'info'] } as const;

/** The kinds of findings of which some are not kept. */
const openGroups = ({ finding_groups: groups }: Pick<WireDataset, 'finding_groups'>) =>
  groups.filter(({ count }) => count > 0);

/** The findings of a dataset, each kind in a line. Those that are kept are counted in a line of their own. */
export function describeFindings(found: Pick<WireDataset, 'finding_groups'>): string {
  const kept = found.finding_groups.filter((group) => group.kept > 0);
  const lines = openGroups(found).map(({ severity, code, message }) => {
    const [color, word] = MARKS[severity];
    return `${paint(color, word)} ${message} (${code})`;
  });
  if (kept.length > 0) {
    const list = kept.map((group) => `${group.kept} ${group.code}`).join(', ');
    lines.push(paint('dim', `Kept as they are, and not counted above: ${list}.`));
  }
  return lines.length === 0 ? 'Nothing was found.' : lines.join('\n');
}

/** Deletes a dataset for good. */
export async function runDatasetRemove(
  { client, output }: Session,
  dataset: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  if (
    !yes &&
    !(await confirm(`Delete the dataset "${dataset}" for good, with all earlier versions of its files?`))
  )
    throw new FailedError('Nothing was deleted.');
  const deleted = await client.datasets.delete(dataset);
  output.answer({
    json: deleted,
    text: () =>
      [
        `The dataset "${dataset}" is deleted.`,
        ...deleted.also_held_by.map(
          ({ model, version, id, dataset: other, holds }) =>
            `${other !== undefined ? `The dataset "${other}"` : model === undefined ? id : `Model "${model}" version ${version}`} may hold something of it: ${holds.join(', ').replaceAll('_', ' ')}.`,
        ),
      ].join('\n'),
    short: () => '',
  });
}
