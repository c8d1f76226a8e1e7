// Certificates of several contracts, followed by the code that is shipped beside them: what it makes of the check picture is the input that
// training and serving make.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, CertificateSchema, type Step } from '../../../core/certificate/certificate.ts';
import { CERTIFICATE_FILES, certificateFiles } from '../../../core/certificate/certificate-files.ts';
import { preprocess, readOutput } from '../../../core/certificate/code/preprocess.mjs';
import { drawCheckPicture } from '../../../core/certificate/draw-check-picture.ts';
import { toSteps } from '../../../core/certificate/to-steps.ts';
import { decodeToInput } from '../../../core/image/decode-to-input.ts';
import { inputFormatOf, type ModelInput } from '../../../core/image/model-input.ts';
import { createNetworkBuilder } from '../../../core/network/description/network-builder.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { initializeWeights } from '../../../core/network/weights/initialize.ts';
import { colorManifest } from '../../support/color-model.ts';
import { preparePython } from '../../support/python-environment.ts';

const run = promisify(execFile);
const PACKAGES = ['numpy==2.2.6', 'pillow==13.0.0'];
type NormalizeStep = Extract<Step, { step: 'normalize' }>;
/** How far libvips is from the code on average. A window beside the right one makes ten times as much. */
const MEAN_LEVELS = 2.5;
const LABELS = ['grün "1"', 'b', 'c'];

const of = (input: Partial<ModelInput>): ModelInput => ({
  height: 40,
  width: 48,
  channels: 3,
  preprocessing: 'torch',
  resize: 'cover',
  ...input,
});
/** Contracts of all three formats. */
const CONTRACTS: Readonly<Record<string, ModelInput>> = {
  'stretch, decoding 3': of({ resize: 'stretch', preprocessing: 'tf', decoding: 3 }),
  'cover and crop, decoding 3': of({ crop: 0.875, decoding: 3 }),
  'cover, BGR, decoding 3': of({ preprocessing: 'caffe', decoding: 3 }),
  'contain, padding, numbers, decoding 3': of({
    resize: 'contain',
    padding: [10, 200, 90],
    preprocessing: { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.75], order: 'bgr' },
    decoding: 3,
  }),
  'gray, padding, decoding 3': of({
    channels: 1,
    resize: 'contain',
    padding: [10, 200, 90],
    preprocessing: { mean: [0.5], std: [0.5], order: 'rgb' },
    decoding: 3,
  }),
  'stretch of format 1': of({ resize: 'stretch', preprocessing: 'unit' }),
  'cover of format 1': of({ preprocessing: 'none' }),
  'contain of format 1': of({ resize: 'contain', preprocessing: 'tf' }),
  'gray of format 1': of({ channels: 1, resize: 'stretch', preprocessing: 'unit' }),
  'crop of format 2': of({ crop: 0.875 }),
  'padding of format 2': of({ resize: 'contain', padding: [120, 0, 255] }),
};

let folder: string;
const certificates = new Map<string, Certificate>();

/** The mean of each channel, and softmax: small, and every value of the input counts. */
function networkOf({ height, width, channels }: ModelInput): Uint8Array {
  const n = createNetworkBuilder('mean', { height, width, channels });
  const mean = n.globalAveragePooling2d(n.input({ name: 'image' }), { name: 'mean' });
  n.dense(mean, { name: 'predictions', units: LABELS.length, activation: 'softmax' });
  const network = n.build();
  return toOnnx(network, initializeWeights(network, 3));
}

const placeOf = (name: string) => path.join(folder, name.replaceAll(/[^a-z0-9]+/gi, '-'));

/** The check picture, decoded, and its tensor. */
async function readCheck(name: string) {
  const { data, info } = await sharp(path.join(placeOf(name), 'preprocessing-check.png'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const npy = await readFile(path.join(placeOf(name), 'preprocessing-check.npy'));
  const start = 10 + npy.readUInt16LE(8);
  const tensor = Float32Array.from({ length: (npy.length - start) / 4 }, (_, i) =>
    npy.readFloatLE(start + 4 * i),
  );
  return {
    decoded: { pixels: new Uint8Array(data), width: info.width, height: info.height },
    rgb: data,
    tensor,
  };
}

function distance(a: Float32Array, b: Float32Array) {
  const differences = Array.from(a, (value, i) => Math.abs(value - (b[i] ?? Number.POSITIVE_INFINITY)));
  return { max: Math.max(...differences), mean: differences.reduce((sum, one) => sum + one, 0) / a.length };
}

const isWithin = (found: ReturnType<typeof distance>, { check: { tolerance } }: Certificate) =>
  found.max <= tolerance.max && found.mean <= tolerance.mean;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fovea-certificate-'));
  for (const [name, input] of Object.entries(CONTRACTS)) {
    const onnx = networkOf(input);
    const calibration = { temperature: 1.7, rejectionThreshold: 0.9 };
    const manifest = colorManifest(onnx, { input, labels: LABELS, calibration });
    await mkdir(placeOf(name));
    for (const [file, body] of await certificateFiles(manifest, onnx))
      await writeFile(path.join(placeOf(name), file), body);
    const text = await readFile(path.join(placeOf(name), 'preprocessing.json'), 'utf8');
    certificates.set(name, CertificateSchema.parse(JSON.parse(text)));
  }
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const NAMES = Object.keys(CONTRACTS);
const isExact = (name: string) => CONTRACTS[name]?.decoding === 3;
const certificateOf = (name: string) => certificates.get(name) as Certificate;

describe('a certificate', () => {
  it('is made of contracts of all formats', () => {
    expect(new Set(Object.values(CONTRACTS).map(inputFormatOf))).toEqual(new Set([1, 2, 3]));
  });

  it.each(NAMES)('is followed by JavaScript: %s', async (name) => {
    const { decoded, tensor } = await readCheck(name);
    const certificate = certificateOf(name);
    const found = distance(tensor, preprocess(certificate, decoded));
    expect(isWithin(found, certificate)).toBe(true);
    expect(found.max).toBeCloseTo(certificate.check.difference.max, 6);
    if (isExact(name)) expect(found.max).toBe(0);
    const answer = readOutput(certificate, certificate.check.probabilities);
    expect(answer).toMatchObject({ label: certificate.check.label, rejected: certificate.check.rejected });
    expect(
      distance(Float32Array.from(answer.scores), Float32Array.from(certificate.check.scores)).max,
    ).toBeLessThan(1e-6);
  });

  it('is right for pictures of other shapes, smaller and larger than the input', async () => {
    for (const input of Object.values(CONTRACTS)) {
      // Version 2 paints colored edges a row beside the right place where their sum is odd.
      if (input.decoding === undefined && input.padding !== undefined) continue;
      for (const [width, height] of [
        [61, 37],
        [23, 150],
        [13, 9],
        [131, 88],
      ] as const) {
        const { pixels } = drawCheckPicture({ width, height });
        const drawn = { pixels: pixels.subarray(0, width * height * 3), width, height };
        const png = await sharp(drawn.pixels, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer();
        const found = distance(await decodeToInput(png, input), preprocess({ steps: toSteps(input) }, drawn));
        const { divisor, deviation } = toSteps(input).find(
          ({ step }) => step === 'normalize',
        ) as NormalizeStep;
        const levels = found.mean * divisor * Math.max(...deviation);
        expect([input, width, levels < (input.decoding === 3 ? 1e-9 : MEAN_LEVELS)]).toEqual([
          input,
          width,
          true,
        ]);
      }
    }
  });

  it('shows each wrong way to the input', async () => {
    for (const name of NAMES) {
      const { decoded, tensor } = await readCheck(name);
      const certificate = certificateOf(name);
      const { channels, resize } = CONTRACTS[name] as ModelInput;
      const changed = (step: string, changes: object) => ({
        steps: certificate.steps.map((one) =>
          one.step === step ? ({ ...one, ...changes } as typeof one) : one,
        ),
      });
      const wrong = {
        'no antialiasing': changed('resize', { antialias: false }),
        'another kernel': changed('resize', { a: -0.75 }),
        'another shape': changed('resize', { fit: resize === 'stretch' ? 'cover' : 'stretch' }),
        'a size beside': changed('resize', { width: 52, height: 44 }),
        ...(channels === 1 ? {} : { 'another order of colors': changed('normalize', { order: [1, 0, 2] }) }),
        'another mean': changed('normalize', { mean: [0.2, 0.2, 0.2] }),
      };
      for (const [what, steps] of Object.entries(wrong))
        expect([name, what, isWithin(distance(tensor, preprocess(steps, decoded)), certificate)]).toEqual([
          name,
          what,
          false,
        ]);
    }
  });

  it('has a picture that is drawn from the size of the input alone', async () => {
    const [first, second] = ['stretch, decoding 3', 'gray of format 1'].map((name) =>
      readFile(path.join(placeOf(name), 'preprocessing-check.png')),
    );
    expect(await first).toEqual(await second);
    expect(CERTIFICATE_FILES).toHaveLength(6);
  });

  it('is followed by Python, where NumPy and Pillow can be had', async ({ skip }) => {
    const tools = await preparePython('test-certificate', PACKAGES).catch((error: Error) => {
      console.warn(`skipped: the certificate's code for Python: ${error.message.split('\n')[0]}`);
    });
    if (tools === undefined) return skip();
    const script = path.join(import.meta.dirname, 'try-certificates.py');
    const { stdout } = await run(path.join(tools, 'python'), [script, ...NAMES.map(placeOf)]);
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(found).toHaveLength(NAMES.length);
    for (const [index, name] of NAMES.entries()) {
      const certificate = certificateOf(name);
      const { label, rejected } = certificate.check;
      expect(found[index]).toMatchObject({ label, rejected });
      expect(found[index].scores).toBeLessThan(1e-6);
      expect([name, isWithin(found[index], certificate)]).toEqual([name, true]);
      if (isExact(name)) expect(found[index].max).toBeLessThan(1e-6);
    }
    const own = path.join(placeOf(NAMES[0] ?? ''), 'preprocess.py');
    expect((await run(path.join(tools, 'python'), [own])).stdout).toMatch(/^input: right/);
  }, 120_000);

  it('is followed by C++, where there is a compiler', async ({ skip }) => {
    const program = path.join(folder, 'preprocess');
    const source = path.join(placeOf(NAMES[0] ?? ''), 'preprocess.cpp');
    const options = [
      '-std=c++17',
      '-O1',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-ffp-contract=off',
      '-DPREPROCESS_MAIN',
    ];
    const isThere = await run('c++', ['--version']).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      console.warn("skipped: the certificate's code for C++: there is no compiler c++ on the PATH");
      return skip();
    }
    await run('c++', [...options, source, '-o', program]);
    await access(program);
    for (const name of NAMES) {
      const { decoded, rgb, tensor } = await readCheck(name);
      const picture = path.join(placeOf(name), 'picture.rgb');
      await writeFile(picture, rgb);
      const args = [
        path.join(placeOf(name), 'preprocessing.json'),
        picture,
        String(decoded.width),
        String(decoded.height),
      ];
      const { stdout } = await run(program, args, { encoding: 'buffer', maxBuffer: 2 ** 26 });
      const values = new Float32Array(new Uint8Array(stdout).buffer);
      const found = distance(tensor, values);
      expect([name, isWithin(found, certificateOf(name))]).toEqual([name, true]);
      if (isExact(name)) expect(found.max).toBe(0);
    }
    await expect(
      run(program, [path.join(placeOf(NAMES[0] ?? ''), 'preprocess.py'), source, '1', '1']),
    ).rejects.toThrow(/not JSON|Command failed/);
  }, 60_000);
});
