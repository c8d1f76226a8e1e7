// How the probabilities of a model are calibrated before they are served.

import type { Manifest } from '../model/manifest.ts';

/** The calibration of a model. One without calibration serves its probabilities unchanged and rejects nothing. */
export const calibrationOf = ({ calibration }: Manifest): NonNullable<Manifest['calibration']> =>
  calibration ?? { temperature: 1, rejectionThreshold: null };
