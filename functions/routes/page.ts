// The page at /: models, jobs with their progress, and a photo to try. A client of the API like any other.

import type { AppDeps } from '../deps/deps.ts';
import { createRoutes } from '../http/app-routes.ts';
import { CSS, HTML, JAVASCRIPT, serveAsset } from '../http/asset-files.ts';

/** Everything from here, nothing inline; `blob:` shows the photo that was dropped, and a large one goes to the store. */
const policyFor = (uploadOrigin: string) =>
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
  `connect-src 'self' ${uploadOrigin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const pageFile = (name: string) => new URL(`../page/${name}`, import.meta.url);

export function pageRoutes({ uploads }: Pick<AppDeps, 'uploads'>) {
  const routes = createRoutes();
  const policy = async () => policyFor((await uploads.origin?.()) ?? '');
  routes.get('/', serveAsset({ locate: () => pageFile('index.html'), contentType: HTML }, policy));
  routes.get(
    '/page.css',
    serveAsset({ locate: () => pageFile('page.css'), contentType: CSS }, policyFor('')),
  );
  routes.get(
    '/page.js',
    serveAsset({ locate: () => pageFile('page.js'), contentType: JAVASCRIPT }, policyFor('')),
  );
  return routes;
}
