// Keeps decoded pictures on disk, for which there is no room in memory: one file that only this process can open, and that is
// gone when the process is, however it ends. It is a cache: where the disk has no more room, it takes no more, and nothing fails.

import { close, read, write } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openNameless } from '../../core/open-nameless.ts';

/** What is left free on the disk for others: 2 GiB. */
const FREE_BYTES = 2 * 2 ** 30;
/** The free space is looked up again after so many bytes are written: 64 MiB. */
const CHECKED_BYTES = 64 * 2 ** 20;
/** The type of file systems that are in memory, see statfs(2). */
const TMPFS_MAGIC = 0x01021994;

const readAsync = promisify(read);
const writeAsync = promisify(write);

/** Pictures on disk, by their names. */
export interface PictureFile {
  /** Fills `target` with a picture. @returns false where it is not there; `target` may then have changed. */
  read(name: string, target: Uint8Array): Promise<boolean>;
  /** Keeps a picture. @returns false where there is no room. */
  write(name: string, pixels: Uint8Array): Promise<boolean>;
  /** Deletes the file. Nothing is found from then on. */
  close(): void;
}

/** Where the file is, and how much room there is for it. */
export interface PictureFileOptions {
  /** The folder of the file. */
  readonly directory: string;
  /** Bytes that are free in a folder for this user; by default as the file system says, none where it is in memory. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

async function freeOnDisk(directory: string): Promise<number> {
  const { type, bavail, bsize } = await statfs(directory);
  return type === TMPFS_MAGIC ? 0 : bavail * bsize;
}

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A file that is made when the first picture is written. The caller closes it. */
export function createPictureFile({ directory, freeBytes = freeOnDisk }: PictureFileOptions): PictureFile {
  const places = new Map<string, Place>();
  let file: number | undefined;
  let endBytes = 0;
  let checkedUntil = 0;
  /** Whether nothing more is written. */
  let isOver = false;
  let isClosed = false;
  /** Reads and writes that run. */
  let uses = 0;

  async function hasRoom(): Promise<boolean> {
    if (endBytes < checkedUntil) return true;
    checkedUntil = endBytes + CHECKED_BYTES;
    return (await freeBytes(directory)) >= FREE_BYTES + CHECKED_BYTES;
  }

  /** Closes the file once nothing uses it: its number may be another file's then. */
  function closeIfUnused(): void {
    if (!isClosed || uses > 0 || file === undefined) return;
    close(file, () => undefined);
    file = undefined;
  }

  async function use<T>(run: () => Promise<T>): Promise<T> {
    uses++;
    try {
      return await run();
    } finally {
      uses--;
      closeIfUnused();
    }
  }

  async function append(pixels: Uint8Array): Promise<Place> {
    if (!(await hasRoom())) throw new RangeError('There is no room.');
    if (isOver) throw new RangeError('The file takes no more.');
    file ??= openNameless(directory);
    const offset = endBytes;
    endBytes += pixels.byteLength;
    const { bytesWritten } = await writeAsync(file, pixels, 0, pixels.byteLength, offset);
    if (bytesWritten !== pixels.byteLength) throw new RangeError('Only a part has found room.');
    return { offset, sizeBytes: pixels.byteLength };
  }

  return {
    async read(name, target) {
      const place = places.get(name);
      if (place === undefined || file === undefined || place.sizeBytes !== target.byteLength) return false;
      const from = file;
      try {
        const read = () => readAsync(from, target, 0, place.sizeBytes, place.offset);
        return (await use(read)).bytesRead === place.sizeBytes;
      } catch {
        places.delete(name);
        return false;
      }
    },
    async write(name, pixels) {
      if (places.has(name)) return true;
      if (isOver) return false;
      try {
        const place = await use(() => append(pixels));
        if (!isClosed) places.set(name, place);
        return true;
      } catch {
        // Whatever is wrong with the disk: what is on it may still be read, and nothing more is written.
        isOver = true;
        return false;
      }
    },
    close() {
      isOver = true;
      isClosed = true;
      places.clear();
      closeIfUnused();
    },
  };
}
