// A picture that a report names, with what the model says of it. Its file may have been moved since the report was made, or be gone.

import { useState } from 'preact/hooks';
import type { WireReport } from '../../../api/report.ts';
import { take } from '../../../client/pages.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';
import { pathOfKey, Thumbnail } from './picture.tsx';

const THUMB = 160;
/** Copies of a picture that are looked at. */
const MOST_COPIES = 20;

/** What a report says of a mistake. */
export type Mistake = NonNullable<WireReport['results']>['mistakes'][number];

interface MistakePictureProps {
  readonly report: WireReport;
  /** The present name of the report's dataset. */
  readonly dataset: string;
  readonly picture: Mistake;
  /** Is called where it lies in another class now, or nowhere. */
  readonly onMended?: () => void;
  /** What can be done with it, while its file is there. */
  readonly children?: (path: string) => preact.ComponentChildren;
}

/** The file with these bytes, one of the class before others; undefined where there is none. @throws what the client does. */
async function findByHash(dataset: string, contentHash: string, label: string) {
  const found = await take(
    client.value.datasets.files(dataset, { contentHash, pageSize: MOST_COPIES }),
    MOST_COPIES,
  );
  return found.find((file) => file.class === label) ?? found[0];
}

/** The picture, or a sentence in its place where its file is not there any more. */
export function MistakePicture({ report, dataset, picture, onMended, children }: MistakePictureProps) {
  const { labels } = report;
  const { sha256 } = picture;
  /** Undefined while that is not known. */
  const [isThere, setThere] = useState<boolean>();
  /** Where it was moved. */
  const [moved, setMoved] = useState<string>();
  const named = pathOfKey(report.dataset.name, picture.key);
  if (named === undefined) return null;
  if (isThere === false) return <span class="facts gone">{TEXTS.model.gone(named)}</span>;
  const path = moved ?? named;
  const lookElsewhere = async () => {
    if (sha256 === undefined || moved !== undefined) return setThere(false);
    setThere(undefined);
    const label = labels[picture.label] ?? '';
    try {
      const found = await findByHash(dataset, sha256, label);
      if (found === undefined) setThere(false);
      else setMoved(found.path);
      if (found?.class !== label) onMended?.();
    } catch {
      // Where it is now is not known; it is not where the report says.
      setThere(false);
    }
  };
  return (
    <>
      <Thumbnail
        dataset={dataset}
        path={path}
        size={THUMB}
        contentHash={sha256}
        onKnown={(there) => (there ? setThere(true) : void lookElsewhere())}
      />
      {moved === undefined ? null : <span class="facts moved">{TEXTS.model.movedTo(moved)}</span>}
      <span class="facts">
        {TEXTS.model.mistake(labels[picture.label] ?? '', labels[picture.predicted] ?? '', picture.score)}
      </span>
      {/* Nothing is offered for a file before it is known to be the one of the report. */}
      {isThere === undefined ? null : children?.(path)}
    </>
  );
}
