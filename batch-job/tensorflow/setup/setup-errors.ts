// The errors of setting up a native back end, each with what to do. After any of them the next try resumes from what is
// already there.

import type { ErrorCode } from '../../../core/errors/error-codes.ts';
import { FoveaError } from '../../../core/errors/errors.ts';

const AGAIN = 'Then run the same command again: it resumes where it stopped.';
const WITHOUT = 'Training works without it: the portable back end needs only npm.';

const failure = (code: ErrorCode, message: string, cause?: unknown) =>
  new FoveaError(code, message, cause === undefined ? {} : { cause });

/** There is no Python with pip. @param tail the last lines of what it printed. */
export const noPip = (tail: string) =>
  failure(
    'native-no-pip',
    `TensorFlow's libraries are taken from its Python wheel, and \`python3 -m pip\` does not run here${quoted(tail)}. ` +
      `Install Python 3 with pip (Debian, Ubuntu: \`apt install python3-pip\`). ${AGAIN} ${WITHOUT}`,
  );

/** The C++ compiler is not installed. */
export const noCompiler = (compiler: string) =>
  failure(
    'native-no-compiler',
    `The addon is compiled here, and there is no \`${compiler}\`. Install a C++17 compiler (Debian, Ubuntu: ` +
      `\`apt install g++\`). ${AGAIN} ${WITHOUT}`,
  );

/** TensorFlow has no wheel for a platform. */
export const unsupported = (variant: string, platform: string) =>
  failure(
    'native-unsupported-platform',
    `There is no TensorFlow wheel for the ${variant} back end on ${platform}. There are: cpu on linux-x64 and ` +
      `linux-arm64, gpu on linux-x64. ${WITHOUT}`,
  );

/** npm could not install the sources of the addon. @param tail the last lines of what it printed. */
export const packagesFailed = (tail: string) =>
  failure(
    'native-packages-failed',
    `npm could not install the addon's sources${quoted(tail)}. Check the registry. ${AGAIN}`,
  );

/** pip could not download a wheel. @param tail the last lines of what it printed. */
export const downloadFailed = (wheel: string, tail: string) =>
  failure(
    'native-download-failed',
    `pip could not download ${wheel}${quoted(tail)}. Check that pip's index is reachable (\`pip config list\`). ${AGAIN}`,
  );

/** A downloaded wheel has another sha256 than the pinned one. */
export const hashMismatch = (wheel: string, expected: string, received: string) =>
  failure(
    'native-hash-mismatch',
    `What the index gave as ${wheel} is not that file: its sha256 is ${received}, not ${expected}. It was not used. ` +
      `Check the index that pip is configured for (\`pip config list\`). ${AGAIN}`,
  );

/** There is too little space in a folder. @param needed in bytes. @param free in bytes, where it is known. */
export const diskFull = (directory: string, needed: number, free?: number) =>
  failure(
    'native-disk-full',
    `There is not enough space at ${directory}: set-up needs ${gibibytes(needed)}` +
      `${free === undefined ? '' : `, and ${gibibytes(free)} are free`}. Free some, or name another folder. ${AGAIN}`,
  );

/** The system refuses the folder. */
export const folderUnwritable = (directory: string, cause: NodeJS.ErrnoException) =>
  failure(
    'native-folder-unwritable',
    `${directory} cannot be written (${cause.code}). Set XDG_CACHE_HOME to a folder that you may write. ${AGAIN} ${WITHOUT}`,
    cause,
  );

/** The compiler failed. @param tail the last lines of what it printed. */
export const buildFailed = (tail: string) =>
  failure('native-build-failed', `The addon did not compile${quoted(tail)}. ${AGAIN} ${WITHOUT}`);

/** The addon was built, and does not run. @param tail the last lines of what it printed. */
export const loadFailed = (tail: string) =>
  failure('native-load-failed', `The addon was built and does not run${quoted(tail)}. ${WITHOUT}`);

/** tfjs-node's own installer failed. @param tail the last lines of what it printed. */
export const installerFailed = (tail: string) =>
  failure('native-installer-failed', `tfjs-node's own installer failed${quoted(tail)}.`);

/** Both ways of set-up failed: one error with the code of the first, which says what to do, and the messages of both. */
export const bothWaysFailed = (first: FoveaError, second: unknown) =>
  failure(
    first.code,
    `${first.message}\nThe second way was tried too. ${second instanceof Error ? second.message : String(second)}`,
    first,
  );

/** Another process is setting up the same folder. @param pid its process id. */
export const alreadyRunning = (directory: string, pid: number) =>
  failure(
    'native-setup-running',
    `Set-up of ${directory} is already running, as process ${pid}. Wait for it, or stop it. ${AGAIN}`,
  );

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const quoted = (tail: string): string => (tail === '' ? '' : `:\n${tail}\n`);
