// The pictures that a report shows, as thumbnails inside its page.

import { makeThumbnail } from '../../../core/image/make-thumbnail.ts';
import type { Report, ReportPicture } from '../../../core/model/report.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';

const SIDE = 112;
/** Suspected labels that the page shows as pictures. */
const MAX_TILES = 24;
/** Suspected labels that the page lists below the pictures. */
export const MAX_LISTED = 200;

/** The suspected labels that are shown as pictures, the most suspicious first. */
export const shownSuspects = ({ suspectedLabels }: Report): readonly ReportPicture[] =>
  suspectedLabels.pictures.slice(0, MAX_TILES);

/** The mistakes that are shown: without the suspected labels, which have a list of their own. */
export function shownMistakes({ results, suspectedLabels }: Report): readonly ReportPicture[] {
  const suspects = new Set(suspectedLabels.pictures.slice(0, MAX_TILES + MAX_LISTED).map(({ key }) => key));
  return (results?.mistakes ?? []).filter(({ key }) => !suspects.has(key));
}

/** Thumbnails as data URLs (WebP), by object key. */
export type Thumbnails = ReadonlyMap<string, string>;

/**
 * Makes thumbnails of the mistakes and of the suspected labels. A picture that has gone meanwhile has none.
 *
 * @throws the signal's reason when aborted.
 */
export async function loadThumbnails(
  store: ObjectStore,
  report: Report,
  signal: AbortSignal,
): Promise<Thumbnails> {
  const pictures = [...shownMistakes(report), ...shownSuspects(report)];
  const thumbnails = new Map<string, string>();
  for (const key of new Set(pictures.map((picture) => picture.key))) {
    signal.throwIfAborted();
    const object = await store.get(key, { signal });
    if (object !== undefined) thumbnails.set(key, await toThumbnail(object.body));
  }
  return thumbnails;
}

async function toThumbnail(bytes: Uint8Array): Promise<string> {
  return `data:image/webp;base64,${(await makeThumbnail(bytes, SIDE)).toString('base64')}`;
}
