// `fovea evaluate`: judges a model by the labelled pictures of a dataset, and says how often it is right and what it confuses.

import type { EvaluateModelBody, WireEvaluation } from '../../api/batch.ts';
import { firstOf, percent } from '../../core/words/quantities.ts';
import type { Session } from '../context/session.ts';
import { FailedError } from '../terminal/exit-codes.ts';
import { newTable } from '../terminal/plain-table.ts';
import { countOf, percentWithin } from '../terminal/words.ts';
import { followBatch, requireCompleted } from './batches.ts';
import { inspect } from './datasets.ts';

/** The options of `fovea evaluate`. */
export interface EvaluateOptions {
  /** Which pictures of the dataset. */
  readonly split: NonNullable<EvaluateModelBody['split']>;
  /** The accuracy below which the command fails, 0 to 1. */
  readonly failUnder?: number;
}

const SHOWN_CONFUSIONS = 5;
const NAMED = 5;

/**
 * Judges a version by a dataset: waits for the batch that does it.
 * @throws {FailedError} where the batch does not complete, the accuracy is below `failUnder`, or no picture counts and there is one.
 * @throws {InterruptedError} after a signal, while the batch goes on.
 */
export async function runEvaluate(
  session: Session,
  model: string,
  dataset: string,
  { split, failUnder }: EvaluateOptions,
): Promise<void> {
  const { client, output } = session;
  // Reads the pictures in as many requests as it takes; then the evaluation begins at once.
  await inspect(client, output, dataset, 'full');
  const batch = await followBatch(session, await client.models.evaluate(model, { dataset, split }));
  requireCompleted(batch);
  const { evaluation } = batch;
  if (evaluation === null)
    throw new FailedError(`The batch ${batch.id} has no evaluation: its results are kept no longer.`);
  const accuracy = evaluation.results?.accuracy.value;
  output.answer({
    json: batch,
    text: () => `${batch.model}:${batch.model_version} on ${describe(evaluation)}`,
    short: () => String(accuracy ?? ''),
  });
  if (failUnder !== undefined && !(accuracy !== undefined && accuracy >= failUnder))
    throw new FailedError(
      accuracy === undefined
        ? 'No picture counts, so the accuracy is not known.'
        : `The accuracy ${percent(accuracy)} is below ${percent(failUnder)}.`,
    );
}

/** What an evaluation found, for people. */
function describe({ dataset, split, results, seen, failed, ...found }: WireEvaluation): string {
  const head = `"${dataset}"${split === 'all' ? '' : `, split ${split}`}`;
  const left = (seen?.train ?? 0) + (seen?.validation ?? 0);
  const notes = [
    left === 0 ? '' : `${countOf(left, 'picture')} that it learned from or was steered by are left out.`,
    seen === null ? 'It is not known which pictures it learned from: they count, if there are some.' : '',
    failed === 0 ? '' : `${countOf(failed, 'picture')} could not be predicted.`,
    found.unknown_classes.length === 0
      ? ''
      : `Left out, as the model has no such class: ${firstOf(
          found.unknown_classes.map(({ label, pictures }) => `${label} (${pictures})`),
          NAMED,
        )}.`,
    found.absent_classes.length === 0 ? '' : `Without a picture: ${firstOf(found.absent_classes, NAMED)}.`,
  ].filter((note) => note !== '');
  if (results === null) return [`${head}: no picture counts.`, ...notes].join('\n');
  const table = newTable(['class', 'pictures', 'right', 'precision', 'F1'], 1);
  for (const { label, support, recall, precision, f1 } of results.classes)
    table.push([
      label,
      support,
      percentWithin(recall),
      precision === null ? '–' : percent(precision.value),
      f1 === null ? '–' : percent(f1.value),
    ]);
  const confusions = results.confusions
    .slice(0, SHOWN_CONFUSIONS)
    .map(({ label, predicted, count, share }) => `  ${label} → ${predicted}  ${count} (${percent(share)})`);
  return [
    `${head}: right on ${percentWithin(results.accuracy)} of ${countOf(results.pictures, 'picture')}.`,
    ...notes,
    '',
    table.toString(),
    '',
    ...(confusions.length === 0 ? ['It confuses nothing.'] : ['Confuses most', ...confusions]),
  ].join('\n');
}
