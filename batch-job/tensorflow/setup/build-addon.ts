// Compiles the tfjs-node addon and tries it. The addon is two C++ files over Node-API, whose headers come as a
// package, so that neither Node's own headers nor node-gyp are needed: one call of the compiler does it.

import path from 'node:path';
import { makeFolder } from '../../../core/make-folder.ts';
import { ADDON_PACKAGE, addonPath, NAPI_VERSION, type NativeVariant } from '../addon/addon.ts';
import { isDiskFull, runCommand } from './run-command.ts';
import { buildFailed, loadFailed, noCompiler } from './setup-errors.ts';

/**
 * The C++ compiler to use: `CXX` of the environment, or `g++`.
 *
 * @throws {FoveaError} `native-no-compiler` where it does not run.
 */
export async function findCompiler(env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const compiler = env['CXX'] ?? 'g++';
  const { code } = await runCommand(compiler, ['--version'], { cwd, env });
  if (code !== 0) throw noCompiler(compiler);
  return compiler;
}

/**
 * Compiles the addon of a folder that has the packages and the unpacked wheels.
 *
 * @throws {FoveaError} `native-build-failed`.
 */
export async function compileAddon(
  compiler: string,
  directory: string,
  variant: NativeVariant,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const source = path.join(directory, 'node_modules', ADDON_PACKAGE[variant]);
  const libraries = path.join(directory, 'python/tensorflow');
  const target = addonPath(directory, variant);
  await makeFolder(path.dirname(target));
  const args = [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', `-DNAPI_VERSION=${NAPI_VERSION}`],
    ...[
      source,
      path.join(directory, 'node_modules/node-api-headers/include'),
      path.join(libraries, 'include'),
    ].map((include) => `-I${include}`),
    ...['tfjs_binding.cc', 'tfjs_backend.cc'].map((file) => path.join(source, 'binding', file)),
    ...[`-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    // Relative, so that the folder can be renamed and copied into an image.
    `-Wl,-rpath,$ORIGIN/${path.relative(path.dirname(target), libraries)}`,
    ...['-o', target],
  ];
  const { code, tail } = await runCommand(compiler, args, { cwd: directory, env });
  if (code !== 0) throw isDiskFull(tail) ? new Error(tail) : buildFailed(tail);
}

const TRIAL = `
const addon = require(process.argv[1]);
const x = addon.createTensor([2], addon.TF_FLOAT, Float32Array.of(1, 3));
const T = { name: 'T', type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT };
const [y] = addon.executeOp('Square', [T], [x], 1);
if (addon.tensorDataSync(y.id)[1] !== 9) throw new Error('3 squared is not 9 here');
console.log('TensorFlow ' + addon.TF_Version);
`;

/**
 * Loads the addon in a process of its own, which a broken library may take down, and has it square a number.
 *
 * @returns TensorFlow's version.
 * @throws {FoveaError} `native-load-failed`.
 */
export async function tryAddon(addon: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { code, tail } = await runCommand(process.execPath, ['-e', TRIAL, addon], {
    cwd: path.dirname(addon),
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  const version = /^TensorFlow (\S+)/m.exec(tail)?.[1];
  if (code !== 0 || version === undefined) throw loadFailed(tail);
  return version;
}
