// `fovea predict`: asks a model about pictures on this machine.

import { writeFile } from 'node:fs/promises';
import type { WirePredictionList } from '../../api/prediction.ts';
import { ApiError } from '../../client/api-error.ts';
import { mapConcurrently } from '../../core/concurrently.ts';
import { percent } from '../../core/words/quantities.ts';
import { checkTarget } from '../client/make-folder.ts';
import type { Session } from '../context/session.ts';
import { findPictures, type NamedFile } from '../dataset/find-pictures.ts';
import { FailedError, UsageError } from '../terminal/exit-codes.ts';
import { paint } from '../terminal/paint.ts';
import { newTable } from '../terminal/plain-table.ts';
import { countOf } from '../terminal/words.ts';

/** The options of `fovea predict`. */
export interface PredictOptions {
  readonly topK?: number;
  readonly csv?: boolean;
  /** File of the PNG with the heatmap. */
  readonly heatmap?: string;
  /** The label that the heatmap shows; default: the likeliest. */
  readonly heatmapLabel?: string;
  /** Whether the most alike training pictures are asked for. */
  readonly explain?: boolean;
  /** How many of them; asks for them, too. */
  readonly explainCount?: number;
  /** The score below which an answer fails, 0 to 1. */
  readonly failUnder?: number;
}

type Entry = WirePredictionList['data'][number];

/** Pictures of one request, and their bytes: below what a function takes. */
const MOST_PICTURES = 32;
const MOST_BYTES = 4_000_000;
/** Requests at a time. */
const CONCURRENCY = 4;
const SHOWN_LABELS = 3;

/**
 * Predicts pictures.
 * @throws {FailedError} where a picture cannot be predicted, or an answer has a lower score than asked for.
 */
export async function runPredict(
  session: Session,
  model: string,
  names: readonly string[],
  options: PredictOptions,
): Promise<void> {
  const { output } = session;
  const { csv = false, failUnder } = options;
  if (csv && explains(options))
    throw new UsageError('CSV has no columns for training pictures. Leave --csv out, or take --json.');
  if (csv && output.isJson)
    throw new UsageError('--csv and --json do not go together. Leave one of them out.');
  const files = await findPictures(names);
  if (options.heatmap !== undefined) await drawHeatmap(session, model, files, options);
  const entries = await predictAll(session, model, files, options);
  if (csv) process.stdout.write(toCsv(entries));
  else
    output.answer({
      json: { object: 'list', data: entries },
      text: () =>
        [describe(entries, options), ...(explains(options) ? [describeNearest(entries)] : [])].join('\n\n'),
      short: () =>
        entries.map((entry) => ('label' in entry ? String(entry.label) : `! ${entry.error.code}`)).join('\n'),
    });
  const failed = entries.filter((entry) => 'error' in entry).length;
  if (failed > 0) throw new FailedError(`${countOf(failed, 'picture')} could not be predicted.`);
  const unsure = entries.filter(
    (entry) => 'score' in entry && failUnder !== undefined && entry.score < failUnder,
  ).length;
  if (unsure > 0)
    throw new FailedError(
      `${countOf(unsure, 'answer')} ${unsure === 1 ? 'has a score' : 'have scores'} below ${failUnder}.`,
    );
}

const explains = ({ explain = false, explainCount }: PredictOptions): boolean =>
  explain || explainCount !== undefined;

async function drawHeatmap(
  { client, output }: Session,
  model: string,
  files: readonly NamedFile[],
  { heatmap = '', heatmapLabel }: PredictOptions,
): Promise<void> {
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new UsageError(`A heatmap is drawn over one picture; ${files.length} were named.`);
  await checkTarget(heatmap, { option: '--heatmap', example: 'heatmap.png' });
  const png = await client.predict.heatmap(model, await file.read(), { heatmap: heatmapLabel ?? 'top' });
  await writeFile(heatmap, png);
  output.note(`The heatmap of ${file.name} is in ${heatmap}.`);
}

/** Sends pictures in requests of a few, several at a time. */
async function predictAll(
  { client }: Session,
  model: string,
  files: readonly NamedFile[],
  options: PredictOptions,
): Promise<Entry[]> {
  const { topK, explainCount } = options;
  const asked = { topK, ...(explains(options) ? { explain: true, explainCount } : {}) };
  const groups = await mapConcurrently(
    inGroups(files),
    async (group) => {
      const pictures = await Promise.all(
        group.map(async (file) => ({ name: file.name, bytes: await file.read() })),
      );
      const sent = splitBySize(pictures);
      const answers: Entry[] = [];
      for (const part of sent) answers.push(...(await predictSome(part)));
      return answers;
    },
    CONCURRENCY,
  );
  return groups.flat().map((entry, index) => ({ ...entry, index, file: files[index]?.name ?? null }));

  async function predictSome(pictures: readonly { name: string; bytes: Uint8Array }[]): Promise<Entry[]> {
    const [first, ...others] = pictures;
    if (first === undefined) return [];
    if (others.length > 0) return (await client.predict.many(model, pictures, asked)).data;
    try {
      const { timing_ms: _, ...prediction } = await client.predict.one(model, first.bytes, asked);
      return [{ ...prediction, index: 0, file: first.name }];
    } catch (error) {
      // An error of the picture does not keep the others; every other would be theirs, too.
      const code = error instanceof ApiError ? error.code : null;
      if (!(error instanceof ApiError) || code === null || !code.startsWith('image-')) throw error;
      const { message, param } = error;
      return [
        {
          object: 'error',
          index: 0,
          file: first.name,
          error: { message, type: 'invalid_request_error', param, code },
        },
      ];
    }
  }
}

const inGroups = (files: readonly NamedFile[]) =>
  Array.from({ length: Math.ceil(files.length / MOST_PICTURES) }, (_, i) =>
    files.slice(i * MOST_PICTURES, (i + 1) * MOST_PICTURES),
  );

function splitBySize<T extends { readonly bytes: Uint8Array }>(pictures: readonly T[]): T[][] {
  const groups: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const picture of pictures) {
    if (size + picture.bytes.byteLength > MOST_BYTES) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(picture);
    size += picture.bytes.byteLength;
  }
  return groups;
}

function describe(entries: readonly Entry[], { topK = SHOWN_LABELS, failUnder }: PredictOptions): string {
  const table = newTable(['picture', 'label', 'score', 'then'], 4);
  for (const entry of entries) {
    const file = entry.file ?? '-';
    if ('error' in entry) {
      table.push([file, paint('red', 'error'), '', entry.error.message]);
      continue;
    }
    const { label, score, rejected, predictions } = entry;
    const isLow = rejected || (failUnder !== undefined && score < failUnder);
    const then = predictions.slice(1, topK).map((other) => `${other.label} ${percent(other.score)}`);
    table.push([
      file,
      isLow ? paint('yellow', `${label} (unsure)`) : String(label),
      percent(score),
      then.join(', '),
    ]);
  }
  return table.toString();
}

/** The training pictures that are the most alike to each picture, and why some have none. */
function describeNearest(entries: readonly Entry[]): string {
  const table = newTable(['picture', 'most alike', 'class', 'similarity'], 3);
  const reasons = new Set<string>();
  let shown = 0;
  for (const entry of entries) {
    if ('error' in entry || entry.explanation === undefined) continue;
    const { nearest, unavailable } = entry.explanation;
    if (unavailable !== null) reasons.add(unavailable.message);
    for (const [at, { dataset, path, class: label, similarity }] of nearest.entries())
      table.push([at === 0 ? (entry.file ?? '-') : '', `${dataset}/${path}`, label, similarity.toFixed(3)]);
    shown += nearest.length;
  }
  if (reasons.size === 0 && shown === 0) return 'No training picture is left that could explain it.';
  return [...(shown > 0 ? [table.toString()] : []), ...reasons].join('\n');
}

const COLUMNS = ['file', 'label', 'score', 'rejected', 'model', 'version', 'error'] as const;

/** A line for each picture, with a head, after RFC 4180. */
function toCsv(entries: readonly Entry[]): string {
  const rows = entries.map((entry): Partial<Record<(typeof COLUMNS)[number], unknown>> => {
    if ('error' in entry) return { file: entry.file, error: entry.error.code };
    const { file, label, score, rejected, model, model_version: version } = entry;
    return { file, label, score, rejected, model, version };
  });
  const cell = (value: unknown) => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))]
    .map((row) => `${row.map(cell).join(',')}\n`)
    .join('');
}
