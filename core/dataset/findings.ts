// What can be wrong with a dataset: codes, severities and the list in which an inspection collects them.

import { compareText } from './compare-text.ts';

/** `error`: no training is possible. `warning`: the file is left out, or quality suffers. `info`: left out, rightly so. */
export type Severity = 'error' | 'warning' | 'info';

/** Every finding there is, with its severity. */
export const FINDING_SEVERITIES = {
  'file-empty': 'warning',
  'file-corrupt': 'warning',
  'file-unsupported': 'warning',
  'file-too-large': 'warning',
  /** A link, an archived object, or a name that no store can have: the message says which. */
  'file-unreadable': 'warning',
  'file-hidden': 'info',
  'file-outside-class': 'warning',
  /** Deleted between listing and reading. */
  'file-vanished': 'warning',
  /** Of one plain color: nothing can be learned of it. */
  'picture-flat': 'warning',
  /** Most pictures are of the same plain color. */
  'pictures-mostly-flat': 'error',
  /** The same bytes twice in a class: one copy is kept. */
  'duplicate-content': 'warning',
  /** The same bytes in two classes: which one is right cannot be known, so none is kept. */
  'duplicate-across-classes': 'warning',
  /** The same bytes in train/ and test/: kept in the test, or the test would be of what was learned. */
  'duplicate-across-splits': 'warning',
  /** Pictures of a class that look the same: kept on one side of the split. */
  'near-duplicate': 'info',
  /** Pictures that look the same in two classes: one of the labels is probably wrong. */
  'near-duplicate-across-classes': 'warning',
  /** Pictures that look the same on both sides of a split that the folders decide. */
  'near-duplicate-across-splits': 'warning',
  /** Folders that may be splits, or classes. */
  'layout-ambiguous': 'error',
  'class-case-collision': 'error',
  'class-too-small': 'error',
  'class-few-pictures': 'warning',
  /** A class without a picture in a folder validation/ or test/. */
  'class-missing-in-split': 'warning',
  /** What was dealt before, and look-alikes, keep a split of a class from its share. */
  'split-off-quota': 'info',
  /** Added after the snapshot of the split by which a job goes. */
  'file-after-snapshot': 'info',
  'single-class': 'error',
  'no-images': 'error',
} as const satisfies Readonly<Record<string, Severity>>;
export type FindingCode = keyof typeof FINDING_SEVERITIES;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Object key of the file, or key prefix of the class, at fault; null where it is the dataset as a whole. */
  readonly key: string | null;
  readonly message: string;
  /** Other keys that are part of it, e.g. the copies of a duplicate. */
  readonly related?: readonly string[];
}

/** How many findings there were of each code, also beyond {@link MAX_FINDINGS_PER_CODE}. */
export type FindingCounts = Readonly<Partial<Record<FindingCode, number>>>;

/** Findings kept of one code; the rest is counted, so that a folder of 200,000 text files does not fill the memory. */
export const MAX_FINDINGS_PER_CODE = 1000;
/** Keys named as related in one finding. */
export const MAX_RELATED_KEYS = 10;

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Findings of the whole dataset have no key, and come before those of a file. */
const keyOrder = ({ key }: Finding): string => key ?? '';
const byImportance = (a: Finding, b: Finding): number =>
  SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
  compareText(a.code, b.code) ||
  compareText(keyOrder(a), keyOrder(b));

/** Collects findings, with a bound on how many are kept. */
export class FindingList {
  readonly #findings: Finding[] = [];
  readonly #counts: Partial<Record<FindingCode, number>> = {};

  add(code: FindingCode, key: string | null, message: string, related: readonly string[] = []): void {
    const count = (this.#counts[code] ?? 0) + 1;
    this.#counts[code] = count;
    if (count > MAX_FINDINGS_PER_CODE) return;
    const finding: Finding = { code, severity: FINDING_SEVERITIES[code], key, message };
    this.#findings.push(
      related.length === 0 ? finding : { ...finding, related: related.slice(0, MAX_RELATED_KEYS) },
    );
  }

  /** Errors first, then by code and key: the same dataset gives the same list. */
  sorted(): readonly Finding[] {
    return this.#findings.toSorted(byImportance);
  }

  hasErrors(): boolean {
    return this.#findings.some(({ severity }) => severity === 'error');
  }

  counts(): FindingCounts {
    return { ...this.#counts };
  }
}
