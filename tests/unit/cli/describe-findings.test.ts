// What `fovea datasets check` says of findings, also of those that are kept.

import { expect, it } from 'vitest';
import { describeFindings } from '../../../cli/commands/datasets.ts';

const GROUP = { severity: 'info' as const, keys: [], message: '2 groups of pictures look the same.' };

it('counts findings that are kept in a line of their own', () => {
  const said = describeFindings({
    finding_groups: [
      { ...GROUP, code: 'near-duplicate', count: 2, kept: 1 },
      { ...GROUP, code: 'split-off-quota', count: 0, kept: 3, message: 'not said' },
    ],
  });
  expect(said).toContain('2 groups of pictures look the same. (near-duplicate)');
  expect(said).not.toContain('not said');
  expect(said).toContain('Kept as they are, and not counted above: 1 near-duplicate, 3 split-off-quota.');
  expect(describeFindings({ finding_groups: [] })).toBe('Nothing was found.');
});
