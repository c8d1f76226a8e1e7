// A small world in which set-up of a native back end runs for real, in seconds: an npm that brings the sources of a tiny
// addon, a wheel of a few kilobytes that pip takes from a folder, and the machine's own Python and compiler.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { WheelSet } from '../../batch-job/tensorflow/setup/wheels.ts';

/** Speaks enough of the addon's interface for its trial. */
const ADDON = `
#include <cstddef>
extern "C" {
typedef struct napi_env__* napi_env; typedef struct napi_value__* napi_value; typedef struct napi_info__* napi_info;
typedef napi_value (*napi_callback)(napi_env, napi_info);
int napi_create_function(napi_env, const char*, size_t, napi_callback, void*, napi_value*);
int napi_set_named_property(napi_env, napi_value, const char*, napi_value);
int napi_create_int32(napi_env, int, napi_value*); int napi_create_object(napi_env, napi_value*);
int napi_create_array(napi_env, napi_value*); int napi_set_element(napi_env, napi_value, unsigned, napi_value);
int napi_create_string_utf8(napi_env, const char*, size_t, napi_value*);
const char* fake_tensorflow_version();
static napi_value number(napi_env e, int n) { napi_value v; napi_create_int32(e, n, &v); return v; }
static napi_value create(napi_env e, napi_info) { return number(e, 1); }
static napi_value execute(napi_env e, napi_info) { napi_value a, o; napi_create_array(e, &a); napi_create_object(e, &o);
  napi_set_named_property(e, o, "id", number(e, 1)); napi_set_element(e, a, 0, o); return a; }
static napi_value data(napi_env e, napi_info) { napi_value a; napi_create_array(e, &a);
  napi_set_element(e, a, 0, number(e, 1)); napi_set_element(e, a, 1, number(e, 9)); return a; }
__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env e, napi_value exports) {
  napi_value f; size_t all = (size_t)-1;
  napi_create_function(e, "c", all, create, nullptr, &f); napi_set_named_property(e, exports, "createTensor", f);
  napi_create_function(e, "x", all, execute, nullptr, &f); napi_set_named_property(e, exports, "executeOp", f);
  napi_create_function(e, "d", all, data, nullptr, &f); napi_set_named_property(e, exports, "tensorDataSync", f);
  napi_create_string_utf8(e, fake_tensorflow_version(), all, &f); napi_set_named_property(e, exports, "TF_Version", f);
  return exports; }
}`;

const LIBRARY = 'extern "C" const char* fake_tensorflow_version() { return "0.0.1"; }';

const MAKE_WHEEL = `
import sys, zipfile
folder, target = sys.argv[1:]
with zipfile.ZipFile(target, 'w') as z:
    for name in ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'):
        z.write(f'{folder}/{name}', f'tensorflow/{name}')
    z.writestr('tensorflow/include/tensorflow/c/c_api.h', '')
    z.writestr('tensorflow/python/large.py', 'not unpacked')
    z.writestr('fake_tensorflow-0.0.1.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: fake-tensorflow\\nVersion: 0.0.1\\n')
    z.writestr('fake_tensorflow-0.0.1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('fake_tensorflow-0.0.1.dist-info/RECORD', '')
    z.writestr('fake_tensorflow-0.0.1.dist-info/licenses/License.txt', 'A license')
    z.writestr('tensorflow/include/LICENSE', 'A license')
    z.writestr('tensorflow/THIRD_PARTY_NOTICES.txt', 'Notices')
`;

export interface FakeWorld {
  readonly env: NodeJS.ProcessEnv;
  readonly pipArguments: readonly string[];
  readonly wheels: WheelSet;
  /** The wheel that pip finds. */
  readonly wheelFile: string;
  /** Puts a program of a given shell script on the PATH, or takes one away. */
  readonly program: (name: string, script: string | undefined) => void;
  /** Has tfjs-node's own installer bring an addon: `npm rebuild`. */
  readonly ownInstaller: () => void;
  /** Puts wheel, sources and programs back as they were. */
  readonly reset: () => void;
  /** The addon's main source. */
  readonly sourceFile: string;
}

const NOTICES = ['tensorflow/include/LICENSE', 'tensorflow/THIRD_PARTY_NOTICES.txt'];

/** Programs of the machine to which the PATH of the fake world has links. */
const LINKED = ['sh', 'mkdir', 'cp', 'sleep', 'as', 'ld'] as const;

const outputOf = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8' }).trim();

const which = (program: string): string => outputOf('sh', ['-c', `command -v ${program}`]);

/** Makes the world under a folder. */
export function makeFakeWorld(folder: string): FakeWorld {
  const bin = path.join(folder, 'bin');
  const index = path.join(folder, 'index');
  const sources = path.join(folder, 'binding');
  for (const directory of [bin, index, sources]) mkdirSync(directory, { recursive: true });
  for (const name of LINKED) symlinkSync(which(name), path.join(bin, name));
  const sourceFile = path.join(sources, 'tfjs_binding.cc');
  writeFileSync(path.join(sources, 'tfjs_backend.cc'), '');
  writeFileSync(path.join(folder, 'library.cc'), LIBRARY);
  const program: FakeWorld['program'] = (name, script) => {
    const file = path.join(bin, name);
    execFileSync('rm', ['-f', file]);
    if (script === undefined) return;
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  };
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    const args = [
      '-shared',
      '-fPIC',
      `-Wl,-soname,${name}`,
      path.join(folder, 'library.cc'),
      '-o',
      path.join(folder, name),
    ];
    execFileSync('g++', args);
  }
  const wheelFile = path.join(index, 'fake_tensorflow-0.0.1-py3-none-any.whl');
  execFileSync('python3', ['-c', MAKE_WHEEL, folder, wheelFile]);
  const wheel = readFileSync(wheelFile);
  const installSources = `mkdir -p node_modules/@tensorflow/tfjs-node && cp -r ${sources} node_modules/@tensorflow/tfjs-node/`;
  const scripts = {
    npm: `[ "$1" != rebuild ] || { echo "storage.googleapis.com is out of reach" >&2; exit 1; }
${installSources}`,
    'g++': `exec ${which('g++')} "$@"`,
    python3: `exec ${outputOf('python3', ['-c', 'import sys; print(sys.executable)'])} "$@"`,
  };
  const reset = () => {
    for (const [name, script] of Object.entries(scripts)) program(name, script);
    writeFileSync(sourceFile, ADDON);
    writeFileSync(wheelFile, wheel);
  };
  reset();
  const prebuilt = path.join(folder, 'prebuilt.node');
  const ownInstaller = () => {
    const args = ['-shared', '-fPIC', sourceFile, path.join(folder, 'library.cc'), '-o', prebuilt];
    execFileSync('g++', args);
    const lib = 'node_modules/@tensorflow/tfjs-node/lib/napi-v8';
    program(
      'npm',
      `[ "$1" = rebuild ] || { ${installSources}; exit; }
mkdir -p ${lib} && cp ${prebuilt} ${lib}/tfjs_binding.node`,
    );
  };
  const sha256 = createHash('sha256').update(wheel).digest('hex');
  return {
    env: { PATH: bin, HOME: folder },
    pipArguments: ['--no-index', '--find-links', index],
    wheels: {
      tensorflow: {
        name: 'fake-tensorflow',
        version: '0.0.1',
        sha256,
        keeps: ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2', ...NOTICES],
      },
      cuda: [],
      platforms: ['any'],
      diskBytes: 2 ** 20,
    },
    wheelFile,
    program,
    ownInstaller,
    reset,
    sourceFile,
  };
}

/** Why set-up cannot be tried here; undefined where it can. */
export function fakeWorldProblem(): string | undefined {
  try {
    outputOf('python3', ['-m', 'pip', '--version']);
    outputOf('g++', ['--version']);
    return undefined;
  } catch (error) {
    return `python3 with pip and g++ are needed: ${String(error)}`;
  }
}
