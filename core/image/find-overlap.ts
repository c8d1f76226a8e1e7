// Finds out whether two pictures show the same scene in another cut: shifted, cropped, scaled or mirrored. Works on small gray pictures.

import { present } from '../present.ts';

/** Side of the gray pictures that are compared, whatever the shape of the picture. */
export const OVERLAP_SIDE = 48;

/** Factors between the sides of two cuts. */
const SCALES = [0.7, 0.78, 0.87, 1, 1.15, 1.28, 1.43];
/** Least share of the longer side that both pictures must show. */
const LEAST_OVERLAP = 0.6;
/** Least share of the area of a picture that both must show. */
const LEAST_SHARE = 0.4;
/** Variance of gray values below which an area is plain: three levels of 255. */
const PLAIN = 9;
/** Details are what differs from the mean of so many pixels in each direction. */
const DETAIL = 2;
/** Step of the search, as a share of a side. It is halved with each level of detail. */
const STEP = 0.08;
/** Sides of the pictures while cuts are refined, from coarse to fine: blurred pictures show from farther away where to go. */
const COARSE_SIDE = 12;
const FINER_SIDES = [24, OVERLAP_SIDE];
/** Cuts that are refined, and the correlation that they need. */
const REFINED = 3;
const WORTH_REFINING = 0.6;

/** Where one picture is in the coordinates of the other: `start + size · u` for u of 0 to 1. */
interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A square gray picture. */
interface Gray {
  readonly side: number;
  readonly values: Float32Array;
}

/** A picture at all levels of detail, the coarsest first. */
type Pyramid = readonly Gray[];

/** How well two pictures agree where they overlap best: correlations, -1 where too little is there to correlate. */
export interface Overlap {
  /** That of the pictures: near 1 where one is a cut of the other. Different pictures of the same motif reach 0.9. */
  readonly whole: number;
  /**
   * That of their details alone, without what a blurred picture shows. Drawn shapes look alike when they are blurred, and their edges are
   * not in the same places; blurred pictures have no details that could show anything.
   */
  readonly detail: number;
}

/**
 * Overlaps two pictures as well as possible. Cuts of more than a third of a side are not found. It takes some milliseconds.
 * @param a gray values, {@link OVERLAP_SIDE} rows of as many; as `b`.
 */
export function overlapOf(a: Uint8Array, b: Uint8Array): Overlap {
  const target = toPyramid(b);
  const [best] = [a, mirrored(a)]
    .map((picture) => ({ picture, ...bestOverlap(toPyramid(picture), target) }))
    .sort((one, other) => other.value - one.value);
  const { picture, cut, value } = present(best, 'an overlap');
  return { whole: value, detail: correlation(detailsOf(picture), detailsOf(b), cut) };
}

/** Each value less the mean around it. */
function detailsOf(picture: Uint8Array): Gray {
  const side = OVERLAP_SIDE;
  const values = Float32Array.from(picture, (value, at) => {
    const [row, column] = [Math.floor(at / side), at % side];
    let sum = 0;
    let count = 0;
    for (let y = Math.max(0, row - DETAIL); y <= Math.min(side - 1, row + DETAIL); y++)
      for (let x = Math.max(0, column - DETAIL); x <= Math.min(side - 1, column + DETAIL); x++) {
        sum += picture[y * side + x] as number;
        count += 1;
      }
    return value - sum / count;
  });
  return { side, values };
}

/** A cut, and the correlation there. */
interface FoundCut {
  readonly cut: Cut;
  readonly value: number;
}

function bestOverlap(a: Pyramid, b: Pyramid): FoundCut {
  const [coarseA, ...finerA] = a as [Gray, ...Gray[]];
  const [coarseB, ...finerB] = b as [Gray, ...Gray[]];
  const found = SCALES.flatMap((size) => {
    const starts = startsOf(size);
    return starts.flatMap((left) =>
      starts.map((top) => {
        const cut = { left, top, width: size, height: size };
        return { cut, value: correlation(coarseA, coarseB, cut) };
      }),
    );
  });
  const best = found.sort((one, other) => other.value - one.value).slice(0, REFINED);
  const refined = best.map(({ cut, value }) => {
    if (value < WORTH_REFINING) return { cut, value };
    let at = refine(coarseA, coarseB, cut, STEP / 2);
    for (const [level, finer] of finerA.entries())
      at = refine(finer, finerB[level] as Gray, at.cut, STEP / 2 ** (level + 2));
    return at;
  });
  return present(refined.sort((one, other) => other.value - one.value)[0], 'a cut');
}

/** Where a cut of a size may begin, so that enough of it overlaps. */
function startsOf(size: number): number[] {
  const overlap = LEAST_OVERLAP * Math.max(1, size);
  const range = 1 - 2 * overlap + size;
  const steps = Math.ceil(range / STEP);
  return Array.from({ length: steps + 1 }, (_, step) => overlap - size + (range * step) / steps);
}

/** Moves the edges of the cut by steps as long as the correlation grows. */
function refine(a: Gray, b: Gray, start: Cut, step: number): FoundCut {
  let cut = start;
  let value = correlation(a, b, cut);
  for (let moved = true; moved; ) {
    moved = false;
    for (const next of neighborsOf(cut, step)) {
      const found = correlation(a, b, next);
      if (found <= value) continue;
      value = found;
      cut = next;
      moved = true;
    }
  }
  return { cut, value };
}

const neighborsOf = (cut: Cut, step: number): Cut[] =>
  [-step, step].flatMap((by) => [
    { ...cut, left: cut.left + by },
    { ...cut, top: cut.top + by },
    { ...cut, left: cut.left + by, width: cut.width - by },
    { ...cut, top: cut.top + by, height: cut.height - by },
    { ...cut, width: cut.width + by },
    { ...cut, height: cut.height + by },
  ]);

/** Pearson's correlation of the values that both pictures show; -1 where they show too little together. */
function correlation(a: Gray, b: Gray, { left, top, width, height }: Cut): number {
  const { side } = a;
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let squaresA = 0;
  let squaresB = 0;
  let products = 0;
  for (let row = 0; row < side; row++) {
    const y = top + (height * (row + 0.5)) / side;
    if (y < 0 || y >= 1) continue;
    const exactY = Math.min(side - 1.001, Math.max(0, y * side - 0.5));
    const above = Math.floor(exactY);
    const below = exactY - above;
    for (let column = 0; column < side; column++) {
      const x = left + (width * (column + 0.5)) / side;
      if (x < 0 || x >= 1) continue;
      const exactX = Math.min(side - 1.001, Math.max(0, x * side - 0.5));
      const before = Math.floor(exactX);
      const right = exactX - before;
      const at = above * side + before;
      const upper = (b.values[at] as number) * (1 - right) + (b.values[at + 1] as number) * right;
      const lower =
        (b.values[at + side] as number) * (1 - right) + (b.values[at + side + 1] as number) * right;
      const valueA = a.values[row * side + column] as number;
      const valueB = upper * (1 - below) + lower * below;
      count += 1;
      sumA += valueA;
      sumB += valueB;
      squaresA += valueA * valueA;
      squaresB += valueB * valueB;
      products += valueA * valueB;
    }
  }
  if (count < LEAST_SHARE * side ** 2) return -1;
  const varianceA = squaresA - (sumA * sumA) / count;
  const varianceB = squaresB - (sumB * sumB) / count;
  // Plain areas correlate with everything.
  if (varianceA < PLAIN * count || varianceB < PLAIN * count) return -1;
  return (products - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB);
}

const toPyramid = (picture: Uint8Array): Pyramid =>
  [COARSE_SIDE, ...FINER_SIDES].map((side) => shrink(picture, side));

/** The means of square blocks. */
function shrink(picture: Uint8Array, side: number): Gray {
  const block = OVERLAP_SIDE / side;
  const values = new Float32Array(side * side);
  picture.forEach((value, at) => {
    const row = Math.floor(Math.floor(at / OVERLAP_SIDE) / block);
    const target = row * side + Math.floor((at % OVERLAP_SIDE) / block);
    values[target] = (values[target] as number) + value / block ** 2;
  });
  return { side, values };
}

function mirrored(picture: Uint8Array): Uint8Array {
  const result = new Uint8Array(picture.length);
  for (let start = 0; start < picture.length; start += OVERLAP_SIDE)
    // Not slice: that of a Buffer shares its memory.
    result.set(Uint8Array.from(picture.subarray(start, start + OVERLAP_SIDE)).reverse(), start);
  return result;
}
