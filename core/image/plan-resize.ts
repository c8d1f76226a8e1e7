// The geometry of resizing: how large the whole picture becomes, and which part of it is kept.

import type { Window } from './enlarge-pixels.ts';

/** How a picture is brought to another shape; the names are those of a model's input contract. */
export interface TargetSize {
  readonly height: number;
  readonly width: number;
  /** `stretch` ignores the aspect ratio, `cover` cuts the edges off, `contain` adds black at the edges. */
  readonly resize: 'stretch' | 'cover' | 'contain';
}

export interface ResizePlan {
  /** Size of the whole picture after scaling, at least 1 × 1. */
  readonly scaled: { readonly width: number; readonly height: number };
  /** The target's place on the scaled picture; beyond its edges where `contain` adds padding. */
  readonly window: Window;
  /** Whether an axis is scaled up. */
  readonly enlarges: boolean;
}

/** Where a picture of the given size goes to fill the target. */
export function planResize(
  source: { readonly width: number; readonly height: number },
  target: TargetSize,
): ResizePlan {
  const ratios = [target.width / source.width, target.height / source.height] as const;
  const scale = target.resize === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
  const scaled =
    target.resize === 'stretch'
      ? { width: target.width, height: target.height }
      : {
          width: Math.max(1, Math.round(source.width * scale)),
          height: Math.max(1, Math.round(source.height * scale)),
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
