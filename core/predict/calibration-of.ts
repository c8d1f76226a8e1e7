// What is made of a model's probabilities before anybody sees them.

import type { Manifest } from '../model/manifest.ts';

/** A model without calibration serves its probabilities as they are, and rejects nothing. */
export const calibrationOf = ({ calibration }: Manifest): NonNullable<Manifest['calibration']> =>
  calibration ?? { temperature: 1, rejectionThreshold: null };
