// Checks at load, by golden pictures, that ONNX Runtime on this machine gives the same answers as where the model was evaluated.

import { contentHashOf } from '../content-hash.ts';
import { FoveaError } from '../errors/errors.ts';
import { largestDifference } from '../evaluation/largest-difference.ts';
import { decodePreparedToInput, inputLength } from '../image/decode-to-input.ts';
import type { Manifest } from '../model/manifest.ts';
import { PARITY, type Parity } from '../model/parity.ts';
import { keys } from '../storage/keys.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { parseStored } from '../storage/parse-stored.ts';
import type { ModelSession } from './model-session.ts';
import type { ChosenFile } from './served-precision.ts';

/** How far 8-bit answers may be apart on two processors: they sum in other orders, some with saturation. */
const ALLOWED_INT8 = 0.02;

/**
 * Predicts a version's golden pictures, where it has any, and compares the probabilities with its parity certificate.
 * @param precision of the session's file. For `int8`, nothing is compared where the certificate says nothing of it.
 * @throws {FoveaError} `model-parity-failed` where a probability differs by more than the certificate allows; `model-corrupt` where the
 *   certificate is missing or has changed; `format-newer`.
 */
export async function checkParity(
  store: ObjectStore,
  session: ModelSession,
  precision: ChosenFile['precision'] = 'float32',
): Promise<void> {
  const { manifest } = session;
  if (manifest.parity === undefined) return;
  const certificate = await readCertificate(store, manifest, manifest.parity);
  const allowed = precision === 'int8' ? ALLOWED_INT8 : certificate.allowed;
  const golden = (certificate.golden ?? []).flatMap(({ png, probabilities, int8 }) => {
    const right = precision === 'int8' ? int8 : probabilities;
    return right === undefined ? [] : [{ png, right }];
  });
  if (golden.length === 0) return;
  const { input } = manifest;
  const size = inputLength(input);
  const batch = new Float32Array(golden.length * size);
  for (const [index, { png }] of golden.entries()) {
    await decodePreparedToInput(
      Buffer.from(png, 'base64'),
      input,
      batch.subarray(index * size, (index + 1) * size),
    );
  }
  const { values } = await session.run(batch, [golden.length, input.height, input.width, input.channels]);
  const expected = golden.flatMap(({ right }) => right);
  const largest = largestDifference(expected, values);
  if (largest <= allowed) return;
  throw new FoveaError(
    'model-parity-failed',
    `Version "${manifest.version}" of model "${manifest.model}" gives other answers on this machine than where it was made: a ` +
      `probability of a golden picture differs by ${largest.toExponential(1)}, and ${allowed} is allowed. The model is intact, but ` +
      'ONNX Runtime or the image decoder differ: install the versions that its report names.',
    { param: 'model', details: { difference: largest, allowed } },
  );
}

async function readCertificate(
  store: ObjectStore,
  { model, version }: Manifest,
  { file, sha256 }: NonNullable<Manifest['parity']>,
): Promise<Parity> {
  const key = keys.modelFile(model, version, file);
  const found = await store.get(key);
  if (found === undefined) throw corrupt(key, 'it is missing');
  if (contentHashOf(found.body) !== sha256) throw corrupt(key, 'its sha256 is not the one in the manifest');
  const parsed = parseStored(PARITY, key, found.body);
  if ('value' in parsed) return parsed.value;
  throw corrupt(key, parsed.problem);
}

const corrupt = (key: string, problem: string) =>
  new FoveaError(
    'model-corrupt',
    `The parity certificate "${key}" cannot be used: ${problem}. Restore that object from a backup, name another version, ` +
      'or train the model again.',
    { param: 'model', details: { key } },
  );
