// What a model confuses: the matrix, the confusions by how often they happen, and the pictures of the one that is chosen.

import { useState } from 'preact/hooks';
import type { WireReport } from '../../../api/report.ts';
import { MistakePicture } from '../parts/mistake-picture.tsx';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.model;
/** Rows of the matrix at most, and columns. */
const MOST_CLASSES = 20;
const MORE_PICTURES = 24;
const MORE_CONFUSIONS = 20;

type Results = NonNullable<WireReport['results']>;

/** Pictures of one class that are named as another. */
interface Confusion {
  readonly actual: number;
  readonly predicted: number;
  readonly count: number;
}

/** All confusions, the most frequent first. */
const confusionsOf = ({ confusion_matrix: matrix }: Results): readonly Confusion[] =>
  matrix
    .flatMap((row, actual) => row.map((count, predicted) => ({ actual, predicted, count })))
    .filter(({ actual, predicted, count }) => count > 0 && actual !== predicted)
    .sort((a, b) => b.count - a.count);

/** The classes of the rows and of the columns: where there are too many, those that show the most frequent confusions. */
function shownClasses(classes: number, confusions: readonly Confusion[]) {
  const all = Array.from({ length: classes }, (_, index) => index);
  if (classes <= MOST_CLASSES) return { rows: all, columns: all };
  const rows = new Set<number>();
  const columns = new Set<number>();
  for (const { actual, predicted } of confusions) {
    const needsRow = !rows.has(actual);
    const needsColumn = !columns.has(predicted);
    if ((needsRow && rows.size === MOST_CLASSES) || (needsColumn && columns.size === MOST_CLASSES)) continue;
    rows.add(actual);
    columns.add(predicted);
  }
  const inOrder = (some: ReadonlySet<number>) => all.filter((index) => some.has(index));
  return { rows: inOrder(rows), columns: inOrder(columns) };
}

interface ConfusionsProps {
  readonly report: WireReport;
  /** The present name of the report's dataset. */
  readonly dataset: string;
  readonly results: Results;
}

/** The view of what a model confuses. */
export function Confusions({ report, dataset, results }: ConfusionsProps) {
  const [cell, setCell] = useState<readonly [number, number]>();
  const [listed, setListed] = useState(MORE_CONFUSIONS);
  const [opened, setOpened] = useState(MORE_PICTURES);
  const confusions = confusionsOf(results);
  const { rows, columns } = shownClasses(results.confusion_matrix.length, confusions);
  const nameOf = (index: number) => report.labels[index] ?? String(index);
  const sumOf = (some: readonly Confusion[]) => some.reduce((sum, { count }) => sum + count, 0);
  const inMatrix = confusions.filter(
    ({ actual, predicted }) => rows.includes(actual) && columns.includes(predicted),
  );
  const pictures =
    cell === undefined
      ? []
      : [...results.mistakes, ...(results.more_mistakes ?? [])].filter(
          ({ label, predicted }) => label === cell[0] && predicted === cell[1],
        );
  /** The button that opens the pictures of a confusion. */
  const choice = ({ actual, predicted, count }: Confusion) => (
    <button
      type="button"
      aria-label={WORDS.cell(count, nameOf(actual), nameOf(predicted))}
      aria-pressed={cell?.[0] === actual && cell[1] === predicted}
      onClick={() => {
        setOpened(MORE_PICTURES);
        setCell([actual, predicted]);
      }}
    >
      {count}
    </button>
  );
  return (
    <section class="card wide" aria-labelledby="confusion-title">
      <div class="card-head">
        <h2 id="confusion-title">{WORDS.confusion}</h2>
      </div>
      <p>{confusions.length > 0 ? WORDS.confusionHelp : WORDS.noConfusion}</p>
      {rows.length < report.labels.length ? (
        <p class="hint">{WORDS.large(sumOf(inMatrix), sumOf(confusions))}</p>
      ) : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it where it is wide. */}
      <section class="scroll" aria-label={WORDS.matrix} tabIndex={0}>
        <table id="confusion">
          <thead>
            <tr>
              <th scope="col">{WORDS.actual}</th>
              {columns.map((index) => (
                <th scope="col" key={index}>
                  {nameOf(index)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((actual) => {
              const row = results.confusion_matrix[actual] ?? [];
              const total = row.reduce((sum, count) => sum + count, 0);
              return (
                <tr key={actual}>
                  <th scope="row">{nameOf(actual)}</th>
                  {columns.map((predicted) => {
                    const count = row[predicted] ?? 0;
                    const isRight = actual === predicted;
                    const strength = total === 0 ? 0 : Math.ceil((4 * count) / total);
                    return (
                      <td key={predicted} class={`${isRight ? 'right' : 'wrong'} s${strength}`}>
                        {count === 0 || isRight ? (
                          <span title={WORDS.cell(count, nameOf(actual), nameOf(predicted))}>
                            {count === 0 ? '' : count}
                          </span>
                        ) : (
                          choice({ actual, predicted, count })
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {confusions.length === 0 ? null : (
        <>
          <h3>{WORDS.frequent}</h3>
          <ol id="confusions" class="rows">
            {confusions.slice(0, listed).map(({ actual, predicted, count }) => (
              <li key={`${actual} ${predicted}`}>
                <span class="name">
                  {nameOf(actual)} → {nameOf(predicted)}
                </span>
                {choice({ actual, predicted, count })}
              </li>
            ))}
          </ol>
          {confusions.length > listed ? (
            <button id="more-confusions" type="button" onClick={() => setListed(listed + MORE_CONFUSIONS)}>
              {WORDS.showMore(confusions.length - listed)}
            </button>
          ) : null}
        </>
      )}
      {cell === undefined ? null : (
        <div id="cell" role="status">
          <h3>{WORDS.cellTitle(nameOf(cell[0]), nameOf(cell[1]))}</h3>
          {pictures.length === 0 ? <p class="empty">{WORDS.cellEmpty}</p> : null}
          <ul class="side-by-side">
            {pictures.slice(0, opened).map((picture) => (
              <li key={picture.key}>
                <MistakePicture report={report} dataset={dataset} picture={picture} />
              </li>
            ))}
          </ul>
          {pictures.length > opened ? (
            <button type="button" onClick={() => setOpened(opened + MORE_PICTURES)}>
              {WORDS.showMore(pictures.length - opened)}
            </button>
          ) : null}
        </div>
      )}
    </section>
  );
}
