// The page at /: models, jobs with their progress, and a photo to try. It is a client of the API like any other.

import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { CSS, HTML, JAVASCRIPT, serveAsset } from '../http/asset-files.ts';

/** Allows everything from this server and nothing inline. `blob:` shows the dropped photo; a large one is sent to `uploadOrigin`. */
const policyFor = (uploadOrigin = '') =>
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
  `connect-src 'self' ${uploadOrigin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const pageFile = (name: string) => new URL(`../page/${name}`, import.meta.url);

/** The routes of the page, its style sheet and its script. */
export function pageRoutes({ uploads }: Pick<AppDeps, 'uploads'>) {
  const routes = createRoutes();
  const policy = async () => policyFor(await uploads.origin?.());
  routes.get('/', serveAsset({ locate: () => pageFile('index.html'), contentType: HTML }, policy));
  routes.get('/page.css', serveAsset({ locate: () => pageFile('page.css'), contentType: CSS }, policyFor()));
  routes.get(
    '/page.js',
    serveAsset({ locate: () => pageFile('page.js'), contentType: JAVASCRIPT }, policyFor()),
  );
  return routes;
}
