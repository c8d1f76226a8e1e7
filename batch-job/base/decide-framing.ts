// Decides how a job's pictures are brought to the size of its network: in their shape with the edges cut off, as pretrained networks
// know photographs, or whole where a cut would lose too much of them. Knows no pixels.

import type { DatasetItem } from '../../core/dataset/inspect-dataset.ts';
import { quantile } from '../../core/evaluation/bootstrap.ts';
import { DECODING_VERSION, type Framing, framingOf } from '../../core/image/model-input.ts';
import type { JobRecord } from '../../core/job/record/job.ts';
import type { Base } from './base.ts';

/** A picture that is longer than this many times its short side loses more than half to the cut of its center. */
const LONGEST_CUT = 2;
/** Share of the pictures that may be longer. */
const LONG_SHARE = 0.1;
/** Shapes of pictures, width over height, are alike where the largest usual one is at most this many times the smallest. */
const SAME_SHAPE = 1.5;
/** Share of the pictures on each side whose shapes are unusual. */
const TAIL = 0.05;
/** Pictures of fewer pixels a side have been cut to their object, and are not cut again. */
const SMALL_SIDE = 64;

/** What a framing is decided from. */
export interface FramingInput {
  readonly job: Pick<JobRecord, 'recipe' | 'resolved'>;
  readonly base: Pick<Base, 'framing'>;
  /** The pictures for training and validation; those for the test have no say. */
  readonly pictures: readonly Pick<DatasetItem, 'width' | 'height'>[];
}

/** How pictures are framed, and why. */
export interface DecidedFraming {
  readonly framing: Framing;
  /** Null where the request or an earlier attempt decided. */
  readonly reason: string | null;
}

/** Decides the framing where the request leaves it to `auto`. What is decided now is decoded by the latest version. */
export function decideFraming({ job, base, pictures }: FramingInput): DecidedFraming {
  if (job.resolved !== null) return { framing: framingOf(job.resolved), reason: null };
  const { framing, reason } = decideNow({ job, base, pictures });
  return { framing: { ...framing, decoding: DECODING_VERSION }, reason };
}

function decideNow({ job, base, pictures }: FramingInput): DecidedFraming {
  const { resize: asked = 'auto' } = job.recipe;
  const { crop } = base.framing;
  const cover: Framing = { resize: 'cover', ...(crop === undefined ? {} : { crop }) };
  if (asked !== 'auto') return { framing: asked === 'cover' ? cover : { resize: asked }, reason: null };
  if (base.framing.resize !== 'cover' || pictures.length === 0)
    return { framing: base.framing, reason: null };

  const shapes = pictures.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const long = shapes.filter((shape) => Math.max(shape, 1 / shape) > LONGEST_CUT).length;
  if (long > LONG_SHARE * pictures.length) {
    const share = `${Math.round((100 * long) / pictures.length)} % of the pictures are longer than ${LONGEST_CUT}:1`;
    return quantile(shapes, 1 - TAIL) <= SAME_SHAPE * quantile(shapes, TAIL)
      ? {
          framing: { resize: 'stretch' },
          reason: `${share} and of one shape: they are stretched into the network's, so that nothing is cut off.`,
        }
      : {
          framing: { resize: 'contain' },
          reason: `${share}: all are scaled to fit into the network's shape, with black edges, so that nothing is cut off.`,
        };
  }
  const sides = pictures.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  if (quantile(sides, 0.5) < SMALL_SIDE) {
    return {
      framing: { resize: 'cover' },
      reason: `Most pictures have fewer than ${SMALL_SIDE} pixels a side: they keep their shape, and their edges are not cut off.`,
    };
  }
  const kept =
    crop === undefined ? 'the largest square of their center' : `the center ${crop} of their short side`;
  return {
    framing: cover,
    reason:
      `Pictures keep their shape, and the network sees ${kept}, as in its pretraining; recipe.resize "contain" or "stretch" shows it ` +
      'whole pictures.',
  };
}
