// Links of every Markdown file of the repository lead to a file, and to a heading, that is there.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMarkdown } from '../../support/read-markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Of the server that the documents describe; other tests ask for its pages. */
const OWN_SERVER = 'http://127.0.0.1:8787/';
const EXTERNAL = /^https:\/\//;

/** What is built or installed has documents of its own. */
const isOurs = (file: string) => !/(^|\/)(\.|node_modules|cdk\.out)/.test(file);

const files = readdirSync(ROOT)
  .filter(isOurs)
  .flatMap((entry) =>
    statSync(path.join(ROOT, entry)).isDirectory()
      ? readdirSync(path.join(ROOT, entry), { recursive: true, encoding: 'utf8' }).map(
          (file) => `${entry}/${file}`,
        )
      : [entry],
  )
  .filter((file) => file.endsWith('.md') && isOurs(file));

/** One line for each link that leads nowhere. */
function brokenLinks(file: string): string[] {
  return readMarkdown(file).links.flatMap(({ target, line }) => {
    if (EXTERNAL.test(target) || target.startsWith(OWN_SERVER)) return [];
    const [place = '', anchor] = target.split('#');
    const there = place === '' ? file : path.resolve(path.dirname(file), decodeURIComponent(place));
    const problem = !existsSync(there)
      ? 'no such file'
      : anchor !== undefined && !readMarkdown(there).anchors.has(anchor)
        ? 'no such heading'
        : undefined;
    return problem === undefined ? [] : [`${path.relative(ROOT, file)}:${line}: ${target}: ${problem}`];
  });
}

describe('links of the documents', () => {
  it.each(files)('%s', (file) => {
    expect(brokenLinks(path.join(ROOT, file))).toEqual([]);
  });

  it('a link to what is not there is found', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'fovea-links-'));
    try {
      const file = path.join(folder, 'page.md');
      writeFileSync(
        file,
        '# A `b` (c)\n\n# A b c\n\n[x](#a-b-c) [x](#a-b-c-1) [x](#a-b-c-2)\n[x](page.md) [x](other.md)\n',
      );
      expect(brokenLinks(file).map((line) => line.replace(/^.*page\.md:/, ''))).toEqual([
        '5: #a-b-c-2: no such heading',
        '6: other.md: no such file',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
