// Which file of a version a server runs: the model itself, or the one in 8-bit integers. Knows no sessions.

import { readFileSync } from 'node:fs';
import type { Manifest, OnnxFile } from '../model/manifest.ts';
import type { VariantComparison } from './model-variant.ts';

/**
 * What a server may be told to run. `auto`: 8-bit integers where they cost nothing, by {@link isEquivalent}, and the processor has
 * instructions for them; else, and where a version has no such file, the model itself.
 */
export const SERVED_PRECISIONS = ['auto', 'float32', 'int8'] as const;
/** One of {@link SERVED_PRECISIONS}. */
export type ServedPrecision = (typeof SERVED_PRECISIONS)[number];

/** What a file must reach to count as equivalent. */
export const EQUIVALENCE = {
  /** With fewer pictures, nothing can be said. */
  pictures: 50,
  /** Least share of pictures with the same likeliest class. */
  topOneAgreement: 0.99,
  /** Largest growth of the mean cross-entropy, in nats: calibration is as good. */
  addedLoss: 0.01,
  /** Largest mean, over the pictures, of the largest change of a probability. */
  meanDifference: 0.02,
  /** Largest share of the time that the model itself takes. */
  time: 0.9,
} as const;

/** Whether a variant answers as well as its model and takes less time, on the pictures on which they were compared. */
export const isEquivalent = (comparison: VariantComparison): boolean =>
  comparison.pictures >= EQUIVALENCE.pictures &&
  comparison.topOneAgreement >= EQUIVALENCE.topOneAgreement &&
  (comparison.addedLoss ?? Number.POSITIVE_INFINITY) <= EQUIVALENCE.addedLoss &&
  comparison.meanDifference <= EQUIVALENCE.meanDifference &&
  comparison.msPerPicture <= EQUIVALENCE.time * comparison.originalMsPerPicture;

/** Linux's names of instructions that multiply and add four 8-bit integers at once, on x86 and on ARM. */
const INTEGER_INSTRUCTIONS = /\b(avx512_?vnni|avx_vnni|amx_int8|asimddp)\b/;
let known: boolean | undefined;

/** Whether this processor has instructions for 8-bit integers. Unknown counts as no; Apple's processors have them. */
export function hasIntegerInstructions(): boolean {
  known ??=
    process.platform === 'darwin' ? process.arch === 'arm64' : INTEGER_INSTRUCTIONS.test(readProcessor());
  return known;
}

function readProcessor(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** The file to run. */
export interface ChosenFile {
  readonly precision: Exclude<ServedPrecision, 'auto'>;
  /** Why, as a log says it. */
  readonly why: string;
  readonly onnx: OnnxFile;
}

/**
 * Chooses the file of a version.
 * @param isFast whether the processor has instructions for 8-bit integers.
 */
export function chooseFile(manifest: Manifest, wanted: ServedPrecision, isFast: () => boolean): ChosenFile {
  const { int8, onnx } = manifest;
  const itself = (why: string): ChosenFile => ({ precision: 'float32', why, onnx });
  if (wanted === 'float32') return itself('the setting says so');
  if (int8 === undefined) return itself('the version has no file of 8-bit integers');
  if (wanted === 'int8') return { precision: 'int8', why: 'the setting says so', onnx: int8 };
  if (!int8.isEquivalent) return itself('by its report, its file of 8-bit integers is not equivalent');
  if (!isFast()) return itself('this processor has no instructions for 8-bit integers');
  return { precision: 'int8', why: 'by its report it is equivalent', onnx: int8 };
}
