// A picture that a report names, with what the model says of it. Its file may be gone since the report was made.

import { useState } from 'preact/hooks';
import type { WireReport } from '../../../api/report.ts';
import { TEXTS } from '../words/texts.ts';
import { pathOfKey, Thumbnail } from './picture.tsx';

const THUMB = 160;

/** What a report says of a mistake. */
export type Mistake = NonNullable<WireReport['results']>['mistakes'][number];

interface MistakePictureProps {
  readonly report: WireReport;
  readonly picture: Mistake;
  /** What can be done with it, while its file is there. */
  readonly children?: preact.ComponentChildren;
}

/** The picture, or a sentence in its place where its file is not there any more. */
export function MistakePicture({ report, picture, children }: MistakePictureProps) {
  const { labels, dataset } = report;
  const [isGone, setGone] = useState(false);
  const path = pathOfKey(dataset.name, picture.key);
  if (path === undefined) return null;
  if (isGone) return <span class="facts gone">{TEXTS.model.gone(path)}</span>;
  return (
    <>
      <Thumbnail dataset={dataset.name} path={path} size={THUMB} onGone={() => setGone(true)} />
      <span class="facts">
        {TEXTS.model.mistake(labels[picture.label] ?? '', labels[picture.predicted] ?? '', picture.score)}
      </span>
      {children}
    </>
  );
}
