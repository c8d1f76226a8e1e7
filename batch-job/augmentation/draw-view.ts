// The augmented view of one picture in one epoch, drawn from seed, epoch and picture alone. Numbers only; render-view.ts
// makes pixels of them.

import type { Augmentation } from '../../core/job/recipe/recipe.ts';
import { deriveSeed, uniformAt } from '../../core/random.ts';

/** An augmented view: a crop of a picture, rotated, mirrored and recolored. Lengths are shares of the picture's sides. */
export interface View {
  /** Center and size of the crop. */
  readonly centerX: number;
  readonly centerY: number;
  readonly width: number;
  readonly height: number;
  readonly isMirrored: boolean;
  /** Radians, clockwise. */
  readonly angle: number;
  /** Factors; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** The square that cutout hides, in shares of the view's sides; undefined where there is none. */
  readonly cutout: { readonly centerX: number; readonly centerY: number; readonly side: number } | undefined;
}

/** The stream of these draws among all that come of a job's seed. */
const STREAM = 0x617567;
/** Most draws of one view. */
const DRAWS = 16;

/**
 * Draws the view of a picture. The same arguments give the same view.
 *
 * A crop keeps `crop` to 1 of the area (always `crop` where its aspect stays), anywhere in the picture.
 *
 * @param picture An integer that identifies the picture whatever its place in the dataset.
 */
export function drawView(augmentation: Augmentation, seed: number, epoch: number, picture: number): View {
  const stream = deriveSeed(seed, STREAM, epoch, picture);
  const uniform = (draw: number) => uniformAt(stream, draw % DRAWS);
  const around = (draw: number, largest: number) => (2 * uniform(draw) - 1) * largest;
  const { crop, aspect, flip, rotation, color, cutout } = augmentation;
  const isFixed = aspect === 1;
  const area = isFixed ? crop : crop + uniform(0) * (1 - crop);
  const ratio = Math.exp(around(1, Math.log(aspect)) / 2);
  const width = Math.min(1, Math.sqrt(area) * ratio);
  const height = Math.min(1, Math.sqrt(area) / ratio);
  return {
    width,
    height,
    centerX: width / 2 + uniform(2) * (1 - width),
    centerY: height / 2 + uniform(3) * (1 - height),
    isMirrored: uniform(4) < flip,
    angle: (around(5, rotation) * Math.PI) / 180,
    brightness: 1 + around(6, color),
    contrast: 1 + around(7, color),
    saturation: 1 + around(8, color),
    cutout:
      cutout > 0
        ? { centerX: uniform(9), centerY: uniform(10), side: cutout * Math.sqrt(uniform(11)) }
        : undefined,
  };
}
