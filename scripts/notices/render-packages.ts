// Renders packages with their licenses as a table, and below it every text once. It is the same for the repository and for a
// function.

import { licensesOf } from './allowed-licenses.ts';
import { contentsFile, licenseTexts } from './license-texts.ts';
import type { LockedPackage } from './production-packages.ts';

const FENCE = '~~~~';

/** The table alone: one row for each name and version. */
export function packageTable(
  packages: readonly LockedPackage[],
  contentsOf: (p: LockedPackage) => string,
): string {
  const rows = packages.map((locked) => {
    return `| ${locked.name} | ${locked.version} | ${licensesOf(locked).join(', ')} | ${contentsOf(locked)} |`;
  });
  return [
    '| package | version | license | code inside of its binaries |',
    '|---|---|---|---|',
    ...new Set(rows.sort()),
  ].join('\n');
}

/** Table and texts, Markdown. */
export async function renderPackages(
  repository: string,
  packages: readonly LockedPackage[],
): Promise<string> {
  // Texts that differ in white space alone are one.
  const byWords = new Map<string, { readonly text: string; readonly users: Set<string> }>();
  for (const locked of packages) {
    for (const text of await licenseTexts(repository, locked)) {
      const words = text.replaceAll(/\s+/g, ' ');
      const known = byWords.get(words) ?? { text, users: new Set() };
      known.users.add(`${locked.name}@${locked.version}`);
      byWords.set(words, known);
    }
  }
  const texts = [...byWords.values()]
    .map(({ text, users }) => `### ${[...users].sort().join(', ')}\n\n${FENCE}text\n${text}\n${FENCE}`)
    .sort();
  // A package without code of others has an empty cell.
  const table = packageTable(packages, (locked) => contentsFile(repository, locked) ?? '');
  return `${table}\n\n## Texts\n\n${texts.join('\n\n')}\n`;
}
