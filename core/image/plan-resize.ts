// The geometry of resizing: how large the whole picture becomes, and which window of it is kept.

import type { Window } from './enlarge-pixels.ts';

/** The size to which a picture is brought, and how. The names are those of a model's input contract. */
export interface TargetSize {
  readonly height: number;
  readonly width: number;
  /** `stretch` ignores the aspect ratio, `cover` cuts off edges, `contain` adds black edges. */
  readonly resize: 'stretch' | 'cover' | 'contain';
}

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
