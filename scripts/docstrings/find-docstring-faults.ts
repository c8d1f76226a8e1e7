// The rules of docstrings, on the text of one file: every export has one, it says something that the name does not, and it
// is a sentence or a noun phrase. Knows no folders.

import ts from 'typescript';

/** A docstring, or the want of one, that the rules refuse. */
export interface DocstringFault {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

const SUBJECTLESS = /^Of\b/;
/** Words that add nothing to a name. */
const FILLERS = new Set(['a', 'an', 'the', 'of', 'for', 'in', 's']);

/**
 * The faults of one TypeScript file, in the order of its lines. Exports need a docstring; docstrings of anything are held to
 * the rules, also those of fields and of what is not exported.
 * @param source text of the file; it is parsed alone, without its imports.
 */
export function findDocstringFaults(source: string): DocstringFault[] {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true);
  const faults: DocstringFault[] = [];
  const report = (node: ts.Node, message: string) =>
    faults.push({ line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, message });
  const listed = new Set(file.statements.flatMap(namesListed));

  for (const statement of file.statements) {
    const names = namesOf(statement);
    const isExport = names.some((name) => listed.has(name)) || hasExportKeyword(statement);
    if (isExport && descriptionsOf(statement).every((description) => description === ''))
      report(statement, `"${names.join(', ') || 'default'}" is exported without a docstring.`);
  }
  visit(file);
  return faults.sort((a, b) => a.line - b.line);

  function visit(node: ts.Node): void {
    for (const description of descriptionsOf(node)) {
      const first = description.split('\n', 1)[0];
      if (SUBJECTLESS.test(description))
        report(node, `"${first}" has no subject: say what it is, e.g. "The size of …".`);
      const names = namesOf(node);
      if (description !== '' && names.length > 0 && repeats(description, names))
        report(node, `"${first}" only repeats the name "${names.join(', ')}": say what the name does not.`);
    }
    ts.forEachChild(node, visit);
  }
}

/** Names in `export { a, b }` of this file's own. */
const namesListed = (statement: ts.Statement): string[] =>
  ts.isExportDeclaration(statement) &&
  statement.moduleSpecifier === undefined &&
  statement.exportClause !== undefined &&
  ts.isNamedExports(statement.exportClause)
    ? statement.exportClause.elements.map(({ propertyName, name }) => (propertyName ?? name).text)
    : [];

const hasExportKeyword = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

function namesOf(node: ts.Node): string[] {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = node as ts.NamedDeclaration;
  return name === undefined || ts.isVariableDeclaration(node) ? [] : [name.getText()];
}

/** The text of each docstring before a node, without its tags. */
const descriptionsOf = (node: ts.Node): string[] =>
  ts
    .getJSDocCommentsAndTags(node)
    .filter((comment): comment is ts.JSDoc => ts.isJSDoc(comment) && comment.parent === node)
    .map(({ comment }) => (ts.getTextOfJSDocComment(comment) ?? '').trim());

/** Whether a docstring has no word that the names do not have. */
function repeats(description: string, names: readonly string[]): boolean {
  const known = new Set(names.flatMap(wordsOf));
  return wordsOf(description).every((word) => known.has(word) || FILLERS.has(word));
}

const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
