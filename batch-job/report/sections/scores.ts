// The report's sections on scores: calibration, risk and coverage, and the rejection threshold.

import type { ReportResults } from '../../../core/model/report.ts';
import { percentRange, points } from '../../../core/words/quantities.ts';
import { reliabilityChart } from '../charts/reliability-chart.ts';
import { riskCoverageChart } from '../charts/risk-coverage-chart.ts';
import { percent } from '../markup/format.ts';
import { html, type Markup } from '../markup/markup.ts';

const REASONS: Readonly<Record<ReportResults['calibration']['reason'], string>> = {
  fitted: 'fitted on',
  'too-few-examples': 'not fitted, because there are too few pictures:',
  'not-too-sure': 'not fitted, because scores are not too sure, or not for certain, on',
};

/** The pictures that set temperature and thresholds, as words before and after their number say it. */
const HELD_OUT: Readonly<Record<ReportResults['heldOutBy'], string>> = {
  folds: 'pictures, each scored by a model that had not seen it',
  validation: 'pictures held out for validation',
};

/** Reliability before and after temperature scaling, and what is gained by not answering. */
export function scores(results: ReportResults): Markup {
  const { calibration } = results;
  const { before, after } = calibration;
  return html`<section class="card">
<h2>Scores: said against found</h2>
<p class="note">Each bar holds the answers of one range of scores; its height says how many of them were right. If scores are right, each bar ends at the dashed line; the red stroke is the gap. Pale bars hold few answers. Temperature ${calibration.temperature.toFixed(3)}, ${REASONS[calibration.reason]} ${calibration.fittedOn} ${HELD_OUT[results.heldOutBy]}. Predictions have the scores on the right.</p>
<div class="two">
<figure>${reliabilityChart(before, 'Reliability before temperature scaling')}<figcaption>Before: off by <b>${points(before.calibrationError)}</b> on average (ECE), cross-entropy ${before.crossEntropy.toFixed(3)}, Brier score ${before.brierScore.toFixed(3)}</figcaption></figure>
<figure>${reliabilityChart(after, 'Reliability after temperature scaling')}<figcaption>After: off by <b>${points(after.calibrationError)}</b> (perfectly calibrated scores would be off by ${points(calibration.byChance)} on as many pictures), cross-entropy ${after.crossEntropy.toFixed(3)}, Brier score ${after.brierScore.toFixed(3)}</figcaption></figure>
</div>
</section>
<section class="card">
<h2>Unsure answers</h2>
<div class="two">
<figure>${riskCoverageChart(results)}<figcaption>Answer only where the score is high, and fewer answers are wrong. Area ${results.riskCoverage.area.toFixed(4)}; the best possible at this accuracy is ${results.riskCoverage.bestArea.toFixed(4)}.</figcaption></figure>
<div>${rejection(results)}</div>
</div>
</section>`;
}

function rejection({ rejection: found, heldOutBy }: ReportResults): Markup {
  if (found === null) {
    return html`<p>No threshold for “none of these”: there are too few held-out pictures for one.</p>`;
  }
  const { threshold, falseRejectionRate, rejected, accuracyOfAccepted, accuracyOfRejected } = found;
  return html`<p>An answer with a score below <b>${percent(threshold)}</b> is marked <code>rejected</code>: perhaps none of these classes (out of distribution).</p>
<p>The threshold turns away ${percent(falseRejectionRate, 0)} of the ${HELD_OUT[heldOutBy]}; of the pictures judged here it turned away ${percent(rejected.value)} (${percentRange(rejected)}).${accuracyOfAccepted && ` Of the accepted answers ${percent(accuracyOfAccepted.value)} are right`}${accuracyOfRejected && `, of the rejected ones ${percent(accuracyOfRejected.value, 0)} would have been`}.</p>
<p class="note">How many foreign pictures it catches is not measured here: that takes pictures of other things.</p>`;
}
