// What a finding is called, so that somebody can say of it later that it is right as it is. The name goes by the content of its pictures, so it
// stays the same when they are moved.

import { contentHashOf } from '../content-hash.ts';
import type { Finding } from './findings.ts';

const DIGITS = 16;

/** The form of an id: a code, then what it is about. */
export const FINDING_ID_PATTERN = `^[a-z][a-z-]{1,60}(:[0-9a-f]{${DIGITS}}([.][0-9a-f]{${DIGITS}}){0,15})?$`;

/** What an id says of a picture. @param contentHash sha256, hexadecimal, or its first half. */
export const subjectOfContent = (contentHash: string): string => contentHash.slice(0, DIGITS);
/** What an id says of a file that is no picture, and of a class. @param path below the dataset. */
export const subjectOfPath = (path: string): string => subjectOfContent(contentHashOf(Buffer.from(path)));
/** What an id is about. */
export const subjectsOf = (id: string): readonly string[] => id.split(':')[1]?.split('.') ?? [];

/** A finding with its id. */
export interface IdentifiedFinding extends Finding {
  readonly id: string;
}

/**
 * Gives findings their ids.
 * @param prefix of the dataset's keys.
 * @param pictures all that could be read, also those that are left out.
 */
export function identifyFindings(
  findings: readonly Finding[],
  prefix: string,
  pictures: readonly { readonly key: string; readonly contentHash: string }[],
): readonly IdentifiedFinding[] {
  const keysOf = ({ key, related = [] }: Finding) => [...(key === null ? [] : [key]), ...related];
  const wanted = new Set(findings.flatMap(keysOf));
  const hashes = new Map<string, string>();
  for (const { key, contentHash } of pictures) if (wanted.has(key)) hashes.set(key, contentHash);
  const subjectOf = (key: string) => {
    const hash = hashes.get(key);
    return hash === undefined ? subjectOfPath(key.slice(prefix.length)) : subjectOfContent(hash);
  };
  return findings.map((finding) => {
    const gone = finding.contentId === undefined ? [] : [subjectOfContent(finding.contentId)];
    const subjects = [...new Set([...keysOf(finding).map(subjectOf), ...gone])].sort();
    return {
      ...finding,
      id: [finding.code, ...(subjects.length === 0 ? [] : [subjects.join('.')])].join(':'),
    };
  });
}
