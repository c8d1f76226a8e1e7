// The page at /: models, jobs with their progress, and a photo to try. A client of the API like any other.

import { createRoutes } from '../http/app-routes.ts';
import { CSS, HTML, JAVASCRIPT, serveAsset } from '../http/asset-files.ts';

/** Everything from here, nothing inline; `blob:` shows the photo that was dropped. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const pageFile = (name: string) => new URL(`../page/${name}`, import.meta.url);

export function pageRoutes() {
  const routes = createRoutes();
  routes.get('/', serveAsset({ locate: () => pageFile('index.html'), contentType: HTML }, POLICY));
  routes.get('/page.css', serveAsset({ locate: () => pageFile('page.css'), contentType: CSS }, POLICY));
  routes.get('/page.js', serveAsset({ locate: () => pageFile('page.js'), contentType: JAVASCRIPT }, POLICY));
  return routes;
}
