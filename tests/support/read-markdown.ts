// What tests need to know of a Markdown file: its fenced blocks, headings and links. Knows no other Markdown: code fences begin
// at the start of a line, and links stand on one line.

import { readFileSync } from 'node:fs';

export interface FencedBlock {
  /** The word after the fence, e.g. `sh`; empty where there is none. */
  readonly language: string;
  /** Lines between the fences. */
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** The HTML comment right above the block, without its marks; undefined where there is none. */
  readonly comment: string | undefined;
}

export interface Markdown {
  /** In their order. */
  readonly blocks: readonly FencedBlock[];
  /** Anchors of the headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** Targets of links and pictures, in their order. */
  readonly links: readonly { readonly target: string; readonly line: number }[];
}

const FENCE = /^```\s*(\S*)\s*$/;
const COMMENT = /^<!--\s*(.*?)\s*-->$/s;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
const LINK = /\[(?:[^\][]|\[[^\]]*\])*\]\(([^()\s]+)\)/g;
const CODE_SPAN = /(`+)(?:(?!\1).)+\1/g;

/** @throws where a fence is never closed. */
export function readMarkdown(file: string): Markdown {
  const lines = readFileSync(file, 'utf8').split('\n');
  const blocks: FencedBlock[] = [];
  const links: { target: string; line: number }[] = [];
  const headings: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const end = lines.findIndex((other, at) => at > index && other.trimEnd() === '```');
      if (end === -1) throw new Error(`${file}:${index + 1}: the fence is never closed.`);
      const text = lines.slice(index + 1, end).join('\n');
      blocks.push({ language: fence[1] ?? '', text, line: index + 1, comment: commentAbove(lines, index) });
      index = end;
      continue;
    }
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) headings.push(heading);
    for (const [, target = ''] of line
      .replaceAll(CODE_SPAN, (code) => (code.includes('](') ? '' : code))
      .matchAll(LINK))
      links.push({ target, line: index + 1 });
  }
  return { blocks, anchors: anchorsOf(headings), links };
}

/** A comment that ends on the line above, perhaps over several lines. */
function commentAbove(lines: readonly string[], index: number): string | undefined {
  if (!lines[index - 1]?.trimEnd().endsWith('-->')) return undefined;
  let start = index - 1;
  while (start > 0 && !lines[start]?.startsWith('<!--')) start--;
  return COMMENT.exec(lines.slice(start, index).join('\n').trim())?.[1];
}

function anchorsOf(headings: readonly string[]): Set<string> {
  const anchors = new Set<string>();
  for (const heading of headings) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
    const base = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
