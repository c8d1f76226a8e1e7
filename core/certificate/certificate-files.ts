// Makes the files of a certificate: the data, code that follows it, and a drawn picture with its input, which comes from the path of training
// and serving, and its answer. Knows no store.

import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { scaleByTemperature } from '../evaluation/temperature.ts';
import { decodeToInput } from '../image/decode-to-input.ts';
import type { ModelInput } from '../image/model-input.ts';
import { openPixels } from '../image/open-image.ts';
import { present } from '../present.ts';
import type { Certificate, Step } from './certificate.ts';
import { preprocess } from './code/preprocess.mjs';
import { drawCheckPicture } from './draw-check-picture.ts';
import { toNpy } from './to-npy.ts';
import { toSteps } from './to-steps.ts';

/** Name of the certificate's file. */
export const CERTIFICATE_FILE = 'preprocessing.json';
const PICTURE_FILE = 'preprocessing-check.png';
const TENSOR_FILE = 'preprocessing-check.npy';
/** Code that follows a certificate. */
const CODE_FILES = ['preprocess.py', 'preprocess.mjs', 'preprocess.cpp'] as const;

/** The names of all files of a certificate. */
export const CERTIFICATE_FILES: readonly string[] = [
  CERTIFICATE_FILE,
  ...CODE_FILES,
  PICTURE_FILE,
  TENSOR_FILE,
];

/** How far scores may be where another program runs the model. */
const ALLOWED_SCORES = 0.001;
/** What rounding makes of weights, in levels of pixels: one level here and there. */
const ALLOWED_LEVELS = { max: 1.01, mean: 0.01 } as const;

/** What a certificate says of a model: the facts of its manifest. */
export interface CertifiedModel {
  readonly input: ModelInput;
  readonly labels: readonly string[];
  readonly calibration?:
    | { readonly temperature: number; readonly rejectionThreshold: number | null }
    | undefined;
  readonly onnx: {
    readonly file: string;
    readonly sha256: string;
    readonly inputName: string;
    readonly outputName: string;
  };
}

/** The check picture and its input. */
interface Check {
  readonly png: Uint8Array;
  readonly tensor: Float32Array<ArrayBuffer>;
  readonly difference: Distance;
}
type Distance = Certificate['check']['difference'];

/**
 * All files of a certificate.
 * @param onnx the model's file.
 */
export async function certificateFiles(
  model: CertifiedModel,
  onnx: Uint8Array,
): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const check = await makeCheck(model.input);
  const files = new Map<string, Uint8Array | string>();
  for (const file of CERTIFICATE_FILES) files.set(file, await toFile(file, model, check, async () => onnx));
  return files;
}

/**
 * One file of a certificate; undefined where it has none of this name.
 * @param readOnnx reads the model's file; called for the certificate itself alone.
 */
export async function certificateFile(
  file: string,
  model: CertifiedModel,
  readOnnx: () => Promise<Uint8Array>,
): Promise<Uint8Array | string | undefined> {
  if (!CERTIFICATE_FILES.includes(file)) return undefined;
  return toFile(file, model, await makeCheck(model.input), readOnnx);
}

async function toFile(
  file: string,
  model: CertifiedModel,
  check: Check,
  readOnnx: () => Promise<Uint8Array>,
): Promise<Uint8Array | string> {
  if (file === PICTURE_FILE) return check.png;
  if (file === TENSOR_FILE) return toNpy(check.tensor, shapeOf(model.input));
  if (file !== CERTIFICATE_FILE) return readFile(new URL(`./code/${file}`, import.meta.url));
  const probabilities = await run(model, await readOnnx(), check.tensor);
  return `${JSON.stringify(toCertificate(model, check.difference, probabilities), undefined, 2)}\n`;
}

const shapeOf = ({ height, width, channels }: ModelInput): number[] => [1, height, width, channels];

/** Draws the picture, and prepares it by the path of training and serving, and by the code that is shipped. */
async function makeCheck(input: ModelInput): Promise<Check> {
  const drawn = drawCheckPicture(input);
  const { pixels, ...size } = drawn;
  const png = await openPixels(pixels, { ...size, channels: 3 })
    .png({ compressionLevel: 9 })
    .toBuffer();
  const tensor = new Float32Array(await decodeToInput(png, input));
  const other = preprocess({ steps: toSteps(input) }, drawn);
  return { png: new Uint8Array(png), tensor, difference: distanceOf(tensor, other) };
}

function distanceOf(a: Float32Array, b: Float32Array): Distance {
  let [max, sum] = [0, 0];
  for (const [index, value] of a.entries()) {
    const distance = Math.abs(value - (b[index] ?? Number.POSITIVE_INFINITY));
    max = Math.max(max, distance);
    sum += distance;
  }
  return { max, mean: sum / a.length };
}

function toCertificate(
  { input, labels, calibration, onnx }: CertifiedModel,
  difference: Distance,
  probabilities: Float32Array,
): Certificate {
  const { temperature, rejectionThreshold: threshold } = calibration ?? {
    temperature: 1,
    rejectionThreshold: null,
  };
  const scores = [...scaleByTemperature(probabilities, labels.length, temperature)];
  const score = Math.max(...scores);
  const steps = toSteps(input);
  const level = levelOf(steps);
  const tolerance = {
    max: difference.max + ALLOWED_LEVELS.max * level,
    mean: difference.mean + ALLOWED_LEVELS.mean * level,
  };
  return {
    format: 1,
    model: { file: onnx.file, sha256: onnx.sha256 },
    steps,
    input: { name: onnx.inputName, shape: shapeOf(input) },
    output: {
      name: onnx.outputName,
      shape: [1, labels.length],
      values: 'probabilities',
      temperature,
      threshold,
      labels: [...labels],
    },
    check: {
      picture: PICTURE_FILE,
      tensor: TENSOR_FILE,
      difference,
      tolerance,
      probabilities: [...probabilities],
      scores,
      label: labels[scores.indexOf(score)] ?? '',
      rejected: threshold !== null && score < threshold,
      allowed: ALLOWED_SCORES,
    },
  };
}

/** The largest step of the input between two neighboring levels of a pixel. */
function levelOf(steps: readonly Step[]): number {
  const normalize = steps.find((step) => step.step === 'normalize');
  const { divisor, deviation } = present(normalize, 'a step that normalizes');
  return 1 / (divisor * Math.min(...deviation));
}

async function run(
  { input, onnx: { inputName, outputName } }: CertifiedModel,
  onnx: Uint8Array,
  tensor: Float32Array<ArrayBuffer>,
): Promise<Float32Array> {
  const session = await InferenceSession.create(onnx, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const results = await session.run({ [inputName]: new Tensor('float32', tensor, shapeOf(input)) });
    return Float32Array.from(present(results[outputName], 'the output of the model').data as Float32Array);
  } finally {
    await session.release();
  }
}
