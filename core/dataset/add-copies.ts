// Adds copies in another cut, which are found only when the features of pictures are known, to what an inspection found.

import { FINDING_SEVERITIES, type Finding, type FindingCode, type FindingCounts } from './findings.ts';
import { type FindingGroup, groupFindings } from './group-findings.ts';
import type { DatasetInspection, DatasetItem } from './inspect-dataset.ts';

/** Two pictures of different splits that show the same scene in another cut: shifted, cropped, scaled or mirrored. */
export interface CopyPair {
  /** The picture of the split that is evaluated. */
  readonly held: DatasetItem;
  /** The picture of a split before it: training, or validation. */
  readonly seen: DatasetItem;
}

/** Groups of an inspection that are listed with their keys, as many as without copies. */
const MAX_GROUPS = 50;

/** The inspection with the pairs as near-duplicates, and what is new as findings, each kind as one. */
export function addCopies(
  inspection: DatasetInspection,
  pairs: readonly CopyPair[],
): { readonly inspection: DatasetInspection; readonly found: readonly FindingGroup[] } {
  const findings = pairs.map(toFinding);
  const added = countCodes(findings);
  const { nearDuplicates: known } = inspection;
  const pictures = new Set(pairs.flatMap(({ held, seen }) => [held.key, seen.key]));
  return {
    inspection: {
      ...inspection,
      findings: [...inspection.findings, ...findings],
      findingCounts: countCodes(findings, inspection.findingCounts),
      nearDuplicates: {
        groupCount: known.groupCount + pairs.length,
        pictureCount: known.pictureCount + pictures.size,
        acrossSplits: known.acrossSplits + pairs.length,
        acrossClasses: known.acrossClasses + pairs.filter(isAcrossClasses).length,
        groups: [...pairs.map(({ held, seen }) => [held.key, seen.key]), ...known.groups].slice(
          0,
          MAX_GROUPS,
        ),
      },
    },
    found: groupFindings({ dataset: inspection.dataset, findings, findingCounts: added }),
  };
}

/** Numbers of findings by code, on top of those that are known. */
function countCodes(findings: readonly Finding[], known: FindingCounts = {}): FindingCounts {
  const counts: Partial<Record<FindingCode, number>> = { ...known };
  for (const { code } of findings) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

const isAcrossClasses = ({ held, seen }: CopyPair): boolean => held.classIndex !== seen.classIndex;

function toFinding({ held, seen }: CopyPair): Finding {
  const alike = `"${held.key}" (${held.split}) shows the same as "${seen.key}" (${seen.split}) in another cut`;
  const code = isAcrossClasses({ held, seen })
    ? 'near-duplicate-across-classes'
    : 'near-duplicate-across-splits';
  const advice = isAcrossClasses({ held, seen })
    ? 'They are in different classes: at most one of the labels is right, unless a picture shows both.'
    : 'Results look better than they are. Remove one of them, or put both into one of the folders train/, validation/ and test/.';
  return {
    code,
    severity: FINDING_SEVERITIES[code],
    key: held.key,
    message: `${alike}. ${advice}`,
    related: [seen.key],
  };
}
