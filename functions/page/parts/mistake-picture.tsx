// A picture that a report names, with what the model says of it. Its file may have been moved since the report was made, or be gone.

import { useState } from 'preact/hooks';
import type { WireReport } from '../../../api/report.ts';
import { take } from '../../../client/pages.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';
import { pathOfKey, Thumbnail } from './picture.tsx';

const THUMB = 160;

/** What a report says of a mistake. */
export type Mistake = NonNullable<WireReport['results']>['mistakes'][number];

interface MistakePictureProps {
  readonly report: WireReport;
  readonly picture: Mistake;
  /** What can be done with it, while its file is there. */
  readonly children?: (path: string) => preact.ComponentChildren;
}

/** The path of the file with these bytes; undefined where there is none, or the hash is not known. */
async function findByHash(dataset: string, contentHash: string | undefined): Promise<string | undefined> {
  if (contentHash === undefined) return undefined;
  try {
    const [found] = await take(client.value.datasets.files(dataset, { contentHash, pageSize: 1 }), 1);
    return found?.path;
  } catch {
    return undefined;
  }
}

/** The picture, or a sentence in its place where its file is not there any more. */
export function MistakePicture({ report, picture, children }: MistakePictureProps) {
  const { labels, dataset } = report;
  const { sha256 } = picture;
  const [isGone, setGone] = useState(false);
  /** Where it was moved. */
  const [moved, setMoved] = useState<string>();
  const named = pathOfKey(dataset.name, picture.key);
  if (named === undefined) return null;
  if (isGone) return <span class="facts gone">{TEXTS.model.gone(named)}</span>;
  const path = moved ?? named;
  const lookElsewhere = async () => {
    const found = await findByHash(dataset.name, moved === undefined ? sha256 : undefined);
    if (found === undefined) setGone(true);
    else setMoved(found);
  };
  return (
    <>
      <Thumbnail dataset={dataset.name} path={path} size={THUMB} onGone={() => void lookElsewhere()} />
      {moved === undefined ? null : <span class="facts moved">{TEXTS.model.movedTo(moved)}</span>}
      <span class="facts">
        {TEXTS.model.mistake(labels[picture.label] ?? '', labels[picture.predicted] ?? '', picture.score)}
      </span>
      {children?.(path)}
    </>
  );
}
