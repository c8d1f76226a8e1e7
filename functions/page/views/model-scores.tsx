// How far the scores of a model can be trusted: what a threshold would change, and how often answers of a score are right.

import { scaleLinear } from 'd3-scale';
import { useState } from 'preact/hooks';
import type { WireReport } from '../../../api/report.ts';
import { scoresInWords } from '../../../api/scores-in-words.ts';
import { percent, percentBelowAll, whole } from '../../../core/words/quantities.ts';
import { ScrollTable } from '../parts/scroll-table.tsx';
import { keepInAddress, readQuery } from '../state/route.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.scores;

type Results = NonNullable<WireReport['results']>;

interface ResultsProps {
  readonly results: Results;
}

interface ReportProps extends ResultsProps {
  readonly report: WireReport;
}

/** What becomes of all pictures where answers below a threshold are set aside, as shares of them. */
interface Effect {
  readonly aside: number;
  readonly wrong: number;
}

function effectOf({ risk_coverage: { points } }: Results, threshold: number): Effect {
  // From the surest answers on.
  const last = points.findLast(({ confidence }) => confidence >= threshold);
  return last === undefined
    ? { aside: 1, wrong: 0 }
    : { aside: 1 - last.coverage, wrong: last.coverage * last.risk };
}

/** The threshold that the address keeps, 0 to 1; undefined where it keeps none. */
function readThreshold(): number | undefined {
  const kept = Number.parseFloat(readQuery().get('threshold') ?? '');
  return kept >= 0 && kept <= 1 ? kept : undefined;
}

const STEPS = 100;
const BAR_HEIGHT = 6;

/** A threshold to move, with its consequences in words. */
export function Threshold({ report, results }: ReportProps) {
  const used = results.rejection?.threshold ?? null;
  const [moved, setMoved] = useState(readThreshold);
  const move = (to: number | undefined) => {
    setMoved(to);
    const { threshold: _, ...others } = Object.fromEntries(readQuery());
    keepInAddress({ ...others, ...(to === undefined ? {} : { threshold: String(to) }) });
  };
  const threshold = moved ?? used ?? 0;
  const before = effectOf(results, used ?? 0);
  const now = effectOf(results, threshold);
  const words = WORDS.effect(threshold, now.aside, now.wrong);
  const isMoved = moved !== undefined && moved !== used;
  return (
    <section class="card wide" aria-labelledby="threshold-title">
      <div class="card-head">
        <h2 id="threshold-title">{WORDS.threshold}</h2>
        {isMoved ? (
          <button id="threshold-back" type="button" onClick={() => move(undefined)}>
            {used === null ? WORDS.noneBefore : WORDS.back(used)}
          </button>
        ) : null}
      </div>
      <p>{WORDS.thresholdHelp}</p>
      <label class="slider">
        <span>{WORDS.slider}</span>
        <input
          id="threshold"
          type="range"
          min={0}
          max={STEPS}
          step={1}
          value={threshold * STEPS}
          aria-valuetext={words}
          onInput={({ currentTarget }) => move(Number(currentTarget.value) / STEPS)}
        />
        <output>{percentBelowAll(threshold)}</output>
      </label>
      <svg
        class="shares"
        viewBox={`0 0 ${STEPS} ${BAR_HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect class="right" width={STEPS * (1 - now.aside - now.wrong)} height={BAR_HEIGHT} />
        <rect
          class="wrong"
          x={STEPS * (1 - now.aside - now.wrong)}
          width={STEPS * now.wrong}
          height={BAR_HEIGHT}
        />
      </svg>
      <ul class="legend">
        {(['right', 'wrong', 'aside'] as const).map((part) => (
          <li key={part} class={part}>
            {WORDS.parts[part]}
          </li>
        ))}
      </ul>
      <div id="threshold-effect" role="status">
        <p class="lead">{words}</p>
        <p>
          {isMoved ? WORDS.change(before, now, used) : used === null ? WORDS.noThreshold : WORDS.isUsed}{' '}
          {results.rejection === null || isMoved
            ? null
            : WORDS.thresholdFrom(results.rejection.false_rejection_rate, results.calibration.fitted_on)}{' '}
          {WORDS.thresholdBasis(results.accuracy.trials, report.judged_on)}
        </p>
      </div>
      <p class="hint">{WORDS.thresholdUse}</p>
    </section>
  );
}

const WIDTH = 420;
const HEIGHT = 240;
const LEFT = 50;
const BOTTOM = 40;
const EDGE = 8;
/** Room for half of the last number below the axis. */
const RIGHT = 22;
const TICKS = 5;
/** Between two bars. */
const GAP = 1;

/** A reliability diagram with the number of pictures of each bar, in words first. */
export function Reliability({ report, results }: ReportProps) {
  const filled = results.calibration.after.bins.filter(({ count }) => count > 0);
  const x = scaleLinear([0, 1], [LEFT, WIDTH - RIGHT]);
  const y = scaleLinear([0, 1], [HEIGHT - BOTTOM, EDGE + GAP]);
  const { verdict, reason } = scoresInWords(report, results);
  const words = `${verdict} ${reason}`;
  return (
    <section class="card wide" aria-labelledby="reliability-title">
      <div class="card-head">
        <h2 id="reliability-title">{WORDS.reliabilityTitle}</h2>
      </div>
      <p id="score-trust">
        <b>{verdict}</b> {reason}
      </p>
      <figure class="chart">
        <svg
          id="reliability"
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          role="img"
          aria-label={`${WORDS.diagram} ${words}`}
        >
          {y.ticks(TICKS).map((tick) => (
            <g key={tick}>
              <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
              <text class="tick" x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
                {WORDS.tick(tick)}
              </text>
            </g>
          ))}
          {x.ticks(TICKS).map((tick) => (
            <text class="tick" key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
              {WORDS.tick(tick)}
            </text>
          ))}
          <text class="tick" x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} text-anchor="middle">
            {WORDS.score}
          </text>
          {filled.map(({ low, high, count, accuracy }) => (
            <g key={low}>
              <title>{WORDS.bin(low, high, count, accuracy ?? 0)}</title>
              <rect
                class="bin"
                x={x(low) + GAP}
                width={x(high) - x(low) - 2 * GAP}
                y={y(accuracy ?? 0)}
                height={y(0) - y(accuracy ?? 0)}
              />
              <text class="tick count" x={(x(low) + x(high)) / 2} y={y(0) - 4} text-anchor="middle">
                {whole(count)}
              </text>
            </g>
          ))}
          <line class="curve training" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        </svg>
      </figure>
      <details>
        <summary>{WORDS.numbers}</summary>
        <ScrollTable label={WORDS.diagram} columns={WORDS.columns}>
          {filled.map(({ low, high, count, confidence, accuracy }) => (
            <tr key={low}>
              <th scope="row">{WORDS.range(low, high)}</th>
              <td>{whole(count)}</td>
              <td>{percent(confidence ?? 0)}</td>
              <td>{percent(accuracy ?? 0)}</td>
            </tr>
          ))}
        </ScrollTable>
      </details>
    </section>
  );
}
