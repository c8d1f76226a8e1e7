// Groups the pictures of a class that a pretrained network sees as nearly the same, e.g. of one object or one series.

import { blockRowsOf, type FeatureRows } from './feature-products.ts';
import { type Matrix, type MatrixProduct, openMatrixProduct } from './matrix-product.ts';

/**
 * Pictures are look-alikes where the cosine of their features is nearer to 1 than this share of the way from the mean cosine of all
 * pictures. With MobileNetV2, whose mean is about 0.5, that is a cosine of 0.8. The share depends less on the network.
 */
const SAME_SHARE = 0.6;
/** Leaders of a class that are compared at most, and the memory of all: where there are more, the class is varied enough without. */
const MAX_LEADERS = 1000;
const LEADER_BYTES = 256 * 2 ** 20;
/** Pictures that are compared at once. */
const BLOCK = 512;

/** Features of pictures, and their classes. */
export interface LabelledFeatures {
  /** A row for each picture, the features of the picture itself; further rows are not looked at. */
  readonly table: FeatureRows;
  /** Class index of each picture. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/**
 * Groups look-alikes: each picture joins the most similar leader of its class, or leads a group of its own. Leaders are compared, not
 * members, so that a chain of small changes does not make one group of a whole film.
 *
 * @returns for each picture, the index of its leader.
 */
export async function groupLookAlikes({ table, labels, classes }: LabelledFeatures): Promise<Int32Array> {
  const { width } = table;
  const least = leastCosine(table, labels.length);
  const leaderBytes = classes * width * Float32Array.BYTES_PER_ELEMENT;
  const mostLeaders = Math.max(1, Math.min(MAX_LEADERS, Math.floor(LEADER_BYTES / leaderBytes)));
  const leadersOf = Array.from({ length: classes }, (): Leader[] => []);
  const groups = new Int32Array(labels.length);
  const cosines = await openMatrixProduct('right');
  try {
    for (let start = 0; start < labels.length; start += BLOCK) {
      const end = Math.min(labels.length, start + BLOCK);
      const units = toUnits(table.read(start, end), width);
      for (const [label, leaders] of leadersOf.entries()) {
        const members: Leader[] = [];
        for (let picture = start; picture < end; picture++) {
          const at = (picture - start) * width;
          if (labels[picture] === label) members.push({ picture, unit: units.subarray(at, at + width) });
        }
        if (members.length === 0) continue;
        const joined = await joinLeaders(cosines, members, leaders, { width, least, mostLeaders });
        members.forEach(({ picture }, i) => {
          groups[picture] = joined[i] as number;
        });
      }
    }
  } finally {
    await cosines.release();
  }
  return groups;
}

/** A picture and its features, with length 1. */
interface Leader {
  readonly picture: number;
  readonly unit: Float32Array;
}

/** Finds the leader of each member, in their order. Members that find none are added to the leaders. */
async function joinLeaders(
  product: MatrixProduct,
  members: readonly Leader[],
  leaders: Leader[],
  {
    width,
    least,
    mostLeaders,
  }: { readonly width: number; readonly least: number; readonly mostLeaders: number },
): Promise<number[]> {
  const known = leaders.length;
  // Members may lead those that come after them.
  const candidates = [...leaders, ...members];
  const cosines = await product.run(toMatrix(members, width), toMatrix(candidates, width));
  const isLeader = candidates.map((_, i) => i < known);
  return members.map(({ picture, unit }, member) => {
    let most = least;
    let leader = picture;
    for (let i = 0; i < known + member; i++) {
      const cosine = cosines[member * candidates.length + i] as number;
      if (isLeader[i] !== true || cosine < most) continue;
      most = cosine;
      leader = candidates[i]?.picture ?? picture;
    }
    if (leader === picture && leaders.length < mostLeaders) {
      leaders.push({ picture, unit: unit.slice() });
      isLeader[known + member] = true;
    }
    return leader;
  });
}

function toMatrix(rows: readonly Leader[], width: number): Matrix {
  const values = new Float32Array(rows.length * width);
  rows.forEach(({ unit }, row) => {
    values.set(unit, row * width);
  });
  return { values, rows: rows.length, columns: width };
}

/** The cosine from which on pictures are look-alikes. The mean cosine of all pairs is the squared length of the mean direction. */
function leastCosine(table: FeatureRows, pictures: number): number {
  const { width } = table;
  const sum = new Float64Array(width);
  for (let start = 0; start < pictures; start += blockRowsOf(width)) {
    const units = toUnits(table.read(start, Math.min(pictures, start + blockRowsOf(width))), width);
    units.forEach((value, i) => {
      sum[i % width] = (sum[i % width] as number) + value;
    });
  }
  const mean = sum.reduce((total, value) => total + (value / pictures) ** 2, 0);
  return mean + SAME_SHARE * (1 - mean);
}

/** The rows with length 1; rows of zeros stay. */
function toUnits(features: Float32Array, width: number): Float32Array {
  const units = features.slice();
  for (let start = 0; start < units.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += (units[i] as number) ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = start; i < start + width; i++) units[i] = scale * (units[i] as number);
  }
  return units;
}
