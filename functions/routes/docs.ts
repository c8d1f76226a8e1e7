// The API's description: OpenAPI from the schemas, Swagger UI over it, and the list of error codes, all served by this
// server alone.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { assetHeaders, CSS, HTML, JAVASCRIPT, MARKDOWN, serveAsset } from '../http/asset-files.ts';
import { KEY_SCHEME } from '../http/create-route.ts';
import { errorListHtml, errorListMarkdown } from '../http/error-list.ts';
import { plainSchemas } from '../http/plain-schemas.ts';

/** Swagger UI sets inline styles and draws its icons as data URLs; its scripts come from here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
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
  // Beside a file that is there in any case: the others may lie there compressed.
  const swaggerFile = (name: string) =>
    new URL(name, pathToFileURL(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')));
  const pageFile = (name: string) => new URL(`../page/${name}`, import.meta.url);

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

  routes.get('/openapi.json', (c) => c.json(plainSchemas(needsKey ? describe() : withoutKeys(describe()))));
  routes.get('/docs', serveAsset({ locate: () => pageFile('docs.html'), contentType: HTML }, POLICY));
  routes.get(
    '/docs/docs.js',
    serveAsset({ locate: () => pageFile('docs.js'), contentType: JAVASCRIPT }, POLICY),
  );
  routes.get(
    '/docs/swagger-ui.css',
    serveAsset({ locate: () => swaggerFile('swagger-ui.css'), contentType: CSS }, POLICY),
  );
  routes.get(
    '/docs/swagger-ui-bundle.js',
    serveAsset({ locate: () => swaggerFile('swagger-ui-bundle.js'), contentType: JAVASCRIPT }, POLICY),
  );
  routes.get('/docs/errors', (c) => c.html(errorListHtml(), 200, assetHeaders(HTML, POLICY)));
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
