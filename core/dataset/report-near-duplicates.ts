// Reports near-duplicates.

import type { Picture } from './drop-duplicates.ts';
import type { FindingList } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { NearDuplicates } from './near-duplicates.ts';
import type { Split } from './split-folder.ts';

/** Groups that are listed with their keys. */
const MAX_GROUPS = 50;
const MAX_KEYS = 10;

/**
 * Adds a finding for every group of near-duplicates.
 *
 * @param leaders The result of groupNearDuplicates, in the order of `pictures`.
 * @param splits The splits to which the pictures are assigned.
 */
export function reportNearDuplicates(
  pictures: readonly Picture[],
  leaders: Int32Array,
  splits: readonly Split[],
  findings: FindingList,
): NearDuplicates {
  const groups = [...groupBy(pictures.keys(), (index) => leaders[index] as number).values()]
    .filter((members) => members.length > 1)
    .map((members) => ({
      keys: members.map((index) => (pictures[index] as Picture).key),
      classes: new Set(members.map((index) => (pictures[index] as Picture).label)).size,
      splits: [...new Set(members.map((index) => splits[index] as Split))].sort(),
    }));
  for (const group of groups) reportGroup(group, findings);
  const urgency = (group: (typeof groups)[number]) =>
    (group.classes > 1 ? 2 : 0) + (group.splits.length > 1 ? 1 : 0);
  return {
    groupCount: groups.length,
    pictureCount: groups.reduce((total, { keys }) => total + keys.length, 0),
    acrossSplits: groups.filter((group) => group.splits.length > 1).length,
    acrossClasses: groups.filter((group) => group.classes > 1).length,
    groups: groups
      .toSorted((a, b) => urgency(b) - urgency(a))
      .slice(0, MAX_GROUPS)
      .map(({ keys }) => keys.slice(0, MAX_KEYS)),
  };
}

function reportGroup(
  group: { readonly keys: readonly string[]; readonly classes: number; readonly splits: readonly Split[] },
  findings: FindingList,
): void {
  const [first, ...others] = group.keys as [string, ...string[]];
  const alike = `"${first}" looks the same as ${others.length === 1 ? `"${others[0]}"` : `${others.length} other pictures`}`;
  if (group.classes > 1) {
    findings.add(
      'near-duplicate-across-classes',
      first,
      `${alike} in another class. Look at them: at most one of the labels is right, unless a picture shows both.`,
      others,
    );
  } else if (group.splits.length > 1) {
    findings.add(
      'near-duplicate-across-splits',
      first,
      `${alike}, and they are in different splits (${group.splits.join(', ')}), so that results look better than they are. Put such pictures into one split.`,
      others,
    );
  } else {
    findings.add('near-duplicate', first, `${alike}; they are in the same split.`, others);
  }
}
