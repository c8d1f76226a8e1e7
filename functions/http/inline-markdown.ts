// Markdown within a sentence as HTML: code between backticks, and links to this server. Knows no page.

import { html } from 'hono/html';

/** Code, or a link to a path of this server. */
const MARKUP = /`([^`]+)`|\[([^\]]+)\]\((\/[^)\s]*)\)/g;

/** A sentence as HTML; everything but code and links is shown as it is written. */
export function inlineMarkdown(markdown: string) {
  const parts = [];
  let end = 0;
  for (const match of markdown.matchAll(MARKUP)) {
    const [whole, code, text, href] = match;
    parts.push(html`${markdown.slice(end, match.index)}`);
    parts.push(code === undefined ? html`<a href="${href}">${text}</a>` : html`<code>${code}</code>`);
    end = match.index + whole.length;
  }
  return html`${parts}${markdown.slice(end)}`;
}
