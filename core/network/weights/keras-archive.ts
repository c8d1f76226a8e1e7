// Reads the weights in Keras 3's `.keras` file, which is a zip archive.

import { unzipSync } from 'fflate';
import { isFoveaError } from '../../errors/errors.ts';
import { unreadable } from './unreadable-weights.ts';

const WEIGHTS_ENTRY = 'model.weights.h5';
/** "PK" and the two bytes that start a zip's first entry. */
const SIGNATURE = [0x50, 0x4b, 0x03, 0x04];
/** Keras stores weights uncompressed, so an entry that unpacks to much more is an attack; Deflate makes up to 1032 bytes of one. */
const MAX_EXPANSION = 2;

/** Whether bytes begin as a zip archive does. */
export const isArchive = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/**
 * Extracts the HDF5 file inside a `.keras` archive.
 *
 * @throws {FoveaError} `weights-unreadable` for a broken archive or one without weights.
 */
export function extractArchivedWeights(bytes: Uint8Array): Uint8Array {
  let weights: Uint8Array | undefined;
  try {
    const entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (name !== WEIGHTS_ENTRY) return false;
        if (originalSize > MAX_EXPANSION * bytes.byteLength) {
          throw unreadable(
            `${WEIGHTS_ENTRY} would unpack to ${originalSize} bytes out of ${bytes.byteLength}`,
          );
        }
        return true;
      },
    });
    weights = entries[WEIGHTS_ENTRY];
  } catch (cause) {
    throw isFoveaError(cause) ? cause : unreadable('the archive is broken', cause);
  }
  if (weights === undefined) throw unreadable(`the archive has no ${WEIGHTS_ENTRY}`);
  return weights;
}
