// Whether TensorFlow finds the CUDA libraries of a folder. It looks for them when it meets a GPU, and goes on without the GPU where
// one is missing. So it is asked beforehand, by the function of its own that opens them. Needs no GPU.

import { existsSync } from 'node:fs';
import { rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LIBRARY_LINK } from './cuda-wheels.ts';
import { runCommand } from './run-command.ts';
import { buildFailed, loadFailed } from './setup-errors.ts';
import type { WheelSet } from './wheels.ts';

/** Puts a library where TensorFlow looks for it, where the folder has that library. */
export async function linkLibraries(directory: string): Promise<void> {
  const link = path.join(directory, 'python', LIBRARY_LINK.file);
  const target = path.resolve(path.dirname(link), LIBRARY_LINK.target);
  if (!existsSync(target) || existsSync(link)) return;
  await symlink(LIBRARY_LINK.target, link);
}

/** The function answers with an absl::Status, which is as large as a pointer. The log names the libraries. */
const PROGRAM = `
#include <dlfcn.h>
#include <cstdio>
int main(int, char** arguments) {
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) { std::puts(dlerror()); return 1; }
  using Open = void* (*)(void**);
  auto open = reinterpret_cast<Open>(dlsym(library, "_ZN3tsl8internal9DsoLoader26MaybeTryDlopenGPULibrariesEv"));
  if (open == nullptr) { std::puts(dlerror()); return 1; }
  void* status = nullptr;
  open(&status);
}`;

/**
 * Has TensorFlow open its CUDA libraries, in a process of its own.
 *
 * @throws {FoveaError} `native-load-failed` where it does not find a library that the wheels brought; `native-build-failed`.
 */
export async function tryLibraries(
  compiler: string,
  directory: string,
  wheels: WheelSet,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const library = path.join(directory, 'python/tensorflow/libtensorflow_framework.so.2');
  const source = path.join(directory, 'open-libraries.cc');
  const program = path.join(directory, 'open-libraries');
  const run = { cwd: directory, env: { ...env, TF_CPP_MIN_LOG_LEVEL: '0', TF_CPP_MAX_VLOG_LEVEL: '1' } };
  try {
    await writeFile(source, PROGRAM);
    const built = await runCommand(compiler, [source, '-ldl', '-o', program], run);
    if (built.code !== 0) throw buildFailed(built.tail);
    const missing: string[] = [];
    const onLine = (line: string) => {
      const [, name] = /Could not load dynamic library '([^']+)'/.exec(line) ?? [];
      if (name !== undefined) missing.push(name);
    };
    const { code, tail } = await runCommand(program, [library], { ...run, onLine });
    if (code !== 0) throw loadFailed(tail);
    const brought = new Set(wheels.cuda.flatMap(({ keeps }) => keeps.map((file) => path.basename(file))));
    const unfound = missing.filter((name) => brought.has(name));
    if (unfound.length > 0) throw loadFailed(`TensorFlow does not find ${unfound.join(', ')}`);
  } finally {
    await rm(source, { force: true });
    await rm(program, { force: true });
  }
}
