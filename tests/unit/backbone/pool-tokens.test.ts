// Tokens of vision transformers as features: which of them, and by whose word.

import { beforeEach, describe, expect, it } from 'vitest';
import { loadBackboneFile } from '../../../core/backbone/backbone.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { choosePooling } from '../../../core/backbone/pool-tokens.ts';
import type { ModelInput } from '../../../core/image/model-input.ts';
import { encodeValueInfo } from '../../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../../core/network/onnx/packed-model.ts';
import type { Pooling } from '../../../core/network/onnx/pooling.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { checkOnnx, hasOnnxChecker } from '../../support/check-onnx.ts';
import { FOREIGN_SIZE, foreignModel, foreignNode, toNchw } from '../../support/foreign-onnx.ts';
import { randomValues } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';
import { PATCHES, TOKEN_WIDTH, type TokenModelOptions, tokenModel } from '../../support/token-onnx.ts';

const canCheck = hasOnnxChecker();
let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

const importTokens = (options: TokenModelOptions = {}, pool?: Pooling, output?: string) =>
  importBackbone(
    { store, now: () => 0 },
    { name: 'mine', onnx: tokenModel(options), layout: 'nchw', preprocessing: 'unit', pool, output },
  );

const PICTURES = [2, FOREIGN_SIZE, FOREIGN_SIZE, 3] as const;

/** What the stored file makes of two pictures, and the tokens of the model before it was imported. */
async function featuresAndTokens(options: TokenModelOptions, pool?: Pooling) {
  const { backbone } = await importTokens(options, pool);
  expect(backbone.features).toBe(TOKEN_WIDTH);
  const onnx = await loadBackboneFile(store, backbone);
  if (canCheck) checkOnnx(onnx);
  const values = randomValues(2 * FOREIGN_SIZE ** 2 * 3, 3);
  const [features] = [...(await runOnnx(onnx, values, PICTURES)).values()];
  expect(features?.shape).toEqual([2, TOKEN_WIDTH]);
  const nchw = [2, 3, FOREIGN_SIZE, FOREIGN_SIZE];
  const tokens = (await runOnnx(tokenModel(options), toNchw(values, PICTURES), nchw)).get('tokens');
  const count = PATCHES + (options.extra ?? 0);
  const token = (picture: number, index: number) =>
    Array.from(
      (tokens?.values ?? []).slice(
        (picture * count + index) * TOKEN_WIDTH,
        (picture * count + index + 1) * TOKEN_WIDTH,
      ),
    );
  const mean = (picture: number) =>
    Array.from(
      { length: TOKEN_WIDTH },
      (_, i) =>
        Array.from({ length: count }, (_, index) => token(picture, index)[i] ?? Number.NaN).reduce(
          (sum, value) => sum + value,
        ) / count,
    );
  return {
    features: Array.from(features?.values ?? []),
    first: [...token(0, 0), ...token(1, 0)],
    mean: [...mean(0), ...mean(1)],
  };
}

const differ = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe('tokens', () => {
  it.each([7, 13, 21])('give the first, or the mean of all, in opset %i', async (opset) => {
    const cls = await featuresAndTokens({ extra: 2, opset }, 'cls');
    expect(cls.features).toEqual(cls.first);
    store = createMemoryStore();
    const mean = await featuresAndTokens({ extra: 2, opset }, 'mean');
    expect(differ(mean.features, mean.mean)).toBeLessThan(1e-6);
    expect(differ(cls.features, mean.features)).toBeGreaterThan(0.01);
  });

  it('are averaged where there is one for each patch, and give the class token where there is one more', async () => {
    expect((await importTokens()).pooled).toEqual({ pooling: 'mean', by: 'count' });
    store = createMemoryStore();
    const { pooled, outputShape, outputLayout } = await importTokens({ extra: 1 });
    expect(pooled).toEqual({ pooling: 'cls', by: 'count' });
    expect([outputShape, outputLayout]).toEqual([[PATCHES + 1, TOKEN_WIDTH], 'tokens']);
  });

  it('are pooled as the graph pools them', async () => {
    const gather = [foreignNode('Gather', ['tokens', 'first'], 'class', { axis: 1 })];
    const average = [foreignNode('ReduceMean', ['tokens'], 'average', { axes: [1], keepdims: 0 })];
    const cls = await importTokens({ extra: 5, after: gather, output: 'class' }, undefined, 'tokens');
    expect(cls.pooled).toEqual({ pooling: 'cls', by: 'graph' });
    store = createMemoryStore();
    const mean = await importTokens({ extra: 1, after: average, output: 'average' }, undefined, 'tokens');
    expect(mean.pooled).toEqual({ pooling: 'mean', by: 'graph' });
    store = createMemoryStore();
    const asked = await importTokens({ extra: 1, after: average, output: 'average' }, 'cls', 'tokens');
    expect(asked.pooled).toEqual({ pooling: 'cls', by: 'request' });
  });

  it.each<[string, TokenModelOptions]>([
    ['registers', { extra: 5 }],
    [
      'both in the graph',
      {
        extra: 1,
        after: [
          foreignNode('Gather', ['tokens', 'first'], 'class', { axis: 1 }),
          foreignNode('ReduceMean', ['tokens'], 'average', { axes: [1], keepdims: 0 }),
          foreignNode('Add', ['class', 'average'], 'sum'),
        ],
        output: 'sum',
      },
    ],
    [
      'another token in the graph',
      {
        extra: 1,
        after: [foreignNode('Gather', ['tokens', 'second'], 'other', { axis: 1 })],
        output: 'other',
      },
    ],
  ])('reject to guess where there are %s, and name both choices', async (_, options) => {
    await expect(importTokens(options, undefined, 'tokens')).rejects.toMatchObject({
      code: 'backbone-output-unsupported',
      param: 'pool',
      message: expect.stringMatching(/--pool cls takes the first token.*--pool mean takes the mean/),
    });
    expect((await importTokens(options, 'cls', 'tokens')).pooled?.by).toBe('request');
  });

  it('are not what a vector or a feature map is pooled as', async () => {
    const options = { after: [foreignNode('Flatten', ['tokens'], 'vector')], output: 'vector' };
    for (const output of ['vector', 'map']) {
      await expect(importTokens(options, 'mean', output)).rejects.toMatchObject({
        code: 'backbone-output-unsupported',
        message: expect.stringContaining('--pool is for tokens'),
      });
    }
  });
});

describe('choosePooling', () => {
  const INPUT = { height: 224, width: 224, channels: 3, preprocessing: 'tf', resize: 'stretch' } as const;
  const choose = (tokens: number, width: number, input: ModelInput = INPUT) => {
    try {
      return choosePooling([tokens, width], input, { asked: undefined, graph: undefined }).pooling;
    } catch {
      return 'refused';
    }
  };

  it.each([
    ['ViT-B/16', 197, 768, 'cls'],
    ['ViT-L/16', 197, 1024, 'cls'],
    ['DINOv2-small', 257, 384, 'cls'],
    ['CLIP ViT-B/32', 50, 768, 'cls'],
    ['SigLIP-B/16', 196, 768, 'mean'],
    ['Swin-T', 49, 768, 'mean'],
    ['Swin-B', 49, 1024, 'mean'],
    ['DINOv2 with registers', 261, 384, 'refused'],
    ['DeiT, distilled', 198, 192, 'refused'],
    ['a feature map whose places are in one axis', 64, 49, 'refused'],
    ['tokens that could be channels', 256, 1024, 'refused'],
    ['a sequence', 77, 512, 'refused'],
  ] as const)('knows %s', (_, tokens, width, expected) => {
    expect(choose(tokens, width)).toBe(expected);
  });

  it('counts patches of pictures that are not square, with a rest', () => {
    const input = { ...INPUT, height: 200, width: 300 };
    expect(choose(12 * 18, 192, input)).toBe('mean');
    expect(choose(13 * 19 + 1, 384, input)).toBe('cls');
    expect(choose(12 * 19, 384, input)).toBe('refused');
  });
});

describe('a refusal of the output', () => {
  it('names all outputs with their shapes', async () => {
    const model = decodePacked(tokenModel());
    const value = (name: string, sizes: readonly (number | string)[]) => {
      const dim = sizes.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
      return encodeValueInfo({ name, type: { tensorType: { elemType: 1, shape: { dim } } } });
    };
    const output = [
      value('register', ['N', 1, TOKEN_WIDTH]),
      encodeValueInfo({ name: 'patches' }),
      value('map', ['N', TOKEN_WIDTH, 4, 4]),
    ];
    const onnx = encodePacked({ ...model, graph: { ...model.graph, output } });
    const request = { name: 'mine', onnx, layout: 'nchw', preprocessing: 'unit' } as const;
    const listed = '"register" [open, 1, 5], "patches" of unknown shape, "map" [open, 5, 4, 4].';
    for (const refused of [
      { output: 'nothing' },
      { output: 'map', pool: 'cls' as const },
      { output: 'flat' },
    ]) {
      await expect(importBackbone({ store, now: () => 0 }, { ...request, ...refused })).rejects.toMatchObject(
        {
          message: expect.stringContaining(`Outputs of the model: ${listed}`),
          details: {
            outputs: [{ name: 'register', shape: ['open', 1, 5] }, { name: 'patches' }, { name: 'map' }],
          },
        },
      );
    }
  });

  it('names them where a value needs more than the picture, too', async () => {
    const nodes = [
      foreignNode('Relu', ['image'], 'picture'),
      foreignNode('Add', ['picture', 'mask'], 'both'),
    ];
    const onnx = foreignModel({ inputs: ['image', 'mask'], nodes, output: 'both' });
    const request = { name: 'mine', onnx, layout: 'nchw', preprocessing: 'unit' } as const;
    await expect(importBackbone({ store, now: () => 0 }, request)).rejects.toMatchObject({
      code: 'backbone-input-unsupported',
      message: expect.stringContaining('Outputs of the model: "both"'),
    });
  });
});
