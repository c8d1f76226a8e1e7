// `fovea models`: lists, shows and compares models, says which version answers, and brings files of them here and there.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ImportModelBody } from '../../api/import-model.ts';
import type { WireModel } from '../../api/model.ts';
import type { WireLive, WireModelComparison, WireModelVersion } from '../../api/model-version.ts';
import { all } from '../../client/pages.ts';
import { formatBytes, formatUsd } from '../../core/network/plan/format-quantities.ts';
import { shownCommand } from '../../core/shown-command.ts';
import { percent } from '../../core/words/quantities.ts';
import { checkEnding, checkTarget } from '../client/make-folder.ts';
import { type SaidOfModel, saidOfModel } from '../client/said-of-model.ts';
import { saveBody } from '../client/save-body.ts';
import type { Session } from '../context/session.ts';
import { confirm } from '../terminal/ask.ts';
import { FailedError, UsageError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';
import { agoInWords, percentWithin } from '../terminal/words.ts';

/** Lists the models. */
export async function runModelList({ client, output }: Session): Promise<void> {
  const models = await all(client.models.list());
  output.answer({
    json: { object: 'list', data: models },
    text: () =>
      models.length === 0
        ? `There are no models. Make one: ${shownCommand('train', 'DATASET')}`
        : describeModels(models, Date.now()),
    short: () => models.map(({ id }) => id).join('\n'),
  });
}

function describeModels(models: readonly WireModel[], nowMs: number): string {
  const table = newTable(['model', 'version', 'base', 'dataset', 'made', 'classes', 'accuracy', 'size'], 5);
  for (const {
    id,
    version,
    versions,
    architecture,
    dataset,
    created,
    labels,
    test_accuracy,
    size_bytes,
    problem,
  } of models) {
    const of = versions.length > 1 ? ` of ${versions.length}` : '';
    table.push(
      problem === null
        ? [
            id,
            `${version}${of}`,
            architecture,
            dataset ?? '–',
            agoInWords(created, nowMs),
            labels.length,
            test_accuracy === null ? '–' : percent(test_accuracy),
            size_bytes === null ? '–' : formatBytes(size_bytes),
          ]
        : [id, `${version}${of}`, problem.code, '–', '–', '–', '–', '–'],
    );
  }
  return table.toString();
}

/** Shows a model with its versions. */
export async function runModelShow({ client, output }: Session, reference: string): Promise<void> {
  const model = await client.models.get(reference);
  const versions = await all(client.models.versions(model.id));
  const said = model.report === null ? null : await saidOfModel(client, reference);
  output.answer({
    json: { ...model, version_list: versions },
    text: () => describeModel(model, versions, { url: client.url, nowMs: Date.now(), said }),
    short: () => versions.map(({ id }) => id).join('\n'),
  });
}

interface ModelFacts {
  /** The address of the server, for that of the report. */
  readonly url: string;
  readonly nowMs: number;
  /** What its report says; null where that is not known. */
  readonly said: SaidOfModel | null;
}

function describeModel(
  model: WireModel,
  versions: readonly WireModelVersion[],
  { url, nowMs, said }: ModelFacts,
): string {
  const { input } = model;
  const table = newTable(['version', 'aliases', 'base', 'dataset', 'made', 'accuracy', 'size'], 5);
  for (const { version, aliases, architecture, dataset, created, test_accuracy, size_bytes } of versions)
    table.push([
      version,
      aliases.join(', '),
      architecture ?? '–',
      dataset ?? '–',
      agoInWords(created, nowMs),
      test_accuracy === null ? '–' : percent(test_accuracy),
      size_bytes === null ? '–' : formatBytes(size_bytes),
    ]);
  return [
    `model      ${model.id}, version ${model.version}`,
    `classes    ${model.labels.join(', ')}`,
    ...(input === null ? [] : [`input      ${input.height}×${input.width}×${input.channels}`]),
    ...(said === null
      ? []
      : [
          `accuracy   ${said.accuracy}`,
          ...said.remarks.map((remark) => `also       ${remark}`),
          `scores     can they be trusted? ${said.scores}`,
        ]),
    ...(model.report === null ? [] : [`report     ${url}${model.report}?format=html`]),
    '',
    table.toString(),
  ].join('\n');
}

/** The parts of `fruit:3` or `fruit`, as they are: the server checks them. */
function partsOf(reference: string): { readonly model: string; readonly version: string | undefined } {
  const [model = '', version] = reference.split(':');
  return { model, version };
}

/** `fruit:3` and `fruit 3` both name a version. @throws {UsageError} where neither does. */
function versionOf(
  reference: string,
  version: string | undefined,
): { readonly model: string; readonly version: string } {
  const { model, version: named } = partsOf(reference);
  const wanted = version ?? named;
  if (wanted === undefined)
    throw new UsageError(`Say which version: ${model}:3, or an alias such as ${model}:latest.`);
  return { model, version: wanted };
}

/** Makes a version live, or the canary of a share of the predictions. */
export async function runModelPromote(
  { client, output }: Session,
  reference: string,
  { share }: { readonly share?: number },
): Promise<void> {
  const { model, version } = versionOf(reference, undefined);
  const live = await client.models.promote(model, { version, share });
  if (live.warning !== undefined) output.note(live.warning);
  output.answer({ json: live, text: () => describeLive(live), short: () => live.version ?? '' });
}

/** Takes back the last promotion, or ends the canary. */
export async function runModelRollback({ client, output }: Session, model: string): Promise<void> {
  const live = await client.models.rollBack(model);
  output.answer({ json: live, text: () => describeLive(live), short: () => live.version ?? '' });
}

const describeLive = ({ model, version, canary }: WireLive): string =>
  `Predictions with "${model}" use version ${version ?? 'latest'}.` +
  (canary === null
    ? ''
    : ` Version ${canary.version} is the canary, and gets ${percent(canary.share)} of them.`);

/**
 * Puts versions of a model side by side.
 * @param first the model, or a version of it as `<name>:<version>`.
 * @param others versions, also as `<name>:<version>`; where none are named: the live and the latest.
 * @throws {UsageError} where they are of several models.
 */
export async function runModelCompare(
  { client, output }: Session,
  first: string,
  others: readonly string[],
): Promise<void> {
  const { model, version } = partsOf(first);
  const versions = others.map((other) => versionWithin(model, other));
  const named = version === undefined ? versions : [version, ...versions];
  if (version !== undefined && versions.length === 0) named.push('live');
  const found = await client.models.compare(model, named.length === 0 ? ['live', 'latest'] : named);
  output.answer({
    json: found,
    text: () => describeComparison(found),
    short: () => found.data.map(({ version }) => version).join('\n'),
  });
}

function versionWithin(model: string, reference: string): string {
  const { model: name, version } = partsOf(reference);
  if (version === undefined) return name;
  if (name === model) return version;
  throw new UsageError(
    `Versions of one model can be compared; "${reference}" is not of "${model}". Name them as ${model}:1 ${model}:2.`,
  );
}

/** A column for each version. */
export function describeComparison({
  data,
  same_classes,
  same_pictures,
  differing,
}: WireModelComparison): string {
  const table = newTable(['', ...data.map(({ version, aliases }) => [version, ...aliases].join(', '))], 1);
  type Compared = (typeof data)[number];
  const row = (name: string, cell: (version: Compared) => string) => table.push([name, ...data.map(cell)]);
  row('base', ({ architecture }) => architecture);
  row('dataset', ({ dataset }) => dataset ?? '–');
  row('pictures', ({ pictures, judged_on }) => (pictures === null ? '–' : `${pictures} of ${judged_on}`));
  row('accuracy', ({ accuracy }) => percentWithin(accuracy));
  row('balanced accuracy', ({ balanced_accuracy }) => percentWithin(balanced_accuracy));
  row('size', ({ size_bytes }) => formatBytes(size_bytes));
  row('cost', ({ cost_usd }) => (cost_usd === null ? '–' : formatUsd(cost_usd)));
  for (const label of new Set(data.flatMap(({ classes }) => classes.map(({ label: name }) => name))))
    row(`right of ${label}`, ({ classes }) =>
      percentWithin(classes.find((one) => one.label === label)?.recall ?? null),
    );
  return [
    table.toString(),
    '',
    same_classes ? '' : 'They do not have the same classes.',
    same_pictures
      ? `They were judged on the same pictures${differing === null ? '' : `, and differ on ${differing.length} of them`}.`
      : 'They were not judged on the same pictures: the numbers cannot be compared directly.',
  ]
    .filter((line, index) => line !== '' || index === 1)
    .join('\n');
}

/** What `fovea models export` writes. */
export const EXPORT_FORMATS = {
  onnx: 'model.onnx',
  fp16: 'model-fp16.onnx',
  int8: 'model-int8.onnx',
  heatmap: 'heatmap.onnx',
  manifest: 'manifest.json',
} as const;

const STANDARD_OUTPUT = '-';

/** Writes a file of a version. @throws {UsageError} where it would have the ending of another format, or cannot be written. */
export async function runModelExport(
  { client, output }: Session,
  reference: string,
  { format, output: target }: { readonly format: keyof typeof EXPORT_FORMATS; readonly output?: string },
): Promise<void> {
  const file = EXPORT_FORMATS[format];
  if (target !== undefined && target !== STANDARD_OUTPUT) checkEnding(target, path.extname(file));
  const { id, version } = await client.models.get(reference);
  if (target === STANDARD_OUTPUT) {
    if (output.isJson) throw new UsageError('-o - writes the file to the standard output. Leave --json out.');
    const { body } = await client.models.file(`${id}:${version}`, file);
    await pipeline(Readable.fromWeb(body as never), process.stdout, { end: false });
    return;
  }
  const place =
    target ??
    `${id}-${version}${path.extname(file) === '.json' ? '' : `-${format}`.replace('-onnx', '')}${path.extname(file)}`;
  const isReplaced = await checkTarget(place, { example: file });
  const response = await client.models.file(`${id}:${version}`, file);
  await saveBody(response, place);
  const { size } = await stat(place);
  output.answer({
    json: {
      object: 'model.export',
      model: id,
      version,
      file,
      path: place,
      size_bytes: size,
      replaced: isReplaced,
    },
    text: () =>
      `${place}: ${id}:${version}, ${formatBytes(size)}${isReplaced ? '. It replaced a file of this name.' : ''}`,
    short: () => place,
  });
}

/** The options of `fovea models import`. */
export interface ModelImportOptions {
  readonly name?: string;
  /** Text file with the name of one class on each line. */
  readonly labels?: string;
  readonly preprocessing?: NonNullable<ImportModelBody['preprocessing']>;
  readonly layout?: NonNullable<ImportModelBody['layout']>;
  readonly activation?: NonNullable<ImportModelBody['activation']>;
}

/** Makes a model of the server of a trained classifier: an `.onnx` file, `keras_model.h5`, or a zip archive of an export. */
export async function runModelImport(
  { client, output }: Session,
  file: string,
  options: ModelImportOptions,
): Promise<void> {
  const { name = path.parse(file).name, labels, preprocessing, layout, activation } = options;
  const names =
    labels === undefined
      ? undefined
      : (await readFile(labels, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  const bytes = await readFile(file);
  const mime_type =
    path.extname(file).toLowerCase() === '.zip' ? 'application/zip' : 'application/octet-stream';
  const { key } = await client.uploads.put(bytes, { purpose: 'model', mime_type });
  const model = await client.models.import({
    file: key,
    name,
    labels: names,
    preprocessing,
    layout,
    activation,
  });
  output.answer({
    json: model,
    text: () =>
      `Model ${model.id}:${model.version} is made: ${model.labels.length} classes. Next: ${shownCommand('predict', model.id, 'FILE')}`,
    short: () => `${model.id}:${model.version}`,
  });
}

/** Deletes a model, or one version of it, for good. */
export async function runModelRemove(
  { client, output }: Session,
  reference: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const what = reference.includes(':')
    ? `the version "${reference}"`
    : `the model "${reference}" with all its versions`;
  if (!yes && !(await confirm(`Delete ${what} for good?`))) throw new FailedError('Nothing was deleted.');
  await client.models.delete(reference);
  output.answer({
    json: { object: 'model', id: reference, deleted: true },
    text: () => `${reference} is deleted.`,
    short: () => '',
  });
}
