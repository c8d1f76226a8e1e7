// Renders a WebAssembly module as a source file, so that bundles and threads need no file of its own beside them.

import loadWabt from 'wabt';

const LINE_CHARACTERS = 90;

/**
 * The source file of a module.
 * @param text The module in WebAssembly's text format.
 * @throws {Error} where it is not valid.
 */
export async function renderKernel(text: string): Promise<string> {
  const wabt = await loadWabt();
  const module = wabt.parseWat('resample.wat', text, { simd: true });
  try {
    module.validate();
    const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
    const lines = base64.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
    return `// The module of resample.wat. \`npm run build:resampler\` writes this file.

/** The module's bytes in base64. */
export const RESAMPLE_KERNEL =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
  } finally {
    module.destroy();
  }
}
