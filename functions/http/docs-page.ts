// The frame of every page below /docs. Knows no page.

import { html } from 'hono/html';

/** The page that has all components of the API's description. */
export const SCHEMAS_PATH = '/docs/schemas';

/** A whole page. `body` is HTML. */
export function docsPage(title: string, body: unknown) {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/docs.css"><script type="module" src="/docs/docs.js"></script></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header><nav aria-label="Documentation"><a class="brand" href="/">Fovea</a> <a href="/docs">API</a> <a href="${SCHEMAS_PATH}">Schemas</a> <a href="/docs/errors">Error codes</a> <a href="/openapi.json">OpenAPI</a></nav></header>
<main id="main" tabindex="-1">${body}</main></body></html>`;
}
