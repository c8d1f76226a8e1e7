// Bundles one entry point and all that it imports into a few files for Node on Lambda.

import path from 'node:path';
import { build } from 'esbuild';

/** What to bundle, and where the bundle goes. */
export interface BundleFunctionOptions {
  readonly repository: string;
  readonly entry: string;
  /** Gets `app/main.mjs` and its chunks. */
  readonly folder: string;
}

/** Packages that are not bundled, because they have native code or files that are read at run time. */
export const EXTERNAL_PACKAGES = ['libheif-js', 'onnxruntime-node', 'sharp'] as const;

/** The innermost package that a file belongs to. */
export const PACKAGE_FOLDER = /^.*node_modules\/(@[^/]+\/)?[^/]+/;

/** Defines `require`, which CommonJS packages in the bundle call for Node's own modules. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);`;

/**
 * Writes the bundle. A module that is imported by `import()` becomes a chunk of its own, which a cold start does not read.
 *
 * @returns The folders of the packages that have code in the bundle, e.g. `node_modules/zod`.
 */
export async function bundleFunction({
  repository,
  entry,
  folder,
}: BundleFunctionOptions): Promise<ReadonlySet<string>> {
  const { metafile } = await build({
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
    // A WebAssembly module is a string of bytes, which escapes would make a third longer.
    charset: 'utf8',
    // function-notices.ts writes these comments into a file beside the bundle.
    legalComments: 'none',
    metafile: true,
    // The page's script is built already, so that nothing asks for the bundler.
    external: [...EXTERNAL_PACKAGES, 'esbuild'],
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return new Set(bundled.flatMap((file) => PACKAGE_FOLDER.exec(file)?.[0] ?? []));
}
