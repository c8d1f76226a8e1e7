// The report's sections on training: the curves, the settings, and what it takes to train the model again.

import { describeDecoding, describePreprocessing, describeResize } from '../../../core/image/model-input.ts';
import { describeStages, type ResolvedRecipe } from '../../../core/job/recipe/recipe.ts';
import { describeTrial } from '../../../core/job/recipe/sweep.ts';
import type { Report, SecondStage } from '../../../core/model/report.ts';
import { trainingChart } from '../charts/training-chart.ts';
import { plural, utc } from '../markup/format.ts';
import { type Fragment, html, type Markup } from '../markup/markup.ts';

const HUNDRED = 100;

/** Loss and accuracy over the epochs; null where no epoch is known. */
export function curves({ training: { history } }: Report): Markup | null {
  if (history.length === 0) return null;
  return html`<section class="card">
<h2>Training</h2>
<p class="note"><span class="key first"></span>training split <span class="key second"></span>validation split</p>
<div class="two">
<figure>${trainingChart(history, {
    title: 'loss',
    train: (epoch) => epoch.trainLoss,
    validation: (epoch) => epoch.validationLoss,
    format: (value) => String(value),
  })}</figure>
<figure>${trainingChart(history, {
    title: 'right, %',
    train: (epoch) => epoch.trainAccuracy,
    validation: (epoch) => epoch.validationAccuracy,
    format: (value) => (HUNDRED * value).toFixed(0),
    top: 1,
  })}</figure>
</div>
</section>`;
}

/** Settings, versions and parity, as a list of facts. */
export function making(report: Report): Markup {
  const { training, parity, dataset } = report;
  const { input } = training;
  const entries = (values: Readonly<Record<string, string | number>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · ');
  return html`<section class="card">
<h2>How it was made</h2>
<dl>
${fact('Job', html`<code>${report.jobId}</code>, ${utc(report.createdAt)}`)}
${fact('Architecture', report.architecture)}
${training.baseChoice && fact('Why this one', training.baseChoice.reasons.join(' '))}
${report.backbone && fact('Backbone', html`imported, sha256 <code class="hash">${report.backbone.sha256}</code>; its layers were frozen. Such a model has no heatmap, no files for TensorFlow.js and no reduced-precision variants.`)}
${fact('Input', `${input.height} × ${input.width} × ${input.channels}, preprocessing ${describePreprocessing(input.preprocessing)}, resize ${describeResize(input)}, decoding ${describeDecoding(input)}`)}
${fact('Data', html`${dataset.name}, sha256 <code class="hash">${dataset.contentHash}</code>`)}
${fact('Seed', training.seed)}
${fact('Settings', entries(training.hyperparameters))}
${training.resolved && fact('Decided', decisions(training.resolved))}
${training.secondStage && fact('Second stage', gained(training.secondStage))}
${training.remedies.length > 0 && fact('Out-of-memory remedies', remedies(training.remedies))}
${training.trials.length > 0 && fact('Tried', trials(training.trials))}
${fact('Split', entries(training.split))}
${fact('Trained on', `${training.backend}${training.devices.length > 0 ? `: ${training.devices.join(', ')}` : ''}`)}
${fact('Versions', entries(training.versions))}
${fact(
  'Parity',
  html`The served model and the trainer were compared on ${plural(parity.pictures, 'picture')}: no probability differs by more than <b>${parity.maxDifference.toExponential(1)}</b> (allowed: ${parity.allowed}).${parity.tfjsMaxDifference !== null && html` TensorFlow.js differs from it by at most <b>${parity.tfjsMaxDifference.toExponential(1)}</b> on the golden pictures.`} Whoever loads the model checks ${plural(parity.goldenPictures, 'golden picture')} again.`,
)}
</dl>
</section>`;
}

/** The resolved recipe, stage by stage, with its reasons. */
const decisions = (resolved: ResolvedRecipe): Fragment => [
  describeStages(resolved).map((stage) => html`${stage}<br>`),
  `imbalance: ${resolved.imbalance.replaceAll('_', ' ')} · views of a picture: ${resolved.featureViews + 1}`,
  resolved.reasons.map((reason) => html`<br>${reason}`),
];

/** What training the pretrained layers gained on the pictures held out. */
const gained = ({ isKept, ...by }: SecondStage): string =>
  `Training the pretrained layers ${isKept ? 'is kept' : 'is not kept: it gained too little'}. On the pictures held out, the loss ` +
  `${by.lossGain < 0 ? 'rose' : 'fell'} at best by ${Math.abs(by.lossGain).toFixed(3)} ± ${by.lossGainError.toFixed(3)}, and ${(HUNDRED * by.accuracyAfter).toFixed(1)} % ` +
  `were right instead of ${(HUNDRED * by.accuracyBefore).toFixed(1)} %.`;

/** The out-of-memory remedies that were taken, in order. */
const remedies = (taken: Report['training']['remedies']): Fragment =>
  taken.map(({ stage, gaveUp }, index) => html`${index > 0 && html`<br>`}${stage}: ${gaveUp}`);

/** The trials of a sweep, the lowest loss on pictures held out first. */
const trials = (tried: Report['training']['trials']): Fragment => [
  tried
    .toSorted((a, b) => a.validationLoss - b.validationLoss)
    .map(
      ({ settings, validationLoss, validationAccuracy, balancedLoss, isChosen }) =>
        html`${describeTrial(settings)}: loss on pictures held out ${validationLoss.toFixed(4)}${balancedLoss !== undefined && `, every class counted alike ${balancedLoss.toFixed(4)}`}, ${(HUNDRED * validationAccuracy).toFixed(1)} % right${isChosen && html` · <b>chosen</b>`}<br>`,
    ),
  'Chosen on pictures held out; the test had no part in it.',
];

const fact = (name: string, value: Fragment) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
