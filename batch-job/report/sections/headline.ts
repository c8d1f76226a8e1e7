// The top of the report: how often the model is right, what it confuses, whether its scores can be trusted.

import { type ScoreTrust, trustInScores, unknownClasses } from '../../../core/evaluation/score-trust.ts';
import type { Report, ReportProportion, ReportResults } from '../../../core/model/report.ts';
import { type Interval, leadingShare, sayAccuracy, sayBasis } from '../../../core/words/accuracy.ts';
import { sayScoreTrust } from '../../../core/words/score-trust.ts';
import { percent, percentRange, plural, ratio } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';

const HUNDRED = 100;

/** One number with its interval, what it means for new pictures, and one card for each of the questions that are asked most. */
export function headline(report: Report, results: ReportResults): Markup {
  const { value, low, high, caption, lead, basis } = headlineNumber(report, results);
  const unknown = unknownClasses(results.classes).map((index) => report.labels[index] as string);
  return html`<section class="card hero">
<div class="big"><span class="number">${of100(value)}<small>%</small></span><span class="caption">${caption}, 95 % sure of ${percentRange({ low, high })}</span></div>
<div class="say"><p class="lead">${lead}</p>
<p>${basis}</p>${unknownClassesWarning(unknown)}${secondEstimate(report, results)}</div>
</section>
<div class="cards">
${card('What it confuses', confusionText(report, results))}
${card('Can its scores be trusted?', trustText(report, results))}
${card('When should a person look?', reviewText(results))}
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
    .sort((a, b) => a.recall.value - b.recall.value || b.recall.trials - a.recall.trials);
  if (worst === undefined) return null;
  return html`The worst is <b>${labels[worst.index]}</b>: ${ratio(worst.recall)} of its pictures were recognized.`;
}

function unknownClassesWarning(unknown: readonly string[]): Markup | null {
  if (unknown.length === 0) return null;
  return html`<p class="warning">The model never answered ${listed(unknown)}. It does not know ${unknown.length === 1 ? 'that class' : 'those classes'}: add pictures, or train with another <code>imbalance</code>.</p>`;
}

/** Labels that a sentence names at most. */
const LISTED = 5;

function listed(labels: readonly string[]): Markup {
  const shown = labels.slice(0, LISTED);
  const rest = labels.length - shown.length;
  return html`${shown.map((label, index) => html`${index > 0 && ', '}<b>${label}</b>`)}${rest > 0 && ` and ${rest} more`}`;
}

/**
 * The second estimate, and which of the two to expect. A warning where the model is clearly more accurate on held-out pictures than on
 * the test: the test then has pictures of another kind.
 */
function secondEstimate(
  { judgedOn, imbalance, labels }: Report,
  { accuracy, balancedAccuracy, validationAccuracy, outOfFold }: ReportResults,
): Markup | null {
  if (judgedOn !== 'test') return null;
  if (outOfFold === null)
    return imbalance === null && validationAccuracy !== null && validationAccuracy.low > accuracy.high
      ? gapWarning(validationAccuracy, 'the validation split')
      : null;
  const [name, first, second] =
    imbalance === null
      ? ['right', accuracy, outOfFold.accuracy]
      : ['balanced accuracy', balancedAccuracy, outOfFold.balancedAccuracy];
  if (second.low > first.high) return gapWarning(second, 'groups of look-alikes held out of training');
  const expected =
    second.value > first.value
      ? 'Here the second is not lower: the pictures of the test are no easier than those of series that it has not seen. Expect the first.'
      : 'Expect the first where new pictures show the objects, places and cameras of the dataset, the second where they show others.';
  return html`<p><b>Two estimates.</b> On pictures like these: ${percent(first.value)} (${percentRange(first)}) ${name}, by the test. On series it has not seen: ${percent(second.value)} (${percentRange(second)}), by models that were trained without a picture's look-alikes (${plural(outOfFold.groups, 'group')}, ${outOfFold.folds === 1 ? 'held out at once' : `in ${outOfFold.folds} parts`}). ${expected}${ungroupedText(labels, outOfFold)}</p>`;
}

/** A sentence on classes that are nearly one group, whose look-alikes could not be held out together. */
function ungroupedText(
  labels: readonly string[],
  { ungrouped }: NonNullable<ReportResults['outOfFold']>,
): Markup | null {
  if (ungrouped.length === 0) return null;
  return html` Most pictures of ${listed(ungrouped.map((index) => labels[index] as string))} look alike, so that they were held out one by one: for ${ungrouped.length === 1 ? 'that class' : 'those classes'} the second number is too good.`;
}

const gapWarning = (easier: Pick<ReportProportion, 'value'>, where: string): Markup =>
  html`<p class="warning">On ${where} ${percent(easier.value)} were right, far more than on the test. Either the test has pictures of another kind (places, cameras, seasons), or pictures of the same series are on both sides of that estimate. Trust the test; what the easier pictures chose (settings, temperature, thresholds) is chosen for them.</p>`;

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

function reviewText({ riskCoverage, accuracy }: ReportResults): Markup {
  const kept = riskCoverage.points.findLast(({ coverage }) => coverage <= 1 - REVIEWED);
  if (accuracy.value === 1) return html`On these pictures there was no need.`;
  if (kept === undefined) return html`Its scores do not tell sure answers from unsure ones.`;
  return html`If a person looks at the ${percent(1 - kept.coverage, 0)} with the lowest scores (below ${percent(kept.confidence, 0)}), <b>${percent(1 - kept.risk)}</b> of the others are right, instead of ${percent(accuracy.value)}.`;
}
