// A report as one HTML page that needs nothing else: no script, no font, no request. Charts are SVG, pictures are data URLs.

import { readFileSync } from 'node:fs';
import type { Report } from '../../core/model/report.ts';
import { BASE_STYLE } from '../../core/style/base-style.ts';
import { plural, utc } from './markup/format.ts';
import { html, Markup } from './markup/markup.ts';
import type { Thumbnails } from './markup/thumbnails.ts';
import { classes } from './sections/classes.ts';
import { confusions } from './sections/confusions.ts';
import { headline } from './sections/headline.ts';
import { imbalance } from './sections/imbalance.ts';
import { curves, making } from './sections/making.ts';
import { morePictures } from './sections/more-pictures.ts';
import { pictures } from './sections/pictures.ts';
import { scores } from './sections/scores.ts';
import { dataset, slices } from './sections/slices.ts';
import { variants } from './sections/variants.ts';

/** The page as HTML, some 100 kB, most of it thumbnails. The same report and thumbnails give the same page. */
export function drawReport(report: Report, thumbnails: Thumbnails): string {
  const { results } = report;
  const style = [BASE_STYLE, new URL('report.css', import.meta.url)].map(
    (file) => new Markup(readFileSync(file, 'utf8')),
  );
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.model} · version ${report.version} · report</title>
<style>
${style}</style>
</head>
<body>
<header><p class="brand">Fovea · model report</p>
<h1>${report.model} <span class="version">version ${report.version}</span></h1>
<p class="facts">${report.architecture} on ${report.dataset.name} · ${plural(report.labels.length, 'class', 'classes')} · ${utc(report.createdAt)}</p></header>
<main>
${
  results === null
    ? html`<section class="card hero"><p class="lead">No picture was kept to judge this model by: how good it is, is not known.</p></section>`
    : html`${headline(report, results)}${confusions(report, results)}${classes(report, results)}${morePictures(report, results)}${imbalance(report)}${scores(results)}`
}
${pictures(report, thumbnails)}
${results && slices(results)}
${curves(report)}
${variants(report)}
${dataset(report)}
${making(report)}
</main>
<footer>The same numbers for programs: <code>report.json</code> beside this page. Ranges are 95 % confidence intervals: Wilson's for shares and F1, for means a seeded bootstrap or, where all or none are right, Wilson's of all pictures.</footer>
</body>
</html>
`;
  return page.text;
}
