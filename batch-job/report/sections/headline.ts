// The top of the report: how often the model is right, what it confuses, whether its scores can be trusted.

import { type ScoreTrust, trustInScores } from '../../../core/evaluation/score-trust.ts';
import type { Report, ReportResults } from '../../../core/model/report.ts';
import { type Interval, leadingShare, sayAccuracy, sayBasis } from '../../../core/words/accuracy.ts';
import { percentBelowAll, percentRange } from '../../../core/words/quantities.ts';
import { sayRemarks } from '../../../core/words/remarks.ts';
import { sayScoreTrust } from '../../../core/words/score-trust.ts';
import { percent, plural, ratio } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';

const HUNDRED = 100;

/** One number with its interval, what it means for new pictures, and one card for each of the questions that are asked most. */
export function headline(report: Report, results: ReportResults): Markup {
  const { value, low, high, caption, lead, basis } = headlineNumber(report, results);
  return html`<section class="card hero">
<div class="big"><span class="number">${of100(value)}<small>%</small></span><span class="caption">${caption}, 95 % sure of ${percentRange({ low, high })}</span></div>
<div class="say"><p class="lead">${lead}</p>
<p>${basis}</p>${remarks(report, results)}</div>
</section>
<div class="cards">
${card('What it confuses', confusionText(report, results))}
${card('Can its scores be trusted?', trustText(report, results))}
${card('When should a person look?', reviewText(report, results))}
</div>`;
}

const of100 = (share: number) => Math.round(HUNDRED * share);

interface HeadlineNumber extends Interval {
  readonly caption: string;
  readonly lead: string;
  readonly basis: Markup;
}

function headlineNumber(report: Report, results: ReportResults): HeadlineNumber {
  const { judgedOn, imbalance } = report;
  const judged = { ...results, judgedOn, isImbalanced: imbalance !== null };
  const said = { ...leadingShare(judged), lead: sayAccuracy(judged) };
  return imbalance === null
    ? { ...said, caption: 'right', basis: html`${sayBasis(judged)}` }
    : {
        ...said,
        caption: 'balanced accuracy',
        basis: html`The classes have different numbers of pictures, so each counts the same here. ${worstClassText(report, results)} ${sayBasis(judged)}`,
      };
}

function worstClassText({ labels }: Report, { classes }: ReportResults): Markup | null {
  const [worst] = classes
    .flatMap(({ recall }, index) => (recall === null ? [] : [{ recall, index }]))
    .sort((a, b) => a.recall.value - b.recall.value || a.recall.low - b.recall.low);
  if (worst === undefined) return null;
  return html`${worst.recall.value === 1 ? 'Least is known of' : 'The worst is'} <b>${labels[worst.index]}</b>: ${ratio(worst.recall)} of its pictures were recognized.`;
}

/** What has to be known beside the number. */
function remarks(
  { judgedOn, imbalance, labels, dataset, suspectedLabels: suspects }: Report,
  results: ReportResults,
) {
  const { acrossSplits } = dataset.nearDuplicates;
  const isImbalanced = imbalance !== null;
  return sayRemarks({ ...results, judgedOn, isImbalanced, labels, acrossSplits, suspects }).map(
    ({ isWarning, text }) => (isWarning ? html`<p class="warning">${text}</p>` : html`<p>${text}</p>`),
  );
}

const card = (title: string, text: Markup) =>
  html`<div class="card"><h2 class="question">${title}</h2><p>${text}</p></div>`;

function confusionText({ labels }: Report, { confusions }: ReportResults): Markup {
  const [first, second] = confusions;
  if (first === undefined) return html`Nothing: every picture was recognized.`;
  const describe = ({ actual, predicted, count, share }: typeof first) =>
    html`<b>${labels[actual]}</b> for <b>${labels[predicted]}</b> (${count}×, ${percent(share, 0)} of its pictures)`;
  return html`Most often it takes ${describe(first)}${second && html`, then ${describe(second)}`}.`;
}

/** Whether the served scores mean what they say. */
function trustText({ labels }: Report, { accuracy, classes, calibration }: ReportResults): Markup {
  const { after, byChance } = calibration;
  const { calibrationError, bins } = after;
  const trust = trustInScores({ accuracy, classes, calibrationError, byChance, bins });
  const { verdict, reason } = sayScoreTrust(trust, labels);
  return html`<b class="${TRUST_CLASS[trust.verdict]}">${verdict}</b> ${reason}`;
}

const TRUST_CLASS: Readonly<Record<ScoreTrust['verdict'], string>> = {
  'unknown-classes': 'bad',
  'with-care': 'bad',
  'too-few-pictures': '',
  yes: 'good',
};

/** Share of pictures that a person might look at. */
const REVIEWED = 0.2;

function reviewText({ judgedOn }: Report, { riskCoverage, accuracy }: ReportResults): Markup {
  const kept = riskCoverage.points.findLast(({ coverage }) => coverage <= 1 - REVIEWED);
  if (accuracy.value === 1) return html`On these pictures there was no need.`;
  if (kept === undefined) return html`Its scores do not tell sure answers from unsure ones.`;
  return html`If a person looks at the ${percent(1 - kept.coverage, 0)} with the lowest scores (below ${percentBelowAll(kept.confidence)}), <b>${percent(1 - kept.risk)}</b> of the others are right, instead of ${percent(accuracy.value)}. Counted on ${plural(accuracy.trials, judgedOn === 'folds' ? 'picture' : `${judgedOn} picture`)}.`;
}
