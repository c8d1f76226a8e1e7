// One entry point and all that it imports, as few files for Node on Lambda.

import path from 'node:path';
import { build } from 'esbuild';

export interface BundleFunctionOptions {
  readonly repository: string;
  readonly entry: string;
  /** Gets `app/main.mjs` and its chunks. */
  readonly folder: string;
}

/** Packages with native parts, or files that are read at run time: they stay packages. */
export const EXTERNAL_PACKAGES = ['onnxruntime-node', 'sharp', 'swagger-ui-dist'] as const;

/** CommonJS packages inside of the bundle call `require` for Node's own modules. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);`;

/** Bundles; what is imported by `import()` becomes a chunk of its own, which a cold start does not read. */
export async function bundleFunction({ repository, entry, folder }: BundleFunctionOptions): Promise<void> {
  await build({
    absWorkingDir: repository,
    entryPoints: { main: entry },
    outdir: path.join(folder, 'app'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    // A WebAssembly module comes as a string of bytes, which escapes would make a third longer.
    charset: 'utf8',
    legalComments: 'none',
    external: [...EXTERNAL_PACKAGES],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
}
