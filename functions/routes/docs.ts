// The API's description: OpenAPI from the schemas, pages of it for readers, and the list of error codes, all served by this
// server alone.

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { DescribedApi } from '../api-page/described-api.ts';
import { renderOperationsPage, renderSchemasPage } from '../api-page/render-pages.ts';
import { withRequestExamples } from '../api-page/request-examples.ts';
import type { AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { assetHeaders, CSS, JAVASCRIPT, MARKDOWN, serveAsset, serveRendered } from '../http/asset-files.ts';
import { KEY_SCHEME } from '../http/create-route.ts';
import { SCHEMAS_PATH } from '../http/docs-page.ts';
import { errorListHtml, errorListMarkdown } from '../http/error-list.ts';
import { readPageFile, readPageStyle } from '../http/page-files.ts';
import { plainSchemas } from '../http/plain-schemas.ts';

/** Everything comes from this server, and nothing is inline but the empty icon. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Every request meets an empty requirement. */
const NO_KEY = {};

/** What is described, and under which version. */
export interface DocsDeps {
  readonly version: string;
  /** The whole app; all of its registered routes are described. */
  readonly app: OpenAPIHono<AppEnv>;
  /** Whether requests below /v1 need an API key. */
  readonly needsKey: boolean;
}

/** The routes of the API's description. They describe what the app has when they are asked. */
export function docsRoutes({ version, app, needsKey }: DocsDeps) {
  const routes = createRoutes();
  app.openAPIRegistry.registerComponent('securitySchemes', KEY_SCHEME, {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key. An installation on one machine needs none.',
  });

  const describe = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Fovea',
        version,
        description:
          'Fine-tune image classifiers and serve them. The fine-tuning routes work with OpenAI’s SDKs. ' +
          '[Every error code](/docs/errors), and what to do about it.',
      },
      servers: [{ url: '/' }],
      security: [{ [KEY_SCHEME]: [] }],
    });
  const described = () => withRequestExamples(plainSchemas(needsKey ? describe() : withoutKeys(describe())));
  /** What the pages read is a part of what the document has. */
  const api = () => described() as unknown as DescribedApi;
  /** Where this client reaches the server. */
  const originOf = (c: Context<AppEnv>) => c.get('publicOrigin') ?? new URL(c.req.url).origin;

  routes.get('/openapi.json', (c) => c.json(described()));
  routes.get(
    '/docs',
    serveRendered(
      (c) => originOf(c),
      (origin) => renderOperationsPage(api(), origin, needsKey),
      POLICY,
    ),
  );
  routes.get(
    SCHEMAS_PATH,
    serveRendered(
      () => '',
      () => renderSchemasPage(api()),
      POLICY,
    ),
  );
  routes.get(
    '/docs/errors',
    serveRendered(() => '', errorListHtml, POLICY),
  );
  routes.get(
    '/docs/docs.css',
    serveAsset({ read: () => readPageStyle('docs.css'), contentType: CSS }, POLICY),
  );
  routes.get(
    '/docs/docs.js',
    serveAsset({ read: () => readPageFile('docs.js'), contentType: JAVASCRIPT }, POLICY),
  );
  routes.get('/docs/errors.md', (c) => c.body(errorListMarkdown(), 200, assetHeaders(MARKDOWN, POLICY)));
  return routes;
}

/** The document of an installation that requires no keys. */
function withoutKeys<T extends ReturnType<OpenAPIHono<AppEnv>['getOpenAPI31Document']>>(document: T): T {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, { security, ...operation }]) => [method, operation]),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths), security: [NO_KEY] };
}
