// Replaces pictures that became unreadable while a job runs by others of their class. Knows nothing of pixels.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import type { ErrorCode } from '../../core/errors/error-codes.ts';
import { FoveaError, isFoveaError } from '../../core/errors/errors.ts';
import { IMAGE_ERROR_CODES } from '../../core/image/image-errors.ts';

/** Called once for each picture that can no longer be read. */
export type OnUnreadable = (item: DatasetItem, error: FoveaError) => Promise<void>;

const UNREADABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...IMAGE_ERROR_CODES, 'dataset-changed']);

/**
 * A function that uses the picture at an index, or the next one of its class that can be read.
 * @param onUnreadable without it, a picture that cannot be read is an error.
 * @returns a function that rejects with the error of the last picture where none of the class can be read; with
 * `dataset-changed` where all of them were found unreadable before; and with what `use` throws otherwise.
 */
export function replaceUnreadable(items: readonly DatasetItem[], onUnreadable: OnUnreadable | undefined) {
  const unreadable = new Set<string>();
  return async (index: number, use: (item: DatasetItem) => Promise<void>): Promise<void> => {
    const { classIndex } = items[index] as DatasetItem;
    let lastError: unknown;
    for (let offset = 0; offset < items.length; offset++) {
      const item = items[(index + offset) % items.length] as DatasetItem;
      if (item.classIndex !== classIndex || unreadable.has(item.key)) continue;
      try {
        return await use(item);
      } catch (error) {
        if (onUnreadable === undefined || !isFoveaError(error) || !UNREADABLE.has(error.code)) throw error;
        lastError = error;
        if (!unreadable.has(item.key)) {
          unreadable.add(item.key);
          await onUnreadable(item, error);
        }
      }
    }
    throw (
      lastError ??
      new FoveaError('dataset-changed', `No picture of class ${classIndex} can be read any more.`)
    );
  };
}
