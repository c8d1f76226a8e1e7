// The patterns of the sample dataset: for each class, which points of a picture have the foreground's color.

import { between, type Random } from './random.ts';

/** Whether a point is foreground; both coordinates run from -1 to 1 across the picture. */
export type Pattern = (x: number, y: number) => boolean;

const TAU = 2 * Math.PI;

/** Moves, turns and scales a shape at random, so that only the shape itself tells classes apart. */
function place(random: Random, shape: Pattern): Pattern {
  const angle = between(random, -0.35, 0.35);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const size = between(random, 0.7, 0.9);
  const [left, top] = [between(random, -0.1, 0.1), between(random, -0.1, 0.1)];
  return (x, y) => {
    const [u, v] = [(x - left) / size, (y - top) / size];
    return shape(cos * u + sin * v, cos * v - sin * u);
  };
}

const circle: Pattern = (x, y) => x * x + y * y < 0.7;

/** The inside of a polygon around the center, whose outline is a radius for each angle. */
const insideOutline =
  (radiusAt: (angle: number) => number): Pattern =>
  (x, y) =>
    Math.hypot(x, y) < radiusAt(Math.atan2(y, x));

const foldAngle = (angle: number, corners: number): number => {
  const sector = TAU / corners;
  return Math.abs(((((angle % sector) + sector) % sector) - sector / 2) as number);
};

const triangle = insideOutline((angle) => 0.55 / Math.cos(TAU / 6 - foldAngle(angle, 3)));

const STAR_OUTER = 1.1;
const STAR_INNER = 0.42;
/** The straight edge between an outer and an inner corner, 36 degrees apart. */
const star = insideOutline((angle) => {
  const between36 = TAU / 10 - foldAngle(angle, 5);
  const sine = Math.sin(TAU / 10);
  return (
    (STAR_OUTER * STAR_INNER * sine) /
    (STAR_OUTER * Math.sin(between36) + STAR_INNER * Math.sin(TAU / 10 - between36))
  );
});

const isEven = (value: number): boolean => Math.floor(value) % 2 === 0;

function stripes(random: Random): Pattern {
  const angle = between(random, 0, TAU);
  const perUnit = between(random, 2.2, 4);
  const shift = between(random, 0, 2);
  return (x, y) => isEven((Math.cos(angle) * x + Math.sin(angle) * y) * perUnit + shift);
}

function checkers(random: Random): Pattern {
  const angle = between(random, 0, TAU);
  const perUnit = between(random, 1.8, 3);
  const [shiftX, shiftY] = [between(random, 0, 2), between(random, 0, 2)];
  return (x, y) => {
    const u = (Math.cos(angle) * x + Math.sin(angle) * y) * perUnit + shiftX;
    const v = (Math.cos(angle) * y - Math.sin(angle) * x) * perUnit + shiftY;
    return isEven(u) === isEven(v);
  };
}

/** The classes, by the names of their folders; each call of a function draws another picture of the class. */
export const PATTERNS: Readonly<Record<string, (random: Random) => Pattern>> = {
  checkers,
  circle: (random) => place(random, circle),
  star: (random) => place(random, star),
  stripes,
  triangle: (random) => place(random, triangle),
};
