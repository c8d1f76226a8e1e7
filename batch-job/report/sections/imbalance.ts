// The report's section on class imbalance: what was done about it, and whether small classes are found as often as others.

import type { Report, ReportProportion } from '../../../core/model/report.ts';
import { percentRange } from '../../../core/words/quantities.ts';
import { percent, plural } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';

const METHODS = {
  none: 'nothing was done about it',
  class_weights: 'the classes were weighted, so that each has the same share in the loss',
  balanced_sampling:
    'pictures of small classes took more turns, so that each class has the same share in an epoch',
} as const;

const ADJUSTED =
  'scores are adjusted by class frequency: the model answers as if all classes were equally frequent';

const recall = (found: ReportProportion | null) =>
  found === null ? 'not judged' : `${percent(found.value)} (${percentRange(found)})`;

/** The section; null where no class is small. */
export function imbalance({ imbalance: found }: Report): Markup | null {
  if (found === null) return null;
  const { method, adjustsLogits, ratio, factors, smallClasses, smallRecall, otherRecall } = found;
  const done = method === 'none' && adjustsLogits ? ADJUSTED : METHODS[method];
  const range = `a picture counts ${Math.min(...factors).toFixed(2)} to ${Math.max(...factors).toFixed(2)} times`;
  return html`<section class="card">
<h2>Small classes</h2>
<p>The largest class has ${ratio.toFixed(1)} times the training pictures of the smallest; ${done}${method !== 'none' && `: ${range}`}.</p>
<p>Of the pictures of ${plural(smallClasses, 'small class', 'small classes')}, with fewer than half the pictures of the largest, <b>${recall(smallRecall)}</b> were found; of the others <b>${recall(otherRecall)}</b>.</p>
<p class="note">What another way would have done is not known from one training: a sweep over <code>imbalance</code> compares them.</p>
</section>`;
}
