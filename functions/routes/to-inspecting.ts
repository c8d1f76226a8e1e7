// Answers that wait for an inspection which is not finished.

import { InspectionUnfinished } from '../../core/dataset/inspection-unfinished.ts';
import { FoveaError } from '../../core/errors/errors.ts';

/**
 * Answers an inspection whose time was up: the client shall ask again.
 * @throws {FoveaError} `dataset-inspecting`; any other error as it is.
 */
export function toInspecting(error: unknown): never {
  if (!(error instanceof InspectionUnfinished)) throw error;
  const { done, total } = error;
  throw new FoveaError('dataset-inspecting', error.message, {
    param: 'training_file',
    details: { done, total },
  });
}
