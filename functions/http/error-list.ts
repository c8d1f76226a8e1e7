// Renders the list of all error codes for readers: one table as HTML and as Markdown. Knows no server.

import { html } from 'hono/html';
import type { ErrorCodeTable } from '../../core/errors/error-code-table.ts';
import { ERROR_CODE_GROUPS, type ErrorCode } from '../../core/errors/error-codes.ts';
import { docsPage } from './docs-page.ts';
import { answerTo, type ErrorAnswer } from './error-status.ts';
import { inlineMarkdown } from './inline-markdown.ts';

const TITLE = 'Error codes';
const INTRODUCTION =
  'Every failure is `{"error":{"message","type","param","code"}}`; the message says what was received and what is allowed. ' +
  '"Again" says whether to send the same request again, as the headers `Retry-After` and `X-Should-Retry` of the answer do: ' +
  'after some seconds, after the operator has mended the cause, or not at all. Codes of jobs stand in the `error` of a job, ' +
  'which has no status.';
const HEADINGS = ['Code', 'Status', 'Again', 'What it means, and what to do'];

const groups = Object.entries<ErrorCodeTable>(ERROR_CODE_GROUPS).map(([heading, codes]) => ({
  heading,
  rows: Object.entries(codes).map(([code, advice]) => {
    const answer = answerTo(code as ErrorCode);
    return [`\`${code}\``, String(answer.status), describeRetry(answer), advice];
  }),
}));

function describeRetry({ retry }: ErrorAnswer): string {
  if (typeof retry === 'number') return `after ${retry} s`;
  return retry === 'after-repair' ? 'after repair' : 'no';
}

/** The list of error codes as a Markdown page, ERRORS.md. */
export function errorListMarkdown(): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const sections = groups.map(({ heading, rows }) =>
    [`## ${heading}`, '', row(HEADINGS), row(HEADINGS.map(() => '---')), ...rows.map(row)].join('\n'),
  );
  return `${[`# ${TITLE}`, INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** The list of error codes as an HTML page, with an anchor for each code. */
export function errorListHtml() {
  const row = ([code = '', ...cells]: readonly string[]) =>
    html`<tr id="${code.replaceAll('`', '')}"><th scope="row">${inlineMarkdown(code)}</th>${cells.map((cell) => html`<td>${inlineMarkdown(cell)}</td>`)}</tr>`;
  const section = ({ heading, rows }: (typeof groups)[number]) =>
    html`<section class="card"><h2>${heading}</h2><table class="codes"><thead><tr>${HEADINGS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map(row)}</tbody></table></section>`;
  return docsPage(TITLE, html`<h1>${TITLE}</h1><p>${inlineMarkdown(INTRODUCTION)}</p>${groups.map(section)}`);
}
