// Versions of a model side by side: what their reports say, the pictures on which they differ, and which of them answers.

import type { WireModelAlias, WireModelComparison, WireModelVersion } from '../../../api/model-version.ts';
import { take } from '../../../client/pages.ts';
import { dollars, percent, size } from '../../../core/words/quantities.ts';
import { useAsked } from '../parts/asked.ts';
import { changeVersion } from '../parts/change-version.ts';
import { Failure, ShowOutcome, useOutcome } from '../parts/notice.tsx';
import { pathOfKey, Thumbnail } from '../parts/picture.tsx';
import { usePresentName } from '../parts/present-name.ts';
import { goTo, route, toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { TEXTS } from '../words/texts.ts';

const WORDS = TEXTS.compare;
/** As many as the API compares. */
const MOST_COMPARED = 8;
const MOST_VERSIONS = 50;
const MOST_PICTURES = 24;
const THUMB = 160;

type Compared = WireModelComparison['data'][number];

/** The view. */
export function Compare({ model }: { readonly model: string }) {
  const versions = useAsked(
    (signal) => take(client.value.models.versions(model, { signal, pageSize: MOST_VERSIONS }), MOST_VERSIONS),
    [model],
  );
  const all = versions.value ?? [];
  const asked = route.value.query.get('versions');
  const chosen = asked === null ? firstTwo(all) : asked.split(',').filter((one) => one !== '');
  const isEnough = chosen.length > 1;
  const compared = useAsked(
    async (signal) => (isEnough ? client.value.models.compare(model, chosen, { signal }) : undefined),
    [model, ...chosen],
    { isLasting: true },
  );
  const aliases = useAsked((signal) => client.value.models.aliases(model, { signal }), [model]);
  const mayGoBack = all.length > 1;
  const goesBack = useAsked(
    async (signal) => mayGoBack && client.value.models.canRollBack(model, { signal }),
    [model, String(mayGoBack)],
  );
  const { outcome, say, fail } = useOutcome();
  const use = (send: () => Promise<{ readonly version: string | null }>) =>
    changeVersion(model, { send, say, fail, again: () => Promise.all([aliases.again(), goesBack.again()]) });
  const canary = aliases.value?.find(({ alias }) => alias === 'canary');
  return (
    <>
      <section class="card wide" aria-labelledby="compare-title">
        <div class="card-head">
          <h1 id="compare-title">
            <a href={toHash(['models', model])}>{model}</a> · {WORDS.open}
          </h1>
          {goesBack.value === true || canary !== undefined ? (
            <button
              id="roll-back"
              type="button"
              onClick={() => void use(() => client.value.models.rollBack(model))}
            >
              {canary === undefined ? TEXTS.model.rollBack : WORDS.endCanary}
            </button>
          ) : null}
        </div>
        <Failure error={versions.error} retry={versions.again} />
        {versions.error === undefined ? <Failure error={aliases.error} retry={aliases.again} /> : null}
        {versions.error === undefined ? <Failure error={compared.error} retry={compared.again} /> : null}
        <ShowOutcome outcome={outcome} />
        {all.length === 1 ? <p>{WORDS.one}</p> : null}
        {all.length < 2 ? null : <Choices model={model} all={all} chosen={chosen} />}
        {isEnough || versions.value === undefined ? null : <p>{WORDS.few}</p>}
        {compared.value === undefined ? null : (
          <>
            <Verdict compared={compared.value} />
            <Table
              compared={compared.value}
              aliases={aliases.value ?? []}
              promote={(version) => void use(() => client.value.models.promote(model, { version }))}
            />
          </>
        )}
      </section>
      {compared.value === undefined ? null : <Differing compared={compared.value} />}
    </>
  );
}

/** The live version and the newest other one. */
function firstTwo(all: readonly WireModelVersion[]): readonly string[] {
  const live = all.find(({ aliases }) => aliases.includes('live')) ?? all[0];
  const other = all.find((one) => one !== live);
  return live === undefined || other === undefined ? [] : [live.version, other.version];
}

interface ChoicesProps {
  readonly model: string;
  readonly all: readonly WireModelVersion[];
  readonly chosen: readonly string[];
}

const Choices = ({ model, all, chosen }: ChoicesProps) => (
  <fieldset id="compared">
    <legend>{WORDS.choose}</legend>
    <span class="actions">
      {all.map(({ version }) => {
        const isChosen = chosen.includes(version);
        return (
          <label key={version}>
            <input
              type="checkbox"
              checked={isChosen}
              disabled={!isChosen && chosen.length >= MOST_COMPARED}
              onChange={() => {
                const next = isChosen ? chosen.filter((one) => one !== version) : [...chosen, version];
                goTo(['models', model, 'compare'], { versions: next.join(',') });
              }}
            />{' '}
            {TEXTS.models.version(version)}
          </label>
        );
      })}
    </span>
  </fieldset>
);

function Verdict({ compared }: { readonly compared: WireModelComparison }) {
  const { data, same_pictures: samePictures, same_classes: sameClasses, differing } = compared;
  const [first, second] = data;
  const rightMore =
    differing === null || first === undefined || second === undefined
      ? undefined
      : differing.filter(({ wrong }) => wrong.includes(second.version)).length -
        differing.filter(({ wrong }) => wrong.includes(first.version)).length;
  const overlaps =
    first?.accuracy != null &&
    second?.accuracy != null &&
    (first.accuracy.low ?? 0) <= (second.accuracy.high ?? 0) &&
    (second.accuracy.low ?? 0) <= (first.accuracy.high ?? 0);
  return (
    <div id="compare-verdict">
      {data.length === 2 && first !== undefined && second !== undefined && rightMore !== undefined ? (
        <p class="lead">
          {rightMore < 0
            ? WORDS.better(second.version, first.version, -rightMore)
            : WORDS.better(first.version, second.version, rightMore)}
        </p>
      ) : null}
      <p>
        {samePictures ? WORDS.samePictures : WORDS.otherPictures} {sameClasses ? '' : WORDS.otherClasses}{' '}
        {overlaps && rightMore !== 0 ? WORDS.overlap : ''}
      </p>
    </div>
  );
}

interface TableProps {
  readonly compared: WireModelComparison;
  readonly aliases: readonly WireModelAlias[];
  readonly promote: (version: string) => void;
}

type Share = Compared['accuracy'];
const shareWords = (share: Share | undefined) =>
  share == null || share.value === null
    ? WORDS.none
    : WORDS.share({ value: share.value, low: share.low ?? 0, high: share.high ?? 1 });

/** The columns whose number is the best; none where all are alike. */
function bestOf(values: readonly (number | null | undefined)[], isSmallest = false): readonly boolean[] {
  const known = values.filter((value) => value != null);
  const best = isSmallest ? Math.min(...known) : Math.max(...known);
  const isAlike = known.every((value) => value === best);
  return values.map((value) => !isAlike && value === best);
}

interface Row {
  readonly name: string;
  readonly cells: readonly string[];
  readonly best?: readonly boolean[];
}

function rowsOf({ data, same_classes: sameClasses }: WireModelComparison): readonly Row[] {
  const shares = (name: string, of: (one: Compared) => Share | undefined): Row => ({
    name,
    cells: data.map((one) => shareWords(of(one))),
    best: bestOf(data.map((one) => of(one)?.value)),
  });
  const rows: readonly Row[] = [
    shares(WORDS.accuracy, ({ accuracy }) => accuracy),
    shares(WORDS.balanced, ({ balanced_accuracy: balanced }) => balanced),
    {
      name: WORDS.calibration,
      cells: data.map(({ calibration_error: error }) => (error === null ? WORDS.none : percent(error))),
      best: bestOf(
        data.map(({ calibration_error: error }) => error),
        true,
      ),
    },
    {
      name: WORDS.judged,
      cells: data.map(({ pictures, judged_on: of }) =>
        pictures === null ? WORDS.none : WORDS.pictures(pictures, of),
      ),
    },
    { name: WORDS.network, cells: data.map(({ architecture }) => architecture) },
    { name: WORDS.size, cells: data.map(({ size_bytes: bytes }) => size(bytes)) },
    {
      name: WORDS.cost,
      cells: data.map(({ cost_usd: usd }) => (usd === null ? WORDS.unknown : dollars(usd))),
    },
  ];
  const classes = sameClasses ? (data[0]?.classes ?? []) : [];
  return [
    ...rows,
    ...classes.map(({ label }) =>
      shares(WORDS.recall(label), (one) => one.classes.find((of) => of.label === label)?.recall),
    ),
  ];
}

function Table({ compared, aliases, promote }: TableProps) {
  const standsFor = (name: string) => aliases.find(({ alias }) => alias === name);
  const live = standsFor('live')?.version;
  const canary = standsFor('canary');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it where it is wide.
    <section class="scroll" aria-label={WORDS.table} tabIndex={0}>
      <table id="comparison" class="numbers">
        <thead>
          <tr>
            <th scope="col">{WORDS.property}</th>
            {compared.data.map(({ version }) => (
              <th key={version} scope="col">
                <a href={toHash(['models', compared.model], { version })}>{TEXTS.models.version(version)}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{WORDS.status}</th>
            {compared.data.map(({ version }) => (
              <td key={version}>
                {version === live ? (
                  <span class="status succeeded">{TEXTS.model.live}</span>
                ) : (
                  <button
                    type="button"
                    class="small"
                    aria-label={TEXTS.model.promoteLabel(version)}
                    onClick={() => promote(version)}
                  >
                    {TEXTS.model.promote}
                  </button>
                )}
                {version === canary?.version ? <div>{WORDS.canary(canary.share ?? 0)}</div> : null}
              </td>
            ))}
          </tr>
          {rowsOf(compared).map(({ name, cells, best }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {cells.map((cell, index) => (
                <td key={compared.data[index]?.version} class={best?.[index] ? 'best-cell' : ''}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Differing({ compared }: { readonly compared: WireModelComparison }) {
  const { differing, data } = compared;
  const versions = data.map(({ version }) => version);
  const trainedOn = data[0]?.dataset ?? '';
  const dataset = usePresentName(trainedOn);
  return (
    <section class="card wide" aria-labelledby="differing-title">
      <div class="card-head">
        <h2 id="differing-title">{WORDS.differing}</h2>
      </div>
      {differing === null ? <p>{WORDS.unknownDiffering}</p> : null}
      {differing?.length === 0 ? <p>{WORDS.noDiffering}</p> : null}
      <ul id="differing" class="side-by-side">
        {differing?.slice(0, MOST_PICTURES).map(({ key, wrong }) => {
          const path = pathOfKey(trainedOn, key);
          return path === undefined || dataset === undefined ? null : (
            <li key={key}>
              <Thumbnail dataset={dataset} path={path} size={THUMB} />
              <span class="facts">
                {path}.{' '}
                {WORDS.differingFacts(
                  versions.filter((version) => !wrong.includes(version)),
                  wrong,
                )}
              </span>
            </li>
          );
        })}
      </ul>
      {differing !== null && differing.length > MOST_PICTURES ? (
        <p class="hint">{TEXTS.model.cellMore(differing.length - MOST_PICTURES)}</p>
      ) : null}
    </section>
  );
}
