// One dataset: what an inspection found, with a mend for each finding, and its classes as rows of pictures.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { WireDataset } from '../../../api/dataset.ts';
import type { WireMovedFiles } from '../../../api/dataset-files.ts';
import { isJobOver } from '../../../client/jobs.ts';
import { take } from '../../../client/pages.ts';
import { useAsked } from '../parts/asked.ts';
import { dragOf, type ShownFile, useDropPlace } from '../parts/drag-pictures.ts';
import { EraseButton } from '../parts/erase-button.tsx';
import { Lacks } from '../parts/lacks.tsx';
import { problemOfClassName, problemOfDatasetName } from '../parts/name-field.tsx';
import { Failure, isForbidden, isGone, messageOf, ShowOutcome, useOutcome } from '../parts/notice.tsx';
import { pathOfKey, Thumbnail } from '../parts/picture.tsx';
import { RenameForm } from '../parts/rename-form.tsx';
import { mayDelete } from '../state/access.ts';
import { makeChange } from '../state/changes.ts';
import { jobs, models, refresh } from '../state/lists.ts';
import { goTo, keepInAddress, keepInHistory, keptInHistory, readQuery, toHash } from '../state/route.ts';
import { client } from '../state/session.ts';
import { upload } from '../state/upload.ts';
import { fileName } from '../words/format.ts';
import { TEXTS } from '../words/texts.ts';
import { LeftOutList } from './datasets.tsx';

const WORDS = TEXTS.dataset;
const PICTURES_OF_ROW = 8;
const CLASSES_OF_PAGE = 20;
const PICTURES_OF_PAGE = 60;
/** Classes that have a button of their own to move pictures to; further ones are in a list. */
const MOST_TARGETS = 30;
const LARGE_THUMB = 192;

type Finding = WireDataset['findings'][number];

/** What a mend did, and what it asks for anew. */
export interface Mended {
  readonly say: (text: string) => void;
  readonly fail: (error: unknown) => void;
  readonly again: () => unknown;
}

/** Says how many pictures were moved, and why others stayed. Where all stayed, that failed. */
function sayMoved({ data }: WireMovedFiles, text: (moved: number) => string, mended: Mended): void {
  const stayed = data.find(({ error }) => error !== null)?.error;
  const why = stayed == null ? '' : WORDS.stayed(stayed.message);
  const moved = data.filter(({ moved_to: to }) => to !== null).length;
  if (moved === 0 && why !== '') mended.fail(why);
  else mended.say(`${text(moved)} ${why}`.trim());
}

const pathsOf = (files: readonly ShownFile[]) => files.map(({ path }) => path);

/** What the files must be still: what was shown. */
const asShown = (files: readonly ShownFile[]) => ({
  contentHashes: Object.fromEntries(
    files.flatMap(({ path, content_hash: hash }) => (hash == null ? [] : [[path, hash] as const])),
  ),
});

/** What pictures are moved and removed by: each once at a time. */
const changeOf = (dataset: string, files: readonly ShownFile[]) =>
  `files ${JSON.stringify([dataset, ...pathsOf(files)])}`;

/** Moves pictures, and says what became of them. */
const move = (dataset: string, files: readonly ShownFile[], label: string, mended: Mended) =>
  makeChange(changeOf(dataset, files), {
    send: () => client.value.datasets.move(dataset, pathsOf(files), label, asShown(files)),
    done: (moved) => {
      sayMoved(moved, (count) => WORDS.moved(count, label), mended);
      return mended.again();
    },
    fail: mended.fail,
  });

/** Deletes pictures, once somebody is sure. */
const remove = (dataset: string, files: readonly ShownFile[], mended: Mended) =>
  makeChange(changeOf(dataset, files), {
    sure: () => confirm(WORDS.removeSure(files.length)),
    send: () => client.value.datasets.deleteFiles(dataset, pathsOf(files), asShown(files)),
    done: ({ paths: gone }) => {
      if (gone.length === 0) mended.fail(WORDS.removedNone);
      else mended.say(WORDS.removed(gone.length));
      return mended.again();
    },
    fail: mended.fail,
  });

/** The view of a dataset. */
export function Dataset({ dataset }: { readonly dataset: string }) {
  const [files, setFiles] = useState<{ readonly done: number; readonly total: number }>();
  const { outcome, say, fail } = useOutcome();
  const { value, error, again } = useAsked(
    (signal) => client.value.datasets.inspect(dataset, { signal, onProgress: setFiles }),
    [dataset],
  );
  const mended: Mended = { say, fail, again };
  const isThere = !isGone(error) && !isForbidden(error);
  return (
    <>
      <section class="card wide" aria-labelledby="dataset-title">
        <div class="card-head">
          <h1 id="dataset-title">{dataset}</h1>
          <div class="actions">
            {isThere ? (
              <a class="button" href={toHash(['datasets'], { into: dataset })}>
                {WORDS.addMore}
              </a>
            ) : null}
            {isThere && mayDelete.value ? (
              <EraseButton
                label={WORDS.erase}
                sure={async () => WORDS.eraseSure(dataset, await endedUsesOf(dataset))}
                erase={() => client.value.datasets.delete(dataset)}
                then={['datasets']}
              />
            ) : null}
            {value?.can_train ? (
              <a class="button primary" href={toHash(['train'], { dataset })}>
                {WORDS.train}
              </a>
            ) : null}
          </div>
        </div>
        {isThere && mayDelete.value ? <RenameDataset dataset={dataset} fail={fail} /> : null}
        {isThere ? <Lacks scope="admin" to={TEXTS.access.dataset} /> : null}
        <LeftOut dataset={dataset} />
        <Failure error={error} retry={again} />
        <ShowOutcome outcome={outcome} />
        {value === undefined && error === undefined ? (
          <p role="status">{files === undefined ? WORDS.begin : WORDS.inspecting(files.done, files.total)}</p>
        ) : null}
        {value === undefined ? null : (
          <>
            <p>
              {TEXTS.datasets.facts(
                value.split.train + value.split.validation + value.split.test,
                value.classes.length,
              )}
              . {WORDS.split(value.split)}
            </p>
            {value.can_train ? null : <p class="error">{WORDS.cannot}</p>}
          </>
        )}
      </section>
      {value === undefined ? null : <Findings dataset={dataset} found={value} mended={mended} />}
      {value === undefined ? null : <Classes dataset={dataset} found={value} mended={mended} />}
    </>
  );
}

/** What the upload that made or filled the dataset left out, until somebody has read it. */
function LeftOut({ dataset }: { readonly dataset: string }) {
  const state = upload.value;
  if (state === null || state.dataset !== dataset || state.status !== 'done' || state.leftOut.length === 0)
    return null;
  return (
    <div id="left-out">
      <LeftOutList files={state.leftOut} />
      <button
        type="button"
        class="small"
        onClick={() => {
          upload.value = null;
        }}
      >
        {WORDS.close}
      </button>
    </div>
  );
}

/** The models of which any version learned from a dataset. @throws where trainings use it, which have to end first. */
async function endedUsesOf(dataset: string): Promise<readonly string[]> {
  await refresh();
  const using = (jobs.value ?? []).filter((job) => job.dataset === dataset && !isJobOver(job));
  if (using.length > 0)
    throw new Error(
      WORDS.isInUse(
        dataset,
        using.map(({ model_name: name }) => name),
      ),
    );
  const holders = await client.value.datasets.holders(dataset);
  return [...new Set(holders.flatMap(({ model }) => model ?? []))];
}

/** Gives the dataset another name, once somebody is sure. */
function RenameDataset({ dataset, fail }: { readonly dataset: string; readonly fail: Mended['fail'] }) {
  const act = (name: string) =>
    makeChange(`rename ${dataset}`, {
      sure: async () => confirm(WORDS.renameDatasetSure(dataset, name, await endedUsesOf(dataset))),
      send: () => client.value.datasets.rename(dataset, name),
      done: () => goTo(['datasets', name]),
      fail,
    });
  return (
    <RenameForm
      id="rename-dataset"
      summary={WORDS.renameDataset}
      name={dataset}
      problemOf={problemOfDatasetName}
      help={TEXTS.names.dataset}
      act={act}
    />
  );
}

interface PartProps {
  readonly dataset: string;
  readonly found: WireDataset;
  readonly mended: Mended;
}

/** Keeps a finding as it is, or asks for it again. */
const keep = (dataset: string, { id }: Finding, isKept: boolean, mended: Mended) =>
  makeChange(`keep ${dataset} ${id}`, {
    send: () => client.value.datasets.keep(dataset, [id], { keep: isKept }),
    done: mended.again,
    fail: mended.fail,
  });

function Findings({ dataset, found, mended }: PartProps) {
  const labels = found.classes.map(({ label }) => label);
  const groups = found.finding_groups.map((group) => {
    const all = found.findings.filter(({ code }) => code === group.code);
    return { ...group, open: all.filter((finding) => !finding.kept) };
  });
  const open = groups.filter((group) => group.open.length > 0);
  const kept = found.findings.filter((finding) => finding.kept);
  const keptCount = groups.reduce((sum, group) => sum + group.kept, 0);
  return (
    <section class="card wide" aria-labelledby="findings-title">
      <div class="card-head">
        <h2 id="findings-title">{WORDS.findings}</h2>
      </div>
      {open.length === 0 ? (
        <p id="no-findings" class="empty">
          {WORDS.noFindings}{' '}
          {(models.value ?? [])
            .filter((model) => model.dataset === dataset)
            .map(({ id }) => (
              <a key={id} class="button" href={toHash(['models', id])}>
                {WORDS.toCheck(id)}
              </a>
            ))}
        </p>
      ) : null}
      {open.map(({ code, severity, count, open: findings }) => (
        <div key={code} class={`finding ${severity}`} data-code={code}>
          <p class="severity">
            <span class={`status ${severity === 'error' ? 'failed' : severity}`}>
              {WORDS.severity[severity]}
            </span>
          </p>
          {findings.map((finding) => (
            <OneFinding
              key={finding.id}
              dataset={dataset}
              finding={finding}
              labels={labels}
              mended={mended}
              keep={() => void keep(dataset, finding, true, mended)}
            />
          ))}
          {count > findings.length ? <p class="hint">{WORDS.more(count - findings.length)}</p> : null}
        </div>
      ))}
      {kept.length === 0 ? null : (
        <details id="kept">
          <summary>{WORDS.kept(keptCount)}</summary>
          {kept.map((finding) => (
            <p key={finding.id}>
              {finding.message}{' '}
              <button type="button" class="small" onClick={() => void keep(dataset, finding, false, mended)}>
                {WORDS.askAgain}
              </button>
            </p>
          ))}
          {keptCount > kept.length ? <p class="hint">{WORDS.more(keptCount - kept.length)}</p> : null}
        </details>
      )}
    </section>
  );
}

interface OneFindingProps {
  readonly dataset: string;
  readonly finding: Finding;
  readonly labels: readonly string[];
  readonly mended: Mended;
  readonly keep: () => void;
}

function OneFinding({ dataset, finding, labels, mended, keep }: OneFindingProps) {
  const { key, related = [], message, severity } = finding;
  const paths = [...(key === null ? [] : [key]), ...related].flatMap((one) => {
    const path = pathOfKey(dataset, one);
    // A key that ends with a slash is a class.
    return path === undefined || path.endsWith('/') ? [] : [path];
  });
  return (
    <div class="one-finding">
      <p>{message}</p>
      {paths.length === 0 ? null : (
        <ul class="side-by-side">
          {paths.map((path) => (
            <li key={path}>
              <Thumbnail dataset={dataset} path={path} size={LARGE_THUMB} />
              <span class="facts">{path}</span>
              <Mend dataset={dataset} path={path} labels={labels} mended={mended} />
            </li>
          ))}
        </ul>
      )}
      {severity === 'error' ? null : (
        <button type="button" onClick={keep}>
          {WORDS.keep}
        </button>
      )}
    </div>
  );
}

interface MendProps {
  readonly dataset: string;
  readonly path: string;
  readonly labels: readonly string[];
  readonly mended: Mended;
  /** A class that is probably the right one. */
  readonly likely?: string;
  /** The sha256 of what is shown, where it is known. */
  readonly contentHash?: string | undefined;
}

/** The mends of one picture: to another class, or away. */
export function Mend({ dataset, path, labels, mended, likely = '', contentHash }: MendProps) {
  const shown = { path, content_hash: contentHash };
  const [label, setLabel] = useState(likely);
  const name = fileName(path);
  return (
    <span class="mend">
      <select
        aria-label={`${WORDS.moveTo}: ${path}`}
        value={label}
        onChange={({ currentTarget }) => setLabel(currentTarget.value)}
      >
        <option value="">{WORDS.moveTo} …</option>
        {labels
          .filter((one) => !isIn(path, one))
          .map((one) => (
            <option key={one}>{one}</option>
          ))}
      </select>
      <button
        type="button"
        disabled={label === ''}
        aria-label={`${WORDS.move} ${name}`}
        onClick={() => void move(dataset, [shown], label, mended)}
      >
        {WORDS.move}
      </button>
      {mayDelete.value ? (
        <button
          type="button"
          class="danger"
          aria-label={`${WORDS.remove} ${path}`}
          onClick={() => void remove(dataset, [shown], mended)}
        >
          {WORDS.remove}
        </button>
      ) : null}
    </span>
  );
}

function Classes({ dataset, found, mended }: PartProps) {
  const [turned, setTurned] = useState(() =>
    Math.max(0, Math.trunc(Number(readQuery().get('page'))) - 1 || 0),
  );
  const pages = Math.ceil(found.classes.length / CLASSES_OF_PAGE);
  const page = Math.min(turned, Math.max(0, pages - 1));
  const setPage = (to: number) => {
    setTurned(to);
    keepInAddress(to === 0 ? {} : { page: String(to + 1) });
  };
  const shown = found.classes.slice(page * CLASSES_OF_PAGE, (page + 1) * CLASSES_OF_PAGE);
  return (
    <section class="card wide" aria-labelledby="classes-title">
      <div class="card-head">
        <h2 id="classes-title">{WORDS.classes}</h2>
      </div>
      <p class="hint">{WORDS.dragHint}</p>
      <ul id="classes" class="rows">
        {shown.map((summary) => (
          <ClassRow key={summary.label} dataset={dataset} summary={summary} mended={mended} />
        ))}
      </ul>
      {pages > 1 ? (
        <Pages
          page={page}
          hasNext={page + 1 < pages}
          onPrevious={() => setPage(page - 1)}
          onNext={() => setPage(page + 1)}
        />
      ) : null}
    </section>
  );
}

type ClassSummary = WireDataset['classes'][number];

const countOf = ({ train, validation, test }: ClassSummary) => train + validation + test;

interface ClassRowProps {
  readonly dataset: string;
  readonly summary: ClassSummary;
  readonly mended: Mended;
}

/** Whether a picture lies in a class. */
const isIn = (path: string, label: string) => path.split('/').slice(0, -1).includes(label);

function ClassRow({ dataset, summary, mended }: ClassRowProps) {
  const { label } = summary;
  const count = countOf(summary);
  const { over, place } = useDropPlace(dataset, (files) => {
    const others = files.filter(({ path }) => !isIn(path, label));
    if (others.length > 0) void move(dataset, others, label, mended);
  });
  const row = useRef<HTMLLIElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const element = row.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { value, error } = useAsked(
    async (signal) =>
      isSeen
        ? take(
            client.value.datasets.files(dataset, { class: label, pageSize: PICTURES_OF_ROW, signal }),
            PICTURES_OF_ROW,
          )
        : undefined,
    [dataset, label, count, String(isSeen)],
  );
  return (
    <li ref={row} class={`class-row ${over}`} data-class={label} {...place}>
      <span class="name">{label}</span>
      <span class="version">{WORDS.count(count)}</span>
      <span class="facts">{WORDS.parts(summary)}</span>
      <a class="strip" href={toHash(['datasets', dataset, label])} aria-label={WORDS.all(label)}>
        {value?.map((file) => (
          <span key={file.path} {...dragOf(dataset, () => [file])}>
            <Thumbnail dataset={dataset} path={file.path} contentHash={file.content_hash ?? undefined} />
          </span>
        ))}
      </a>
      {error === undefined ? null : <span class="facts problem">{messageOf(error)}</span>}
      <Rename dataset={dataset} label={label} mended={mended} />
    </li>
  );
}

interface RenameProps {
  readonly dataset: string;
  readonly label: string;
  readonly mended: Mended;
}

/** Whether the class may have the name; where another has it now, somebody has to want that both become one. */
async function mayRename(dataset: string, label: string, name: string): Promise<boolean> {
  const { classes } = await client.value.datasets.inspect(dataset);
  const own = classes.find((one) => one.label === label);
  const other = classes.find((one) => one.label === name && one.label !== label);
  return (
    own === undefined || other === undefined || confirm(WORDS.joinSure(name, countOf(own), countOf(other)))
  );
}

function Rename({ dataset, label, mended }: RenameProps) {
  const act = (name: string) =>
    makeChange(`rename ${dataset}/${label}`, {
      sure: () => mayRename(dataset, label, name),
      send: () => client.value.datasets.renameClass(dataset, label, name),
      done: (moved) => {
        sayMoved(moved, () => WORDS.renamed(name), mended);
        return mended.again();
      },
      fail: mended.fail,
    });
  return (
    <RenameForm
      summary={
        <>
          {WORDS.rename} <span class="unseen">{label}</span>
        </>
      }
      name={label}
      problemOf={problemOfClassName}
      act={act}
    />
  );
}

interface PagesProps {
  readonly page: number;
  readonly hasNext: boolean;
  readonly onPrevious: () => void;
  readonly onNext: () => void;
}

const Pages = ({ page, hasNext, onPrevious, onNext }: PagesProps) => (
  <p class="pages">
    <button type="button" disabled={page === 0} onClick={onPrevious}>
      {WORDS.previous}
    </button>
    <span role="status">{WORDS.page(page + 1)}</span>
    <button type="button" disabled={!hasNext} onClick={onNext}>
      {WORDS.next}
    </button>
  </p>
);

const ClassTitle = ({ dataset, label }: { readonly dataset: string; readonly label: string }) => (
  <div class="card-head">
    <h1 id="class-title">
      <a href={toHash(['datasets', dataset])}>{dataset}</a> / {label}
    </h1>
  </div>
);

/** The view of one class: its pictures page by page, to move or remove. */
export function DatasetClass({ dataset, label }: { readonly dataset: string; readonly label: string }) {
  /** The last path of each page before this one. */
  const [before, setBefore] = useState<readonly string[]>(() => {
    const kept = keptInHistory();
    return Array.isArray(kept) ? kept : [];
  });
  useEffect(() => keepInHistory(before), [before]);
  const [chosen, setChosen] = useState<ReadonlyMap<string, ShownFile>>(new Map());
  const { outcome, say, fail } = useOutcome();
  const after = before.at(-1);
  const { value, error, again } = useAsked(
    (signal) =>
      client.value.datasets.filePage(dataset, { class: label, limit: PICTURES_OF_PAGE, after, signal }),
    [dataset, label, after],
  );
  const { value: found } = useAsked(
    (signal) => client.value.datasets.inspect(dataset, { signal }),
    [dataset],
  );
  const mended: Mended = {
    say: (text) => {
      say(text);
      setChosen(new Map());
    },
    fail,
    again,
  };
  const last = value?.data.at(-1)?.path;
  const shown = value?.data ?? [];
  const files = [...chosen.values()];
  /** The picture that was chosen or left out last; with the shift key those up to it follow. */
  const mark = useRef<string | undefined>(undefined);
  const choose = (file: ShownFile, isChosen: boolean, isRange: boolean) => {
    const from = isRange ? shown.findIndex(({ path }) => path === mark.current) : -1;
    const at = shown.findIndex(({ path }) => path === file.path);
    const range = from < 0 ? [file] : shown.slice(Math.min(from, at), Math.max(from, at) + 1);
    const next = new Map(chosen);
    for (const one of range) {
      if (isChosen) next.set(one.path, one);
      else next.delete(one.path);
    }
    mark.current = file.path;
    setChosen(next);
  };
  const areAll = shown.length > 0 && shown.every(({ path }) => chosen.has(path));
  const isEmptied = value?.data.length === 0 && before.length > 0;
  // All pictures of the last page are elsewhere now.
  useEffect(() => {
    if (isEmptied) setBefore(before.slice(0, -1));
  }, [isEmptied]);
  if (isForbidden(error))
    return (
      <section class="card wide" aria-labelledby="class-title">
        <ClassTitle dataset={dataset} label={label} />
        <Failure error={error} />
      </section>
    );
  if (value?.data.length === 0 && !isEmptied)
    return (
      <section id="class-gone" class="card wide" aria-labelledby="class-title">
        <ClassTitle dataset={dataset} label={label} />
        <ShowOutcome outcome={outcome} />
        <p role="status">{WORDS.classGone(label, dataset)}</p>
        <a class="button" href={toHash(['datasets', dataset])}>
          {WORDS.seeClasses(dataset)}
        </a>
      </section>
    );
  return (
    <section class="card wide" aria-labelledby="class-title">
      <ClassTitle dataset={dataset} label={label} />
      <Failure error={error} retry={again} />
      <ShowOutcome outcome={outcome} />
      <div class="bar">
        <span role="status">{WORDS.selected(chosen.size)}</span>
        <button
          type="button"
          onClick={() => setChosen(new Map(areAll ? [] : shown.map((file) => [file.path, file])))}
        >
          {areAll ? WORDS.selectNone : WORDS.selectAll}
        </button>
        {mayDelete.value ? (
          <button
            type="button"
            class="danger"
            disabled={chosen.size === 0}
            onClick={() => void remove(dataset, files, mended)}
          >
            {WORDS.remove}
          </button>
        ) : null}
        <Targets
          dataset={dataset}
          labels={found?.classes.map((one) => one.label).filter((one) => one !== label) ?? []}
          chosen={files}
          mended={mended}
        />
      </div>
      <p class="hint">{WORDS.pictureHint}</p>
      <Lacks scope="admin" to={TEXTS.access.pictures} />
      <ul id="pictures" class="grid">
        {shown.map((file) => (
          <li key={file.path} {...dragOf(dataset, () => (chosen.has(file.path) ? files : [file]))}>
            <label>
              <input
                type="checkbox"
                checked={chosen.has(file.path)}
                aria-label={WORDS.select(fileName(file.path))}
                onClick={({ currentTarget, shiftKey }) => choose(file, currentTarget.checked, shiftKey)}
              />
              <Thumbnail dataset={dataset} path={file.path} contentHash={file.content_hash ?? undefined} />
              <span class="part">{WORDS.part[file.split ?? 'none']}</span>
            </label>
          </li>
        ))}
      </ul>
      <Pages
        page={before.length}
        hasNext={value?.has_more === true && last !== undefined}
        onPrevious={() => setBefore(before.slice(0, -1))}
        onNext={() => setBefore(last === undefined ? before : [...before, last])}
      />
    </section>
  );
}

interface TargetsProps {
  readonly dataset: string;
  readonly labels: readonly string[];
  readonly chosen: readonly ShownFile[];
  readonly mended: Mended;
}

/** The classes to which pictures are moved: by a drag onto one, or by its button. */
function Targets({ dataset, labels, chosen, mended }: TargetsProps) {
  const rest = labels.slice(MOST_TARGETS);
  const moveTo = (label: string) => void move(dataset, chosen, label, mended);
  return (
    <section class="targets" aria-label={WORDS.moveTo}>
      <span>{WORDS.moveTo}</span>
      {labels.slice(0, MOST_TARGETS).map((label) => (
        <Target key={label} dataset={dataset} label={label} chosen={chosen} mended={mended} />
      ))}
      {rest.length === 0 ? null : (
        <select
          aria-label={WORDS.moveTo}
          value=""
          disabled={chosen.length === 0}
          onChange={({ currentTarget }) => moveTo(currentTarget.value)}
        >
          <option value="">{WORDS.otherClass}</option>
          {rest.map((label) => (
            <option key={label}>{label}</option>
          ))}
        </select>
      )}
    </section>
  );
}

interface TargetProps {
  readonly dataset: string;
  readonly label: string;
  readonly chosen: readonly ShownFile[];
  readonly mended: Mended;
}

function Target({ dataset, label, chosen, mended }: TargetProps) {
  const { over, place } = useDropPlace(dataset, (files) => void move(dataset, files, label, mended));
  return (
    <button
      type="button"
      class={over}
      // A button that is disabled would take no drag.
      aria-disabled={chosen.length === 0}
      onClick={() => {
        if (chosen.length > 0) void move(dataset, chosen, label, mended);
      }}
      {...place}
    >
      {label}
    </button>
  );
}
