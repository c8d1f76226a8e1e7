// Groups the pictures of a class that a pretrained network sees as nearly the same, e.g. of one object or one series.

import { leastCosine, meanDirection, toUnits } from './directions.ts';
import type { FeatureRows } from './feature-products.ts';
import { type Matrix, type MatrixProduct, openMatrixProduct } from './matrix-product.ts';

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
  const mean = meanDirection(table, labels.length);
  const least = leastCosine(mean, mean);
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
