// Makes folders for files that a command writes, and checks places for such files, or says in one line why it cannot.

import { access, constants, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder as makeFolderWithParents } from '../../core/make-folder.ts';
import { UsageError } from '../terminal/exit-codes.ts';

/**
 * Makes a folder that `-o` names, and those around it that are missing.
 * @throws {UsageError} where a name on the way is a file's, or the system refuses.
 */
export async function makeFolder(folder: string): Promise<void> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    const found = await stat(place).catch(() => undefined);
    if (found?.isDirectory() === true) {
      await requireWritable(place, '-o');
      break;
    }
    if (found !== undefined)
      throw new UsageError(`"${folder}" cannot be made: "${place}" is no folder. Choose another with -o.`);
  }
  await makeFolderWithParents(path.resolve(folder)).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`"${folder}" cannot be made (${error.code}). Choose another folder with -o.`, {
      cause: error,
    });
  });
}

/** How a command takes the file that it writes. */
export interface TargetWords {
  /** The option that names it. Default: `-o`. */
  readonly option?: string;
  /** A name for the file, where a folder was named. */
  readonly example: string;
}

/**
 * Checks that a file can be written, before the work that gives its content.
 * @returns whether there is one, which will be replaced.
 * @throws {UsageError} where its folder is missing, it is a folder itself or no file, or the system refuses.
 */
export async function checkTarget(file: string, { option = '-o', example }: TargetWords): Promise<boolean> {
  const folder = path.dirname(file);
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true)
    throw new UsageError(
      `There is no folder "${folder}". Make it first, or choose another file with ${option}.`,
    );
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true)
    throw new UsageError(`"${file}" is a folder. Name a file, e.g. ${path.join(file, example)}.`);
  // It would be replaced by a file, as every file of that name is.
  if (found !== undefined && !found.isFile())
    throw new UsageError(`"${file}" is no file that can be replaced. Choose another with ${option}.`);
  await requireWritable(folder, option);
  if (found !== undefined) await requireWritable(file, option);
  await requireRoom(file, option);
  return found !== undefined;
}

/** What the system allows does not say that it makes files there: below `/proc` it makes none. */
async function requireRoom(file: string, option: string): Promise<void> {
  const part = `${file}.part`;
  try {
    await (await open(part, 'a')).close();
    await rm(part, { force: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(`"${file}" cannot be written (${code}). Choose another place with ${option}.`, {
      cause,
    });
  }
}

async function requireWritable(place: string, option: string): Promise<void> {
  await access(place, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `"${place}" cannot be written (${error.code}). Choose another place with ${option}.`,
      { cause: error },
    );
  });
}

/** Endings of files of models and of what is around them. */
const FORMAT_ENDINGS: readonly string[] = [
  ...['.onnx', '.json', '.tflite', '.h5', '.hdf5', '.keras', '.pb', '.pt', '.pth', '.safetensors'],
  ...['.mlmodel', '.mlpackage', '.engine', '.trt', '.zip', '.tar', '.gz', '.tgz'],
];

/**
 * Checks that a file that `-o` names does not have the ending of another format than is written.
 * @param ending of what is written, e.g. `.onnx`.
 * @throws {UsageError} where it has.
 */
export function checkEnding(file: string, ending: string): void {
  const { ext, name, dir } = path.parse(file);
  if (ext.toLowerCase() === ending || !FORMAT_ENDINGS.includes(ext.toLowerCase())) return;
  throw new UsageError(
    `"${file}" is named as another format; what is written is ${ending.slice(1).toUpperCase()}. Name it e.g. ${path.join(dir, `${name}${ending}`)}.`,
  );
}
