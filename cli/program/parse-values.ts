// Turns the texts of options and arguments into values.

import { type Stats, statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { OriginSchema, PortsSchema } from '../../core/environment.ts';
import { KEPT_KINDS, type KeepDays, KeepDaysSchema } from '../../core/storage/retention.ts';
import { toUserPath } from '../terminal/user-path.ts';

const MAX_PORT = 65_535;

/** Takes the first argument alone: commander passes the option's earlier value as the second. */
export function takePath(text: string): string {
  // A variable of the shell that is not set would mean the current folder.
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return toUserPath(text);
}

/** What is there; undefined where nothing is, or it cannot be seen. */
function found(place: string): Stats | undefined {
  try {
    return statSync(place);
  } catch {
    return undefined;
  }
}

/** Takes the path of a folder. @throws {InvalidArgumentError} where there is none. */
export function takeFolder(text: string): string {
  const folder = takePath(text);
  if (!found(folder)?.isDirectory()) throw new InvalidArgumentError('There is no such folder.');
  return folder;
}

/** Takes the path of a file. @throws {InvalidArgumentError} where there is none. */
export function takeFile(text: string): string {
  const file = takePath(text);
  const stats = found(file);
  if (stats === undefined) throw new InvalidArgumentError('There is no such file.');
  if (stats.isDirectory()) throw new InvalidArgumentError('It is a folder. Name a file.');
  return file;
}

/** Takes a folder that may be missing, or the URL of a bucket. @throws {InvalidArgumentError} for a file. */
export function takePlace(text: string): string {
  const place = takePath(text);
  if (found(place)?.isDirectory() === false) throw new InvalidArgumentError('It is a file. Name a folder.');
  return place;
}

/** Takes any text. @throws {InvalidArgumentError} where it is blank. */
export function takeName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** A port, 0 for any free one. @throws {InvalidArgumentError} where it is none. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw new InvalidArgumentError(`It must be a whole number from 0 (any free port) to ${MAX_PORT}.`);
  }
  return port;
}

/** `224` or `200x300`, height first. */
export function parseSize(text: string): { readonly height: number; readonly width: number } {
  const match = /^(\d+)(?:[x×](\d+))?$/i.exec(text);
  if (match === null) {
    throw new InvalidArgumentError(
      'It must be a height and a width in pixels, e.g. 200x300, or one number for both.',
    );
  }
  const height = Number(match[1]);
  return { height, width: Number(match[2] ?? height) };
}

/** Any number; the code that uses it checks its range. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** What the help says of the first number of a preprocessing. */
export const MEAN_HELP =
  'instead of a usual preprocessing, with --std: what is subtracted from values of 0 to 1, e.g. 0.5 or 0.485,0.456,0.406';
/** What the help says of the second one. */
export const STD_HELP = 'what then divides them, e.g. 0.229,0.224,0.225';

/** Numbers with commas between them. */
export const parseNumbers = (text: string): readonly number[] => text.split(',').map(parseNumber);

/** A whole number. @throws {InvalidArgumentError} where it is no whole number from 1. */
export function parseCount(text: string): number {
  const count = parseNumber(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}

/** A number from 0. @throws {InvalidArgumentError} where it is none. */
export function parseNonNegative(text: string): number {
  const value = parseNumber(text);
  if (value < 0) throw new InvalidArgumentError('It must be 0 or more.');
  return value;
}

/** Takes a number of 0 to 1, both included. @throws {InvalidArgumentError} where it is no number of 0 to 1. */
export function parseShare(text: string): number {
  const value = parseNumber(text);
  if (value < 0 || value > 1) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

/** A number above 0. @throws {InvalidArgumentError} where it is none. */
export function parsePositive(text: string): number {
  const value = parseNumber(text);
  if (value <= 0) throw new InvalidArgumentError('It must be above 0.');
  return value;
}

/** An origin of a page, after those of earlier options. @throws {InvalidArgumentError} where it is none. */
export function parseOrigin(text: string, earlier: readonly string[] = []): readonly string[] {
  const origin = OriginSchema.safeParse(text);
  if (!origin.success) throw new InvalidArgumentError(`It ${origin.error.issues[0]?.message}.`);
  return [...earlier, origin.data];
}

/** Days by kind, e.g. `audit=90,batches=7`. @throws {InvalidArgumentError} */
export function parseKeep(text: string): KeepDays {
  const parsed = KeepDaysSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    `It must be kinds with days from 1 to 3650, e.g. audit=90,batches=7. Kinds are ${KEPT_KINDS.join(', ')}.`,
  );
}

/** Ports with commas between them. @throws {InvalidArgumentError} where they are none. */
export function parsePorts(text: string): readonly number[] {
  const ports = PortsSchema.safeParse(text);
  if (!ports.success)
    throw new InvalidArgumentError('It must be ports with commas between them, e.g. 443,8443.');
  return ports.data;
}

const SHA256 = /^[0-9a-f]{64}$/i;

/** A hash, after those of earlier options. @throws {InvalidArgumentError} where it is none. */
export function parseSha256(text: string, earlier: readonly string[] = []): readonly string[] {
  if (!SHA256.test(text)) throw new InvalidArgumentError('It must be 64 hexadecimal digits.');
  return [...earlier, text];
}
