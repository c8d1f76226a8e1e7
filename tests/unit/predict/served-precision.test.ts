import { describe, expect, it } from 'vitest';
import { contentHashOf } from '../../../core/content-hash.ts';
import type { FoveaError } from '../../../core/errors/errors.ts';
import { commitModel } from '../../../core/model/commit-model.ts';
import { describeOnnx } from '../../../core/model/model-files.ts';
import { PARITY, PARITY_FILE } from '../../../core/model/parity.ts';
import type { VariantComparison } from '../../../core/predict/model-variant.ts';
import { createPredictor, type Loaded } from '../../../core/predict/predictor.ts';
import { chooseFile, EQUIVALENCE, isEquivalent } from '../../../core/predict/served-precision.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { withFormat } from '../../../core/storage/parse-stored.ts';
import { colorManifest, colorOnnx, colorPicture } from '../../support/color-model.ts';

const GOOD: VariantComparison = {
  precision: 'int8',
  sizeBytes: 1,
  originalSizeBytes: 4,
  msPerPicture: 1,
  originalMsPerPicture: 2,
  pictures: EQUIVALENCE.pictures,
  maxDifference: 0.1,
  meanDifference: EQUIVALENCE.meanDifference,
  topOneAgreement: EQUIVALENCE.topOneAgreement,
  addedLoss: EQUIVALENCE.addedLoss,
};

describe('isEquivalent', () => {
  it.each<[string, Partial<VariantComparison>]>([
    ['with too few pictures', { pictures: EQUIVALENCE.pictures - 1 }],
    ['with other answers', { topOneAgreement: 0.98 }],
    ['with a larger loss', { addedLoss: 0.011 }],
    ['where the right answers are not known', { addedLoss: undefined }],
    ['with other probabilities', { meanDifference: 0.03 }],
    ['where it gains no time', { msPerPicture: 1.9 }],
  ])('is false %s', (_, changes) => {
    expect(isEquivalent(GOOD)).toBe(true);
    expect(isEquivalent({ ...GOOD, ...changes })).toBe(false);
  });
});

/** A model whose 8-bit file is told apart by its answers: it is the same network, with the labels' rows turned. */
async function storeWithInt8(isEquivalent: boolean, golden: readonly number[] | undefined) {
  const store = createMemoryStore();
  const onnx = colorOnnx();
  const int8 = colorOnnx(['green', 'blue', 'red']);
  const png = Buffer.from(await colorPicture('red', 'png', 8)).toString('base64');
  const [red, other] = [Math.exp(8 * (240 / 255)), Math.exp(8 * (20 / 255))];
  const right = [red, other, other].map((value) => value / (red + 2 * other));
  const certificate = withFormat(PARITY, {
    pictures: 1,
    maxDifference: 0,
    allowed: 1e-3,
    tfjsMaxDifference: null,
    trainer: {},
    golden: [{ png, probabilities: right, ...(golden === undefined ? {} : { int8: [...golden] }) }],
  });
  const parity = new TextEncoder().encode(JSON.stringify(certificate));
  const manifest = colorManifest(onnx, {
    int8: { ...describeOnnx('model-int8.onnx', int8), isEquivalent },
    parity: { file: PARITY_FILE, sizeBytes: parity.byteLength, sha256: contentHashOf(parity) },
  });
  const files = new Map([
    ['model.onnx', onnx],
    ['model-int8.onnx', int8],
    [PARITY_FILE, parity],
  ]);
  await commitModel(store, manifest, files);
  return { store, manifest, right };
}

describe('chooseFile', () => {
  it.each([
    ['auto', true, true, 'int8'],
    ['auto', true, false, 'float32'],
    ['auto', false, true, 'float32'],
    ['int8', false, false, 'int8'],
    ['float32', true, true, 'float32'],
  ] as const)(
    'runs for %s, equivalent %s, instructions %s: %s',
    async (wanted, equivalent, isFast, precision) => {
      const { manifest } = await storeWithInt8(equivalent, undefined);
      expect(chooseFile(manifest, wanted, () => isFast).precision).toBe(precision);
      const { int8: _, ...without } = manifest;
      expect(chooseFile(without, wanted, () => isFast).precision).toBe('float32');
    },
  );
});

describe('a predictor that is told to run 8-bit integers', () => {
  const predict = async (golden: 'right' | 'wrong' | 'no file') => {
    const { right } = await storeWithInt8(true, undefined);
    const [red = 0, other = 0] = right;
    // The turned network says the third class of red.
    const { store } = await storeWithInt8(true, golden === 'wrong' ? right : [other, other, red]);
    if (golden === 'no file') await store.delete(keys.modelFile('color', '1', 'model-int8.onnx'));
    const told: unknown[] = [];
    const onLoaded = (loaded: Loaded) => told.push(loaded.precision);
    const onFallback = ({ error }: { readonly error: FoveaError }) => told.push(error.code);
    const predictor = createPredictor({ store, threads: 1, precision: 'int8', onLoaded, onFallback });
    const images = [await colorPicture('red')];
    const { outcomes } = await predictor.predict({ model: 'color', topK: 1, images });
    predictor.close();
    return { outcomes, told };
  };

  it('runs them, and says so', async () => {
    expect(await predict('right')).toMatchObject({
      outcomes: [{ predictions: [{ index: 2 }] }],
      told: ['int8'],
    });
  });

  it.each([
    ['give other answers on this machine', 'wrong', 'model-parity-failed'],
    ['have no file any more', 'no file', 'model-corrupt'],
  ] as const)('runs the model itself where they %s, and says so', async (_, golden, code) => {
    expect(await predict(golden)).toMatchObject({
      outcomes: [{ predictions: [{ index: 0 }] }],
      told: ['float32', code],
    });
  });
});
