// The report's section on quantized and half-precision variants: what they save and what they cost.

import type { Report } from '../../../core/model/report.ts';
import { EQUIVALENCE, isEquivalent } from '../../../core/predict/served-precision.ts';
import { plural } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';
import { scrollTable } from '../markup/scroll-table.ts';

const HUNDRED = 100;
const BYTES_PER_MEGABYTE = 1e6;
const megabytes = (bytes: number) => `${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`;

/** A table of the variants beside the model itself; null where there are none. */
export function variants({ variants: found }: Report): Markup | null {
  const [first] = found;
  if (first === undefined) return null;
  const int8 = found.find(({ precision }) => precision === 'int8');
  const { pictures, topOneAgreement, addedLoss, meanDifference, time } = EQUIVALENCE;
  const rule =
    `the rule is the same answer for ${HUNDRED * topOneAgreement} % of at least ${pictures} pictures, a mean loss that grows by at most ` +
    `${addedLoss}, a mean difference of at most ${meanDifference}, and at most ${HUNDRED * time} % of the time.`;
  return html`<section class="card">
<h2>Reduced-precision variants</h2>
<p class="note">The model itself takes ${megabytes(first.originalSizeBytes)}. Each of these was run beside it on ${plural(first.pictures, 'picture')}, in turns, on one thread of the machine that trained.</p>
${scrollTable({
  label: 'The variants beside the model itself',
  head: html`<th>File</th><th class="num">Size</th><th class="num">ms a picture</th><th class="num">the model itself</th><th class="num">Same answer</th><th class="num">Largest difference</th>`,
  rows: found.map(
    (variant) =>
      html`<tr><td><code>${variant.file}</code></td><td class="num">${megabytes(variant.sizeBytes)}</td><td class="num">${variant.msPerPicture.toFixed(1)}</td><td class="num">${variant.originalMsPerPicture.toFixed(1)}</td><td class="num">${(HUNDRED * variant.topOneAgreement).toFixed(1)} %</td><td class="num">${variant.maxDifference.toFixed(3)}</td></tr>`,
  ),
})}
${int8 !== undefined && html`<p class="note">A server that chooses by itself serves <code>${int8.file}</code> ${isEquivalent(int8) ? 'where its processor has instructions for 8-bit integers' : 'never'}: ${rule}</p>`}
</section>`;
}
