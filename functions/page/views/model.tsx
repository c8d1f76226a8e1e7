// One model: the verdict in words first, its versions, what it confuses with the pictures, its classes and scores, labels to check, and code to call it.

import { useState } from 'preact/hooks';
import type { WireModelVersion } from '../../../api/model-version.ts';
import type { WireReport } from '../../../api/report.ts';
import { accuracyInWords, remarksInWords } from '../../../api/scores-in-words.ts';
import { ApiError } from '../../../client/api-error.ts';
import { take } from '../../../client/pages.ts';
import { useAsked } from '../parts/asked.ts';
import { changeVersion } from '../parts/change-version.ts';
import { EraseButton } from '../parts/erase-button.tsx';
import { Lacks } from '../parts/lacks.tsx';
import { type Mistake, MistakePicture } from '../parts/mistake-picture.tsx';
import { NotUsed } from '../parts/not-used.tsx';
import { Failure, isGone, ShowOutcome, useOutcome } from '../parts/notice.tsx';
import { usePresentName } from '../parts/present-name.ts';
import { mayDelete, mayTrain } from '../state/access.ts';
import { makeChange } from '../state/changes.ts';
import { refresh } from '../state/lists.ts';
import { route, toHash } from '../state/route.ts';
import { apiKey, client } from '../state/session.ts';
import { moment } from '../words/format.ts';
import { TEXTS } from '../words/texts.ts';
import { Mend, type Mended } from './dataset.tsx';
import { Feedback } from './feedback.tsx';
import { Confusions } from './model-confusions.tsx';
import { Reliability, Threshold } from './model-scores.tsx';
import { FileLink } from './models.tsx';

const WORDS = TEXTS.model;
const MOST_VERSIONS = 50;
const MOST_PICTURES = 24;
const MOST_CLASSES = 20;

type Results = NonNullable<WireReport['results']>;

const hasNoReport = (error: unknown) => error instanceof ApiError && error.code === 'report-not-found';

/** The view. */
export function Model({ model }: { readonly model: string }) {
  const { outcome, say, fail } = useOutcome();
  const versions = useAsked(
    (signal) => take(client.value.models.versions(model, { signal, pageSize: MOST_VERSIONS }), MOST_VERSIONS),
    [model],
  );
  const live = versions.value?.find(({ aliases }) => aliases.includes('live')) ?? versions.value?.[0];
  const newest = versions.value?.[0];
  const isUnused = newest !== undefined && newest !== live && newest.job !== '';
  // Its training said why it is not used.
  const events = useAsked(
    async (signal) =>
      isUnused && mayTrain.value === true
        ? client.value.jobs.eventsSince(newest.job, undefined, { signal })
        : [],
    [newest?.job, String(isUnused), String(mayTrain.value)],
    { isLasting: true },
  );
  const asked = route.value.query.get('version');
  const isUnlisted = asked !== null && versions.value?.every((one) => one.version !== asked) === true;
  // The list has the newest versions alone.
  const unlisted = useAsked(
    async (signal) => isUnlisted && client.value.models.get(`${model}:${asked}`, { signal }),
    [model, asked, String(isUnlisted)],
  );
  const isVersionGone = isGone(unlisted.error);
  const version = isVersionGone ? undefined : (asked ?? live?.version);
  const shown = versions.value?.find((one) => one.version === version);
  // What is known not to be there, or not to be allowed, is not asked for.
  const hasReport = shown === undefined ? undefined : shown.report !== null;
  const isAllowed = mayTrain.value;
  const report = useAsked(
    async (signal) =>
      version === undefined || hasReport !== true || isAllowed !== true
        ? undefined
        : client.value.models.report(`${model}:${version}`, { signal }),
    [model, version, String(hasReport), String(isAllowed)],
    { isLasting: true },
  );
  const dataset = usePresentName(shown?.dataset ?? report.value?.dataset.name);
  const mended = { say, fail, again: () => undefined };
  return (
    <>
      <section class="card wide" aria-labelledby="model-title">
        <div class="card-head">
          <h1 id="model-title">
            {model} {version === undefined ? '' : `· ${TEXTS.models.version(version)}`}
          </h1>
          {version === undefined ? null : (
            <a class="button primary" href={toHash(['try'], { model: `${model}:${version}` })}>
              {WORDS.tryIt}
            </a>
          )}
          {report.value === undefined || shown?.report == null ? null : (
            <FileLink path={`${shown.report}?format=html`} name={`${model}-${shown.version}-report.html`}>
              {TEXTS.models.report}
            </FileLink>
          )}
        </div>
        <Failure error={versions.error} retry={versions.again} />
        {isVersionGone ? (
          <div id="version-gone" class="error" role="alert">
            <p>{WORDS.versionGone(model, asked ?? '')}</p>
            <a class="button" href={toHash(['models', model])}>
              {WORDS.seeLive}
            </a>
          </div>
        ) : null}
        <NotUsed
          model={model}
          live={live?.version}
          events={events.value ?? []}
          say={say}
          fail={fail}
          again={versions.again}
        />
        <ShowOutcome outcome={outcome} />
        <Lacks
          scope={isAllowed === false ? 'train' : 'admin'}
          to={isAllowed === false ? TEXTS.access.judged : TEXTS.access.model}
        />
        {hasReport === false || hasNoReport(report.error) ? (
          <p id="no-report">
            {WORDS.noReport} <code>{`fovea evaluate ${model}:${version ?? ''} DATASET`}</code>
          </p>
        ) : (
          <Failure error={report.error} retry={report.again} />
        )}
        {report.value === undefined ? null : <Verdict report={report.value} />}
      </section>
      {versions.value === undefined ? null : (
        <Versions
          model={model}
          versions={versions.value}
          shown={version}
          say={say}
          fail={fail}
          again={versions.again}
        />
      )}
      {dataset === undefined ? null : <Feedback key={dataset} model={model} dataset={dataset} />}
      {report.value?.results == null ? null : (
        <>
          <Confusions
            report={report.value}
            dataset={dataset ?? report.value.dataset.name}
            results={report.value.results}
          />
          <ClassBars report={report.value} results={report.value.results} />
          <Threshold key={version} report={report.value} results={report.value.results} />
          <Reliability report={report.value} results={report.value.results} />
        </>
      )}
      {report.value === undefined || dataset === undefined ? null : (
        <ToCheck report={report.value} dataset={dataset} mended={mended} />
      )}
      {version === undefined ? null : (
        <Code model={model} version={version} isLive={version === live?.version} />
      )}
    </>
  );
}

function Verdict({ report }: { readonly report: WireReport }) {
  if (report.results === null) return <p>{WORDS.noResults}</p>;
  const { verdict, reason } = accuracyInWords(report, report.results);
  return (
    <div id="verdict">
      <p class="lead">{verdict}</p>
      <p>{reason}</p>
      {remarksInWords(report, report.results).map(({ about, isWarning, text }) => (
        <p key={about} class={isWarning ? 'caution' : ''} data-about={about}>
          {text}{' '}
          {about === 'labels' ? (
            <button
              type="button"
              class="small"
              onClick={() => document.getElementById('suspects-title')?.scrollIntoView()}
            >
              {WORDS.suspects}
            </button>
          ) : null}
        </p>
      ))}
    </div>
  );
}

interface ResultProps {
  readonly report: WireReport;
  readonly results: Results;
}

function ClassBars({ report, results }: ResultProps) {
  const rows = results.classes
    .map(({ recall }, index) => ({ label: report.labels[index] ?? String(index), recall }))
    .sort((a, b) => (a.recall?.value ?? 2) - (b.recall?.value ?? 2));
  return (
    <section class="card" aria-labelledby="class-bars-title">
      <div class="card-head">
        <h2 id="class-bars-title">{WORDS.classes}</h2>
      </div>
      <ol id="class-bars" class="bars">
        {rows.slice(0, MOST_CLASSES).map(({ label, recall }) => (
          <li key={label}>
            <span class="label" title={label}>
              {label}
            </span>
            <span class="score">
              {recall === null ? WORDS.untested : WORDS.recall(recall.value, recall.successes, recall.trials)}
            </span>
            <progress max={1} value={recall?.value ?? 0} aria-label={label} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Digits of a picture's hash in the id of a finding. */
const ID_DIGITS = 16;
/** As which a label that was found right is kept: by the picture's content. Reports of earlier versions do not have its hash. */
const keptId = ({ sha256 }: Mistake) =>
  sha256 === undefined ? undefined : `suspected-label:${sha256.slice(0, ID_DIGITS)}`;

/** Keyboards go on with what took the place of an item that is gone. */
const focusItem = (list: string, at: number) =>
  setTimeout(() => {
    const items = document.querySelectorAll(`#${list} > li`);
    const next = items[Math.min(at, items.length - 1)]?.querySelector<HTMLElement>('button, select');
    (next ?? document.getElementById('page-main'))?.focus();
  });

interface ToCheckProps {
  readonly report: WireReport;
  /** The present name of the report's dataset. */
  readonly dataset: string;
  readonly mended: Mended;
}

/** Mistakes and suspected labels, each with its mend. */
function ToCheck({ report, dataset, mended }: ToCheckProps) {
  const [gone, setGone] = useState<readonly string[]>([]);
  const [right, setRight] = useState<readonly string[]>([]);
  const { value: kept, error: keptError } = useAsked(
    (signal) => client.value.datasets.kept(dataset, { signal }),
    [dataset],
  );
  const isKept = (picture: Mistake) => {
    const id = keptId(picture);
    return right.includes(picture.key) || (id !== undefined && kept?.includes(id) === true);
  };
  const keep = (picture: Mistake, path: string, focusNext: () => void) => {
    const id = keptId(picture);
    return makeChange(`keep ${picture.key}`, {
      send: async () => {
        if (id !== undefined) await client.value.datasets.keep(dataset, [id]);
      },
      done: () => {
        setRight((before) => [...before, picture.key]);
        mended.say(WORDS.keptNote(path));
        focusNext();
      },
      fail: mended.fail,
    });
  };
  const list = (id: string, title: string, pictures: readonly Mistake[], keepsSome = false) => {
    const all = pictures.filter((one) => !gone.includes(one.key) && !(keepsSome && isKept(one)));
    const isAsking = keepsSome && kept === undefined && keptError === undefined;
    if (all.length === 0 || isAsking) return null;
    const open = all.slice(0, MOST_PICTURES);
    return (
      <section class="card wide" aria-labelledby={`${id}-title`}>
        <div class="card-head">
          <h2 id={`${id}-title`}>{title}</h2>
          <a class="button" href={toHash(['train'], { dataset })}>
            {WORDS.trainAgain}
          </a>
        </div>
        {keepsSome ? (
          <p>
            {WORDS.suspectsHelp} {WORDS.suspectsLeft(all.length, pictures.length)}
          </p>
        ) : null}
        <ul id={id} class="side-by-side">
          {open.map((picture, at) => (
            <li key={picture.key}>
              <MistakePicture
                report={report}
                dataset={dataset}
                picture={picture}
                onMended={() => setGone((before) => [...before, picture.key])}
              >
                {(path) => (
                  <>
                    {keepsSome ? (
                      <button
                        type="button"
                        class="small"
                        aria-label={WORDS.keepLabel(path)}
                        onClick={() => void keep(picture, path, () => focusItem(id, at))}
                      >
                        {TEXTS.dataset.keep}
                      </button>
                    ) : null}
                    <Mend
                      dataset={dataset}
                      path={path}
                      labels={report.labels}
                      likely={report.labels[picture.predicted] ?? ''}
                      contentHash={picture.sha256}
                      mended={{
                        ...mended,
                        say: (text) => mended.say(`${text} ${WORDS.movedNote(path)}`),
                        again: () => {
                          setGone((before) => [...before, picture.key]);
                          focusItem(id, at);
                        },
                      }}
                    />
                  </>
                )}
              </MistakePicture>
            </li>
          ))}
        </ul>
      </section>
    );
  };
  const suspects = report.suspected_labels.pictures;
  const suspected = new Set(suspects.map(({ key }) => key));
  const mistakes = (report.results?.mistakes ?? []).filter(({ key }) => !suspected.has(key));
  return (
    <>
      {list('suspects', WORDS.suspects, suspects, true)}
      {list('mistakes', WORDS.mistakes, mistakes)}
    </>
  );
}

interface VersionsProps extends Mended {
  readonly model: string;
  readonly versions: readonly WireModelVersion[];
  readonly shown: string | undefined;
}

function Versions({ model, versions, shown, say, fail, again }: VersionsProps) {
  const mayGoBack = versions.length > 1 && mayTrain.value === true;
  const goesBack = useAsked(
    async (signal) => mayGoBack && client.value.models.canRollBack(model, { signal }),
    // Asked again with each change of what an alias stands for.
    [model, String(mayGoBack), JSON.stringify(versions.map(({ version, aliases }) => [version, aliases]))],
  );
  const erase = ({ version, aliases }: WireModelVersion) =>
    makeChange(`erase ${model}:${version}`, {
      sure: () => confirm(WORDS.deleteVersionSure(version, aliases)),
      send: () => client.value.models.delete(`${model}:${version}`),
      done: async () => {
        say(WORDS.deletedVersion(version));
        await Promise.all([again(), refresh()]);
      },
      fail,
    });
  const use = (send: () => Promise<{ readonly version: string | null }>) =>
    changeVersion(model, { send, say, fail, again: () => Promise.all([again(), goesBack.again()]) });
  return (
    <section class="card wide" aria-labelledby="versions-title">
      <div class="card-head">
        <h2 id="versions-title">{WORDS.versions}</h2>
        <span class="actions">
          {versions.length < 2 || !mayTrain.value ? null : (
            <a class="button" href={toHash(['models', model, 'compare'])}>
              {TEXTS.compare.open}
            </a>
          )}
          {goesBack.value !== true ? null : (
            <button
              id="roll-back"
              type="button"
              onClick={() => void use(() => client.value.models.rollBack(model))}
            >
              {WORDS.rollBack}
            </button>
          )}
          {mayDelete.value ? (
            <EraseButton
              label={WORDS.deleteModel}
              sure={WORDS.deleteModelSure(model, versions.length)}
              erase={() => client.value.models.delete(model)}
              then={['models']}
            />
          ) : null}
        </span>
      </div>
      <ul id="versions" class="rows">
        {versions.map((one) => {
          const { version, aliases, created, test_accuracy: accuracy, test_count: count } = one;
          const isLive = aliases.includes('live');
          return (
            <li key={version}>
              <a
                class="name"
                href={toHash(['models', model], { version })}
                {...(version === shown ? { 'aria-current': 'true' as const } : {})}
              >
                {TEXTS.models.version(version)}
              </a>
              <span class="actions">
                {isLive ? (
                  <span class="status succeeded">{WORDS.live}</span>
                ) : mayTrain.value ? (
                  <button
                    type="button"
                    aria-label={WORDS.promoteLabel(version)}
                    onClick={() => void use(() => client.value.models.promote(model, { version }))}
                  >
                    {WORDS.promote}
                  </button>
                ) : null}
                {versions.length > 1 && !isLive && mayDelete.value ? (
                  <button
                    type="button"
                    class="danger"
                    aria-label={WORDS.deleteVersionLabel(version)}
                    onClick={() => void erase(one)}
                  >
                    {WORDS.deleteVersion}
                  </button>
                ) : null}
              </span>
              <span class="facts">
                {WORDS.created} {moment(created)}
                {accuracy === null ? '' : ` · ${TEXTS.models.right(accuracy, count ?? 0)}`}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface CodeProps {
  readonly model: string;
  readonly version: string;
  /** Whether the name of the model alone means this version. */
  readonly isLive: boolean;
}

function Code({ model, version, isLive }: CodeProps) {
  const reference = encodeURIComponent(`${model}:${version}`);
  const address = `${location.origin}/v1/models/${isLive ? encodeURIComponent(model) : reference}/predict`;
  const hasKey = apiKey.value !== null;
  const type = '"Content-Type": "application/octet-stream"';
  const samples = {
    curl: `curl ${hasKey ? '-H "Authorization: Bearer $FOVEA_API_KEY" ' : ''}--data-binary @photo.jpg ${address}`,
    Python: [
      `import json, ${hasKey ? 'os, ' : ''}urllib.request`,
      `request = urllib.request.Request("${address}",`,
      `    data=open("photo.jpg", "rb").read(), headers={${type}${hasKey ? ',\n        "Authorization": "Bearer " + os.environ["FOVEA_API_KEY"]' : ''}})`,
      'print(json.load(urllib.request.urlopen(request))["label"])',
    ].join('\n'),
    JavaScript: [
      ...(hasKey ? ['const headers = { authorization: "Bearer " + process.env.FOVEA_API_KEY };'] : []),
      `const answer = await fetch('${address}', { method: 'POST', ${hasKey ? 'headers, ' : ''}body: photo });`,
      'console.log((await answer.json()).label);',
    ].join('\n'),
  };
  return (
    <section class="card wide" aria-labelledby="code-title">
      <div class="card-head">
        <h2 id="code-title">{WORDS.code}</h2>
      </div>
      {Object.entries(samples).map(([name, text]) => (
        <div key={name} class="sample">
          <h3>{name}</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll it where it is wide. */}
          <section class="scroll" tabIndex={0} aria-label={name}>
            <pre>
              <code>{text}</code>
            </pre>
          </section>
          <Copy text={text} name={name} />
        </div>
      ))}
      {mayTrain.value ? (
        <>
          <h3>{WORDS.downloads}</h3>
          <p class="actions">
            {['model.onnx', 'manifest.json'].map((file) => (
              <FileLink
                key={file}
                path={`/v1/models/${reference}/files/${file}`}
                name={`${model}-${version}-${file}`}
              >
                {file}
              </FileLink>
            ))}
          </p>
        </>
      ) : null}
    </section>
  );
}

function Copy({ text, name }: { readonly text: string; readonly name: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <button
      type="button"
      aria-label={`${WORDS.copy} ${name}`}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {isCopied ? WORDS.copied : WORDS.copy}
    </button>
  );
}
