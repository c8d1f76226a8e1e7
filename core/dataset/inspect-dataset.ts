// Inspects a dataset in the store: its classes, its good pictures with their splits, and what is wrong with the rest. A dry run and the
// first stage of a job call it. Knows nothing of tensors and jobs.

import { createHash } from 'node:crypto';
import type { ErrorCode } from '../errors/error-codes.ts';
import { FoveaError } from '../errors/errors.ts';
import { forEachConcurrent } from '../for-each-concurrent.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from '../image/image-limits.ts';
import { brightnessOf } from '../image/thumbnail.ts';
import type { SplitFractions } from '../job/record/job.ts';
import { keys } from '../storage/keys.ts';
import { NOT_UTF8 } from '../storage/object-key.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { assignSplits, isInTrainingPool, trainingPoolFractions } from './assign-splits.ts';
import { checkClasses, checkQuotas, checkTrainingShares } from './check-classes.ts';
import { checkFlat } from './check-flat.ts';
import { checkTiny, type InputSize } from './check-tiny.ts';
import { compareText } from './compare-text.ts';
import { type DatasetLayout, detectLayout, placeFile } from './dataset-layout.ts';
import { requireDatasetSnapshot } from './dataset-snapshots.ts';
import { keepSummary } from './dataset-summary.ts';
import { dropDuplicates, type Picture } from './drop-duplicates.ts';
import { findSeen } from './find-seen.ts';
import { type IdentifiedFinding, identifyFindings } from './finding-id.ts';
import { type Finding, type FindingCounts, FindingList } from './findings.ts';
import { isHiddenName } from './hidden-name.ts';
import { type DecodeDepth, type FileVerdict, inspectFile } from './inspect-file.ts';
import { InspectionUnfinished } from './inspection-unfinished.ts';
import { type KnownFiles, openKnownFiles, variantOf } from './known-files.ts';
import { eraseOtherGroups, findGroups } from './known-groups.ts';
import type { NearDuplicates } from './near-duplicates.ts';
import { reportNearDuplicates } from './report-near-duplicates.ts';
import { settleSplit } from './settle-split.ts';
import type { Split } from './split-folder.ts';
import {
  createSplitSnapshots,
  pictureId,
  type SplitSnapshot,
  type SplitSnapshots,
} from './split-snapshots.ts';

/** A good picture of a dataset. */
export interface DatasetItem {
  /** Object key of the picture. */
  readonly key: string;
  /** Index into the classes of the inspection. */
  readonly classIndex: number;
  readonly split: Split;
  /** sha256 of the file, hexadecimal. */
  readonly contentHash: string;
  readonly sizeBytes: number;
  /** Width in pixels, of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Mean luma, 0 to 1; null where only the header was read. */
  readonly brightness: number | null;
}

/** What an inspection found. */
export interface DatasetInspection {
  readonly dataset: string;
  /** Names of the class folders, in the order of their UTF-16 code units. */
  readonly classes: readonly string[];
  /** The good pictures without duplicates, in the order of their keys. */
  readonly items: readonly DatasetItem[];
  /** Findings, errors first; with any error, training is not possible. At most 1000 of each code are listed. Those that a job adds have no id. */
  readonly findings: readonly (Finding | IdentifiedFinding)[];
  readonly findingCounts: FindingCounts;
  /** Near-duplicates. None are found where only headers were read. */
  readonly nearDuplicates: NearDuplicates;
  /** Whether the validation split is a folder of the dataset. */
  readonly hasValidationFolder: boolean;
  /** For each item, the index of the item that leads its group of near-duplicates: itself, where it is alone. */
  readonly leaders: Int32Array;
  /** The snapshot of the split that has all these pictures; null where there is none. */
  readonly splitSnapshot: number | null;
  /** sha256 of what training depends on: classes, contents and splits, but not the names of files. */
  readonly contentHash: string;
}

/** How a dataset is inspected and split. */
export interface InspectDatasetOptions {
  readonly split: SplitFractions;
  /** The snapshot of the split to use. Pictures that were added later are skipped. */
  readonly snapshot?: number;
  /**
   * The id of a snapshot of the dataset: its pictures are found by their content, and keep the labels and splits that they have in it.
   * Other files do not count. `snapshot`, `fixesSplit` and the folders mean nothing then.
   */
  readonly seen?: string;
  /** Whether to fix the split for all later jobs, where training is possible. For jobs. */
  readonly fixesSplit?: boolean;
  /** Whether an earlier attempt of the job has trained. */
  readonly hasTrained?: boolean;
  /** The input of the network that is to be trained, by which pictures are tiny or not; without it, none is. */
  readonly inputSize?: InputSize;
  /** How far pictures are decoded. Default: `full`. */
  readonly decode?: DecodeDepth;
  readonly limits?: ImageLimits;
  /** Files that are read and decoded at a time; each takes the memory of the file and its decoder. Default: 8. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Whether the time is up: then {@link InspectionUnfinished} is thrown, and the next inspection goes on. */
  readonly isTimeUp?: () => boolean;
  /**
   * Whether what is known of files that are gone may be erased from the cache, and the numbers are kept for lists. For the API; a trainer
   * has no right to.
   */
  readonly tidies?: boolean;
  /** Is called after every file that is read, with numbers of files. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

interface ListedFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

interface Candidate extends ListedFile {
  readonly label: string;
  readonly split: Split | null;
}

/** No folder has a meaning. */
const FLAT_LAYOUT: DatasetLayout = { wrappers: [], splits: null, splitWrappers: new Map(), ambiguity: null };

/** Enough to hide the store's latency; sharp decodes four pictures at a time in any case. */
const DEFAULT_CONCURRENCY = 8;

/**
 * Inspects a dataset: reads, hashes and decodes every file, and assigns good pictures to splits. Pictures that a job has used stay in
 * their split (split-snapshots.ts). What was found out about a file is kept in the store (known-files.ts), so that a file is read again
 * only when it has changed; the outcome is the same to the bit.
 *
 * Memory grows with the number of files (about 0.6 kB each), not with their sizes.
 *
 * @throws {FoveaError} `dataset-not-found` where there is no file, `dataset-empty` where there are only hidden files;
 * `split-snapshot-not-found`, `dataset-snapshot-not-found`; and what the store throws. Bad files are findings.
 * @throws {InspectionUnfinished} where `isTimeUp` says so.
 */
export async function inspectDataset(
  store: ObjectStore,
  dataset: string,
  options: InspectDatasetOptions,
): Promise<DatasetInspection> {
  const prefix = keys.dataset(dataset);
  const abort = options.signal === undefined ? {} : { signal: options.signal };
  const files = await listFiles(store, prefix, abort);
  const where = `${prefix}<class>/<file> in ${store.url}`;
  if (files.length === 0) {
    throw datasetError(
      'dataset-not-found',
      dataset,
      `There is no dataset "${dataset}". Copy its folder so that its pictures are at ${where}.`,
    );
  }
  const findings = new FindingList();
  const layout = detectLayout(files.map(({ key }) => key.slice(prefix.length)));
  if (layout.ambiguity !== null) findings.add('layout-ambiguous', null, layout.ambiguity);
  const { candidates, hiddenCount } = placeFiles(files, prefix, layout, findings);
  if (hiddenCount === files.length) {
    throw datasetError(
      'dataset-empty',
      dataset,
      `The dataset "${dataset}" has only hidden files (${hiddenCount}). Copy pictures to ${where}.`,
    );
  }
  const snapshots = createSplitSnapshots(store, dataset, options.split, options.signal);
  const only =
    options.snapshot === undefined ? undefined : await requireSnapshot(snapshots, dataset, options.snapshot);
  const limits = options.limits ?? DEFAULT_IMAGE_LIMITS;
  const known = await openKnownFiles(store, dataset, limits, abort);
  if (options.seen !== undefined)
    return inspectSeen({ store, dataset, files, known, limits }, options.seen, options);
  const readable = await inspectFiles(store, candidates, known, options, findings);
  const found = dropDuplicates(readable, findings);
  const pictures = only === undefined ? found : leaveOutLater(found, only, findings);
  const classes = [...new Set(candidates.map((candidate) => candidate.label))].sort(compareText);
  const root = [prefix.slice(0, -1), ...layout.wrappers, ''].join('/');
  checkClasses(root, classes, pictures, layout, findings);
  checkFlat(pictures, findings);
  if (options.inputSize !== undefined) checkTiny(root, pictures, options.inputSize, findings);
  const place = { store, dataset, variant: variantOf(limits) };
  const { leaders: groups, name } = await findGroups(place, pictures, options.signal);
  if (options.tidies === true) {
    await known.tidy(files);
    await eraseOtherGroups(place, name);
  }
  const fractions = trainingPoolFractions(layout, options.split);
  const { splits, snapshot } = await settleSplit({
    store,
    dataset,
    pictures,
    snapshots,
    only,
    fixes: options.fixesSplit === true && !findings.hasErrors(),
    hasTrained: options.hasTrained === true,
    assign: (fixed, method) => assignSplits(pictures, { leaders: groups, fractions, fixed, method }),
  });
  checkTrainingShares(root, pictures, splits, fractions, findings);
  checkQuotas(root, pictures, splits, fractions, findings);
  const items = toItems(pictures, classes, splits);
  const nearDuplicates = reportNearDuplicates(pictures, groups, splits, findings);
  const inspection: DatasetInspection = {
    dataset,
    classes,
    items,
    findings: identifyFindings(findings.sorted(), prefix, readable),
    findingCounts: findings.counts(),
    nearDuplicates,
    hasValidationFolder: layout.splits?.has('validation') === true,
    leaders: groups,
    splitSnapshot: snapshot,
    contentHash: hashDataset(classes, items),
  };
  if (options.tidies === true && options.decode !== 'header') await keepSummary(store, inspection, files);
  return inspection;
}

/** Inspects the pictures of a snapshot, wherever they are. */
async function inspectSeen(
  {
    store,
    dataset,
    files,
    known,
    limits,
  }: {
    readonly store: ObjectStore;
    readonly dataset: string;
    readonly files: readonly ListedFile[];
    readonly known: KnownFiles;
    readonly limits: ImageLimits;
  },
  seen: string,
  options: InspectDatasetOptions,
): Promise<DatasetInspection> {
  const prefix = keys.dataset(dataset);
  const snapshot = await requireDatasetSnapshot(store, dataset, seen, 'dataset_snapshot');
  const findings = new FindingList();
  // A picture may lie anywhere, and what is wrong with other files is of no interest.
  const candidates = files
    .filter(
      ({ key }) =>
        !key
          .slice(prefix.length)
          .split('/')
          .some((name) => name === '' || isHiddenName(name)),
    )
    .map((file) => ({ ...file, label: '', split: null }));
  const all = await inspectFiles(store, candidates, known, options, new FindingList());
  const { pictures, splits } = findSeen(
    all,
    snapshot,
    (ids) => known.pathsOf(ids, () => false),
    dataset,
    findings,
  );
  const classes = snapshot.classes.map(({ label }) => label);
  checkClasses(prefix, classes, pictures, FLAT_LAYOUT, findings);
  checkFlat(pictures, findings);
  if (options.inputSize !== undefined) checkTiny(prefix, pictures, options.inputSize, findings);
  const place = { store, dataset, variant: variantOf(limits) };
  const { leaders } = await findGroups(place, pictures, options.signal);
  const items = toItems(pictures, classes, splits);
  return {
    dataset,
    classes,
    items,
    nearDuplicates: reportNearDuplicates(pictures, leaders, splits, findings),
    findings: identifyFindings(findings.sorted(), prefix, all),
    findingCounts: findings.counts(),
    hasValidationFolder: snapshot.hasValidationFolder ?? false,
    leaders,
    splitSnapshot: null,
    contentHash: hashDataset(classes, items),
  };
}

const datasetError = (code: ErrorCode, dataset: string, message: string): FoveaError =>
  new FoveaError(code, message, { param: 'training_file', details: { dataset } });

/** @throws {FoveaError} `split-snapshot-not-found`. */
async function requireSnapshot(
  snapshots: SplitSnapshots,
  dataset: string,
  sequence: number,
): Promise<SplitSnapshot> {
  const found = await snapshots.read(sequence);
  if (found !== undefined) return found;
  throw new FoveaError(
    'split-snapshot-not-found',
    `The split of the dataset "${dataset}" has no snapshot ${sequence} with these fractions. Omit "split_snapshot", or use the number and the "split" that a model's report names.`,
    { param: 'split_snapshot', details: { dataset, snapshot: sequence } },
  );
}

/** Skips pictures that are not in a snapshot. Those of the folders validation/ and test/ stay, since no snapshot has them. */
function leaveOutLater(
  pictures: readonly Picture[],
  { sequence, splits }: SplitSnapshot,
  findings: FindingList,
): Picture[] {
  return pictures.filter((picture) => {
    if (!isInTrainingPool(picture) || splits.has(pictureId(picture.contentHash))) return true;
    findings.add(
      'file-after-snapshot',
      picture.key,
      `"${picture.key}" was added after snapshot ${sequence} of the split, which this job uses, and is skipped.`,
    );
    return false;
  });
}

async function listFiles(
  store: ObjectStore,
  prefix: string,
  options: { readonly signal?: AbortSignal },
): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const { key, sizeBytes, etag } of store.list(prefix, options)) {
    // The console of S3 makes an empty object where somebody creates a folder.
    if (!key.endsWith('/')) files.push({ key, sizeBytes, etag });
  }
  return files;
}

function placeFiles(
  files: readonly ListedFile[],
  prefix: string,
  layout: DatasetLayout,
  findings: FindingList,
) {
  const candidates: Candidate[] = [];
  let hiddenCount = 0;
  const expected = layout.splits === null ? '<class>/<file>' : '<split>/<class>/<file>';
  for (const file of files) {
    const place = placeFile(file.key.slice(prefix.length), layout);
    if (place.kind === 'picture') candidates.push({ ...file, label: place.label, split: place.split });
    else if (place.kind === 'hidden') {
      hiddenCount++;
      findings.add('file-hidden', file.key, `"${file.key}" is a hidden or system file and is skipped.`);
    } else if (place.kind === 'unreadable') {
      findings.add(
        'file-unreadable',
        file.key,
        `"${file.key}" has an empty name in its key ("//") and is skipped. Copy the object to a key without it.`,
      );
    } else if (file.key.includes(NOT_UTF8)) {
      findings.add(
        'file-unreadable',
        file.key,
        `"${file.key}" has a name that is not UTF-8 and is skipped; if it is a folder, so is everything in it. Rename it.`,
      );
    } else {
      const link =
        file.sizeBytes === 0
          ? ' It is empty, or a link to a folder, which is not followed: copy the folder.'
          : '';
      findings.add(
        'file-outside-class',
        file.key,
        `"${file.key}" is in no class folder and is skipped. Files belong at ${prefix}${expected}.${link}`,
      );
    }
  }
  return { candidates, hiddenCount };
}

async function inspectFiles(
  store: ObjectStore,
  candidates: readonly Candidate[],
  known: KnownFiles,
  options: InspectDatasetOptions,
  findings: FindingList,
): Promise<Picture[]> {
  const verdicts = await findVerdicts(store, candidates, known, options);
  const pictures: Picture[] = [];
  for (const [index, { etag: _, ...candidate }] of candidates.entries()) {
    const verdict = verdicts[index] as FileVerdict;
    if ('contentHash' in verdict) pictures.push({ ...candidate, ...verdict });
    else findings.add(verdict.code, candidate.key, `"${candidate.key}" is skipped. ${verdict.reason}`);
  }
  return pictures;
}

/** The verdicts on all files: known ones, and of the others what reading them gives. */
async function findVerdicts(
  store: ObjectStore,
  candidates: readonly Candidate[],
  known: KnownFiles,
  options: InspectDatasetOptions,
): Promise<readonly (FileVerdict | undefined)[]> {
  const { signal, onProgress, isTimeUp, concurrency = DEFAULT_CONCURRENCY, decode = 'full' } = options;
  const limits = options.limits ?? DEFAULT_IMAGE_LIMITS;
  const fileOptions = { decode, limits, ...(signal === undefined ? {} : { signal }) };
  const verdicts = candidates.map((candidate) => known.find(candidate, decode));
  const unread = [...verdicts.keys()].filter((index) => verdicts[index] === undefined);
  const total = candidates.length;
  let done = total - unread.length;
  if (done > 0) onProgress?.({ done, total });
  try {
    await forEachConcurrent(unread, concurrency, async (index) => {
      signal?.throwIfAborted();
      const candidate = candidates[index] as Candidate;
      const { verdict, etag } = await inspectFile(store, candidate, fileOptions);
      verdicts[index] = verdict;
      if (etag !== undefined) await known.remember({ key: candidate.key, etag }, decode, verdict);
      onProgress?.({ done: ++done, total });
      // After the file: every inspection finds out something, however little time it has.
      if (done < total && isTimeUp?.() === true) throw new InspectionUnfinished(done, total);
    });
  } finally {
    await known.flush();
  }
  return verdicts;
}

function toItems(
  pictures: readonly Picture[],
  classes: readonly string[],
  splits: readonly Split[],
): DatasetItem[] {
  const indexOf = new Map(classes.map((label, index) => [label, index]));
  return pictures.map(({ key, sizeBytes, label, contentHash, width, height, thumbnail }, index) => ({
    key,
    classIndex: indexOf.get(label) as number,
    split: splits[index] as Split,
    contentHash,
    sizeBytes,
    width,
    height,
    brightness: thumbnail === null ? null : brightnessOf(thumbnail),
  }));
}

function hashDataset(classes: readonly string[], items: readonly DatasetItem[]): string {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const line of items
    .map((item) => `\n${item.contentHash} ${item.classIndex} ${item.split}`)
    .sort(compareText))
    hash.update(line);
  return hash.digest('hex');
}
