// Findings of the same kind as one, for people: a dataset with two hundred damaged files has one fault, not two hundred.

import { keys } from '../storage/keys.ts';
import type { Finding, FindingCode, Severity } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { DatasetInspection } from './inspect-dataset.ts';

/** All findings of one code. */
export interface FindingGroup {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Number of findings, without those that are kept. */
  readonly count: number;
  /** Number of those that somebody found right as they are. */
  readonly kept: number;
  /** The first keys, at most 10: of files, or of classes. Empty where the whole dataset is concerned. */
  readonly keys: readonly string[];
  /** What was found, in one line, and what to do. A single finding's own message. */
  readonly message: string;
}

/** What several findings of a code say together, after their number. */
const TOGETHER = {
  'file-empty': 'files are empty and left out',
  'file-corrupt': 'files cannot be decoded and are left out',
  'file-unsupported': 'files are not pictures of a known format and are left out',
  'file-too-large': 'files are too large and are left out',
  'file-unreadable': 'files cannot be read and are left out',
  'file-hidden': 'hidden files are left out',
  'file-outside-class': 'files are in no class folder and are left out',
  'file-vanished': 'files were deleted during the inspection',
  'picture-flat': 'pictures show one plain color',
  'pictures-mostly-flat': 'datasets show mostly one plain color',
  'pictures-tiny': "classes have pictures that are much smaller than the network's input",
  'duplicate-content': 'copies are skipped',
  'duplicate-across-classes': 'pictures are in several classes and are left out',
  'duplicate-across-splits': 'copies of pictures in another split are skipped',
  'near-duplicate': 'groups of pictures look the same; each is in one split',
  'near-duplicate-across-classes': 'groups of pictures look the same and are in several classes',
  'near-duplicate-across-splits': 'groups of pictures look the same and are in different splits',
  'layout-ambiguous': 'folders can be read in two ways',
  'class-case-collision': 'classes have names that others could be confused with',
  'class-too-small': 'classes have too few pictures',
  'class-few-pictures': 'classes have few pictures',
  'class-missing-in-split': 'classes have no picture in a split',
  'split-off-quota': 'classes do not have their shares of the splits',
  'file-after-snapshot': 'pictures were added after the snapshot of the split and are left out',
  'picture-gone': 'pictures that the job shall train on are gone',
  'single-class': 'datasets have one class',
  'no-images': 'datasets have no picture',
} as const satisfies Readonly<Record<FindingCode, string>>;

const MAX_KEYS = 10;
/** Keys in the message. */
const NAMED = 2;

/**
 * Groups findings by their code. One group for each code, in the order of the findings: errors first.
 * @param isKept whether somebody found it right as it is. Where all are, the group has what they say together. Default: none is.
 */
export function groupFindings(
  { dataset, findings, findingCounts }: Pick<DatasetInspection, 'dataset' | 'findings' | 'findingCounts'>,
  isKept: (finding: Finding) => boolean = () => false,
): readonly FindingGroup[] {
  const prefix = keys.dataset(dataset);
  return [...groupBy(findings, ({ code }) => code)].map(([code, members]) => {
    const open = members.filter((finding) => !isKept(finding));
    const kept = members.length - open.length;
    const count = (findingCounts[code] ?? members.length) - kept;
    const shown = open.length === 0 ? members : open;
    const [first] = shown as [Finding, ...Finding[]];
    const said = count === 0 ? kept : count;
    const found = shown.flatMap(({ key }) => key ?? []).slice(0, MAX_KEYS);
    const message = said === 1 ? first.message : together(code, said, prefix, found, first.message);
    return { code, severity: first.severity, count, kept, keys: found, message };
  });
}

function together(
  code: FindingCode,
  count: number,
  prefix: string,
  found: readonly string[],
  firstMessage: string,
): string {
  const names = found.slice(0, NAMED).map((key) => (key.startsWith(prefix) ? key.slice(prefix.length) : key));
  const more = count - names.length;
  const list = more > 0 ? `${names.join(', ')} and ${more} more` : names.join(' and ');
  return `${count} ${TOGETHER[code]}: ${list}. The first: ${firstMessage}`;
}
