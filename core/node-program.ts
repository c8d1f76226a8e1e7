// How Node runs a program of ours: a source in TypeScript, or its bundle.

/** The arguments of Node that run a file: a source is read by tsx, which only a checkout needs. */
export const nodeProgram = (file: string): readonly string[] =>
  file.endsWith('.ts') ? ['--import', import.meta.resolve('tsx'), file] : [file];
