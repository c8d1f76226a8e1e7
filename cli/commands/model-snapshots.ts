// The pictures that versions were trained on: finds the snapshots of their datasets, whatever those are called now, and says what differs.

import type { WireSnapshotDiff } from '../../api/dataset-snapshot.ts';
import type { WireReport } from '../../api/report.ts';
import { ApiError } from '../../client/api-error.ts';
import type { FoveaClient } from '../../client/create-client.ts';
import type { Session } from '../context/session.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import { countOf } from '../terminal/words.ts';

/**
 * The dataset that has these snapshots: the one of this name, or another one where it was renamed.
 * @param ids `dataset.content_hash` of reports.
 * @returns its name; undefined where no dataset has them.
 */
export async function findSnapshots(
  client: FoveaClient,
  name: string,
  ids: readonly string[],
): Promise<string | undefined> {
  if (await hasAll(client, name, ids)) return name;
  for await (const { dataset } of client.datasets.list())
    if (dataset !== name && (await hasAll(client, dataset, ids))) return dataset;
  return undefined;
}

async function hasAll(client: FoveaClient, dataset: string, ids: readonly string[]): Promise<boolean> {
  try {
    for (const id of ids) await client.datasets.snapshot(dataset, id);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'dataset-snapshot-not-found') return false;
    throw error;
  }
}

/** Says what differs between the pictures that two versions were trained on. */
export async function runModelDiff(
  { client, output }: Session,
  before: string,
  after: string,
): Promise<void> {
  const [earlier, later] = [await client.models.report(before), await client.models.report(after)];
  const diff = await diffReports(client, earlier, later);
  if (diff === undefined)
    throw new FailedError(
      `No dataset has the snapshots of both ${before} and ${after}: they were trained on different datasets ` +
        `("${earlier.dataset.name}", "${later.dataset.name}"), or by an earlier version of Fovea, or the dataset was deleted.`,
    );
  output.answer({
    json: diff,
    text: () => describeDiff(diff),
    short: () =>
      [...diff.added.pictures, ...diff.removed.pictures, ...diff.moved.pictures]
        .map(({ id }) => id)
        .join('\n'),
  });
}

/** Compares what two reports were trained on; undefined where no dataset has the snapshots of both. */
export async function diffReports(
  client: FoveaClient,
  before: WireReport,
  after: WireReport,
): Promise<WireSnapshotDiff | undefined> {
  const [since, id] = [before.dataset.content_hash, after.dataset.content_hash];
  const dataset = await findSnapshots(client, after.dataset.name, [since, id]);
  return dataset === undefined ? undefined : client.datasets.diff(dataset, id, since);
}

/** A line for each picture that differs. */
export function describeDiff({ added, removed, moved }: WireSnapshotDiff): string {
  type Place = { readonly class: string; readonly split: string };
  const at = (place: Place) => `${place.class} (${place.split})`;
  const named = ({ id, path }: { readonly id: string; readonly path: string | null }) =>
    path === null ? id : `${id}  ${path}`;
  const part = <T>(
    { count, pictures }: { readonly count: number; readonly pictures: readonly T[] },
    what: string,
    line: (picture: T) => string,
  ) =>
    count === 0
      ? []
      : [
          `${countOf(count, 'picture')} ${what}:`,
          ...pictures.map((picture) => `  ${line(picture)}`),
          ...(count > pictures.length ? [`  and ${count - pictures.length} more`] : []),
        ];
  const lines = [
    ...part(removed, 'only in the earlier one', (picture) => `- ${named(picture)}  ${at(picture)}`),
    ...part(added, 'only in the later one', (picture) => `+ ${named(picture)}  ${at(picture)}`),
    ...part(
      moved,
      'in another class or split',
      (picture) => `~ ${named(picture)}  ${at(picture.from)} → ${at(picture.to)}`,
    ),
  ];
  return lines.length === 0
    ? 'Both were trained on the same pictures, in the same classes and splits.'
    : lines.join('\n');
}
