// The findings about a dataset: codes, severities and the list in which an inspection collects them.

import { compareText } from './compare-text.ts';

/** How bad a finding is. `error`: training is not possible. `warning`: a picture is skipped, or quality suffers. `info`: nothing is wrong. */
export type Severity = 'error' | 'warning' | 'info';

/** All codes of findings, with their severity. */
export const FINDING_SEVERITIES = {
  'file-empty': 'warning',
  'file-corrupt': 'warning',
  'file-unsupported': 'warning',
  'file-too-large': 'warning',
  /** A link, an archived object, or a name that no store can read: the message says which. */
  'file-unreadable': 'warning',
  'file-hidden': 'info',
  'file-outside-class': 'warning',
  /** The file was deleted between listing and reading. */
  'file-vanished': 'warning',
  /** A picture of one plain color, on which nothing can be trained. */
  'picture-flat': 'warning',
  /** Most pictures are of the same plain color. */
  'pictures-mostly-flat': 'error',
  /** A class has pictures that are enlarged much for the network. */
  'pictures-tiny': 'warning',
  /** The same bytes twice in a class: one copy is used. */
  'duplicate-content': 'warning',
  /** The same bytes in two classes: no copy is used, since the right class is not known. */
  'duplicate-across-classes': 'warning',
  /** The same bytes in train/ and test/: the copy in test/ is used, so that it is not trained on. */
  'duplicate-across-splits': 'warning',
  /** Near-duplicates in a class: they are in the same split. */
  'near-duplicate': 'info',
  /** Near-duplicates in two classes: one of the labels is probably wrong. */
  'near-duplicate-across-classes': 'warning',
  /** Near-duplicates in different splits, where folders decide the split. */
  'near-duplicate-across-splits': 'warning',
  /** Folders that may be splits or classes. */
  'layout-ambiguous': 'error',
  'class-case-collision': 'error',
  'class-too-small': 'error',
  'class-few-pictures': 'warning',
  /** A class without a picture in a folder validation/ or test/. */
  'class-missing-in-split': 'warning',
  /** A split of a class does not have its share, because pictures stay in their split and near-duplicates stay together. */
  'split-off-quota': 'info',
  /** The file was added after the snapshot of the split that the job uses. */
  'file-after-snapshot': 'info',
  /** No file has the bytes of a picture that the job shall train on. */
  'picture-gone': 'warning',
  'single-class': 'error',
  'no-images': 'error',
} as const satisfies Readonly<Record<string, Severity>>;
/** A code of {@link FINDING_SEVERITIES}: stable, since clients decide by it. */
export type FindingCode = keyof typeof FINDING_SEVERITIES;

/** Something that is wrong with a dataset, a class or a file. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Object key of the file, or key prefix of the class; null where the whole dataset is concerned. */
  readonly key: string | null;
  readonly message: string;
  /** Other keys that are concerned, e.g. the copies of a duplicate. */
  readonly related?: readonly string[];
  /** The first half of the sha256 of a picture that is gone. Never part of the message: events of jobs keep messages for good. */
  readonly contentId?: string;
}

/** Number of findings by code, also beyond {@link MAX_FINDINGS_PER_CODE}. */
export type FindingCounts = Readonly<Partial<Record<FindingCode, number>>>;

/** Findings of one code that are listed; the rest is only counted, so that a folder of 200,000 text files does not fill the memory. */
export const MAX_FINDINGS_PER_CODE = 1000;
/** Related keys in one finding at most. */
export const MAX_RELATED_KEYS = 10;

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Findings of the whole dataset have no key, and come before those of a file. */
const keyOrder = ({ key }: Finding): string => key ?? '';
const byImportance = (a: Finding, b: Finding): number =>
  SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
  compareText(a.code, b.code) ||
  compareText(keyOrder(a), keyOrder(b));

/** Collects findings, with a limit on how many are listed. */
export class FindingList {
  readonly #findings: Finding[] = [];
  readonly #counts: Partial<Record<FindingCode, number>> = {};

  add(
    code: FindingCode,
    key: string | null,
    message: string,
    related: readonly string[] = [],
    contentId?: string,
  ): void {
    const count = (this.#counts[code] ?? 0) + 1;
    this.#counts[code] = count;
    if (count > MAX_FINDINGS_PER_CODE) return;
    const finding: Finding = {
      code,
      severity: FINDING_SEVERITIES[code],
      key,
      message,
      ...(contentId === undefined ? {} : { contentId }),
    };
    this.#findings.push(
      related.length === 0 ? finding : { ...finding, related: related.slice(0, MAX_RELATED_KEYS) },
    );
  }

  /** The findings in a fixed order: errors first, then by code and key. */
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
