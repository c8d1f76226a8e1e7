// How the script of the page is made of its sources, for builds and for servers that start from sources.

import type { BuildOptions } from 'esbuild';

/** The options of esbuild; whoever builds adds where the repository is, and where the script goes. */
export const PAGE_BUILD = {
  entryPoints: { page: 'functions/page/main.tsx' },
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions;
