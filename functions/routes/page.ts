// The page at /: datasets, training, models, and pictures to try. It is a client of the API like any other.

import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { CSS, HTML, JAVASCRIPT, serveAsset } from '../http/asset-files.ts';
import { readPageFile, readPageStyle } from '../http/page-files.ts';
import { readPageScript } from '../http/page-script.ts';

/** Allows everything from this server and nothing inline. `blob:` shows the dropped photo; a large one is sent to `uploadOrigin`. */
const policyFor = (uploadOrigin = '') =>
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
  `connect-src 'self' ${uploadOrigin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The routes of the page, its style sheet and its script. */
export function pageRoutes({ uploads }: Pick<AppDeps, 'uploads'>) {
  const routes = createRoutes();
  const policy = async () => policyFor(await uploads.origin?.());
  routes.get('/', serveAsset({ read: () => readPageFile('index.html'), contentType: HTML }, policy));
  routes.get(
    '/page.css',
    serveAsset({ read: () => readPageStyle('page.css'), contentType: CSS }, policyFor()),
  );
  routes.get('/page.js', serveAsset({ read: readPageScript, contentType: JAVASCRIPT }, policyFor()));
  return routes;
}
