// The page's components have no sentence of their own: words are in functions/page/words, or in core/words.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const FOLDERS = ['functions/page/views', 'functions/page/parts'];
/** Two words, the first of which begins as a sentence does. */
const SENTENCE = /(^|[^\p{L}\d#.-])\p{Lu}\p{Ll}+,? \p{L}{2,}/u;
/** Attributes that are for machines. */
const MACHINES = new Set(['class', 'id', 'key', 'd', 'viewBox', 'transform']);

/** What of a component's source people would read: text between tags, and strings that look like sentences. */
function sentencesOf(name: string, source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isNewExpression(node)) return;
    if (ts.isJsxAttribute(node) && MACHINES.has(node.name.getText())) return;
    if (ts.isJsxText(node) && /\p{L}{2,}/u.test(node.text)) found.push(node.text.trim());
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText && SENTENCE.test(node.text)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

it('finds sentences between tags and in strings', () => {
  const source =
    'const a = <p class="Big title" title="Move it">Hello {name}</p>; const b = `Deleted for good`; const c = "data-x y";';
  expect(sentencesOf('planted.tsx', source)).toEqual(['Move it', 'Hello', 'Deleted for good']);
});

it.each(FOLDERS)('%s has no sentence of its own', async (folder) => {
  const found: string[] = [];
  for (const file of await readdir(folder))
    for (const text of sentencesOf(file, await readFile(path.join(folder, file), 'utf8')))
      found.push(`${file}: ${text}`);
  expect(found).toEqual([]);
});
