// Finds the pictures that a person names on a command line: files, folders, patterns, and the standard input.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { shownCommand } from '../../core/shown-command.ts';
import { UsageError } from '../terminal/exit-codes.ts';
import { toUserPath } from '../terminal/user-path.ts';
import { IMAGE_NAME } from './image-name.ts';
import { walkFolder } from './walk-folder.ts';

/** A picture that was named. */
export interface NamedFile {
  /** As it is shown: the path as it was named, or `-`. */
  readonly name: string;
  read(): Promise<Uint8Array>;
}

/** The name of the standard input. */
const STDIN = '-';
const PATTERN = /[*?]|\*\*/;

/**
 * The pictures of names, in their order, those of a folder by name. A name that is a pattern (`*`, `?`, `**`) which the shell has left alone is
 * expanded.
 * @throws {UsageError} where a name means no picture.
 */
export async function findPictures(names: readonly string[]): Promise<readonly NamedFile[]> {
  const found: NamedFile[] = [];
  for (const name of names) found.push(...(await findOne(name)));
  return found;
}

async function findOne(name: string): Promise<readonly NamedFile[]> {
  if (name === STDIN) return [{ name: STDIN, read: readStdin }];
  const place = toUserPath(name);
  const info = await stat(place).catch(() => undefined);
  if (info?.isFile() === true) return [fileOf(name, place)];
  if (info?.isDirectory() === true) return inFolder(name, place, () => true);
  if (!PATTERN.test(name)) throw new UsageError(`There is no file or folder "${name}".`);
  const parts = name.split('/');
  const fixed =
    parts
      .slice(
        0,
        parts.findIndex((part) => PATTERN.test(part)),
      )
      .join('/') || (name.startsWith('/') ? '/' : '.');
  const matches = toMatcher(name);
  return inFolder(fixed, toUserPath(fixed), (file) => matches(path.posix.normalize(file)), name);
}

async function inFolder(
  name: string,
  folder: string,
  matches: (file: string) => boolean,
  shown = name,
): Promise<readonly NamedFile[]> {
  const found: NamedFile[] = [];
  if ((await stat(folder).catch(() => undefined))?.isDirectory() === true)
    for await (const entry of walkFolder(folder)) {
      const file = path.posix.join(name, entry.path);
      if (entry.kind === 'file' && IMAGE_NAME.test(entry.path) && matches(file))
        found.push(fileOf(file, path.join(folder, entry.path)));
    }
  if (found.length === 0) throw new UsageError(`"${shown}" has no pictures.`);
  return found;
}

const fileOf = (name: string, place: string): NamedFile => ({ name, read: () => readFile(place) });

function toMatcher(pattern: string): (file: string) => boolean {
  const source = path.posix
    .normalize(pattern)
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('**/', '\u0001')
    .replaceAll('**', '\u0002')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\u0001', '(?:.*/)?')
    .replaceAll('\u0002', '.*');
  const expression = new RegExp(`^${source}$`);
  return (file) => expression.test(file);
}

const howToSend = () => `Send a picture: ${shownCommand('predict', 'MODEL', '-')} < photo.jpg`;

async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY) throw new UsageError(`Nothing is sent to the standard input. ${howToSend()}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  if (chunks.length === 0) throw new UsageError(`The standard input is empty. ${howToSend()}`);
  return Buffer.concat(chunks);
}
