// The geometry of resizing: how large the whole picture becomes, and which window of it is kept.

import type { Window } from './enlarge-pixels.ts';

/** The size to which a picture is brought, and how. The names are those of a model's input contract. */
export interface TargetSize {
  readonly height: number;
  readonly width: number;
  /** `stretch` ignores the aspect ratio, `cover` cuts off edges, `contain` adds edges. */
  readonly resize: 'stretch' | 'cover' | 'contain';
  /** With `cover`: the share of the scaled picture's height and width that is kept at most, above 0 to 1. Default: 1. */
  readonly crop?: number | undefined;
  /** With `contain`: red, green and blue of the added edges, 0..255. Default: black. */
  readonly padding?: readonly number[] | undefined;
}

const ROUNDING_ERROR = 1e-6;

/** How a picture is scaled and cut. */
export interface ResizePlan {
  /** Size of the whole picture after scaling, at least 1 × 1. */
  readonly scaled: { readonly width: number; readonly height: number };
  /** The window of the target on the scaled picture. It reaches beyond the edges where `contain` adds padding. */
  readonly window: Window;
  /** Whether an axis is scaled up. */
  readonly enlarges: boolean;
}

/** Plans how a picture of the given size is brought to the target size. */
export function planResize(
  source: { readonly width: number; readonly height: number },
  target: TargetSize,
): ResizePlan {
  // As timm and torchvision do: 224 pixels and a crop of 0.875 are cut out of a side of 256, and the longer side is rounded down.
  const crop = target.resize === 'cover' ? (target.crop ?? 1) : 1;
  const ratios = [
    Math.round(target.width / crop) / source.width,
    Math.round(target.height / crop) / source.height,
  ] as const;
  const scale = target.resize === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
  // A side that is scaled to a whole number must not lose a pixel to rounding errors.
  const round = (side: number) => (crop < 1 ? Math.floor(side + ROUNDING_ERROR) : Math.round(side));
  const scaled =
    target.resize === 'stretch'
      ? { width: target.width, height: target.height }
      : {
          width: Math.max(1, round(source.width * scale)),
          height: Math.max(1, round(source.height * scale)),
        };
  return {
    scaled,
    window: {
      left: Math.floor((scaled.width - target.width) / 2),
      top: Math.floor((scaled.height - target.height) / 2),
      width: target.width,
      height: target.height,
    },
    enlarges: scaled.width > source.width || scaled.height > source.height,
  };
}
