// ONNX files of others as backbones: which are taken, and what they then compute.

import { beforeEach, describe, expect, it } from 'vitest';
import { loadBackboneFile, readBackbone } from '../../../core/backbone/backbone.ts';
import {
  checkBackboneSize,
  type ImportBackboneRequest,
  importBackbone,
  MAX_BACKBONE_BYTES,
} from '../../../core/backbone/import-backbone.ts';
import { attachHead } from '../../../core/network/onnx/attach-head.ts';
import { cutAtOutput, valuesBelow } from '../../../core/network/onnx/feature-model.ts';
import { encodeNode } from '../../../core/network/onnx/onnx-schema.ts';
import { decodePacked, encodePacked } from '../../../core/network/onnx/packed-model.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { cutAfter } from '../../../core/network/surgery/split-at.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import type { ObjectStore } from '../../../core/storage/object-store.ts';
import { checkOnnx, hasOnnxChecker } from '../../support/check-onnx.ts';
import {
  FOREIGN_FILTERS,
  FOREIGN_SIZE,
  type ForeignOptions,
  foreignModel,
  foreignNode,
  toNchw,
} from '../../support/foreign-onnx.ts';
import { randomValues, randomWeights } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';
import { tinyNetwork } from '../../support/tiny-network.ts';

const canCheck = hasOnnxChecker();
const NOW = () => 1_767_323_045_000;
let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

const importForeign = (request: Partial<ImportBackboneRequest> = {}, options: ForeignOptions = {}) =>
  importBackbone(
    { store, now: NOW },
    { name: 'mine', onnx: foreignModel(options), layout: 'nchw', preprocessing: 'unit', ...request },
  );

/** Features of two random pictures, `[2, features]`, by the stored file. */
async function featuresOf(name: string) {
  const backbone = await readBackbone(store, name);
  const { height, width, channels } = backbone.input;
  const dims = [2, height, width, channels] as const;
  const pictures = randomValues(2 * height * width * channels, 3);
  const onnx = await loadBackboneFile(store, backbone);
  if (canCheck) checkOnnx(onnx);
  const [output] = [...(await runOnnx(onnx, pictures, dims)).values()];
  return { pictures, dims, onnx, output };
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? Number.NaN))), 0);

const refused = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) });

describe('importBackbone', () => {
  it('averages a map in NCHW, and takes pictures in NHWC', async () => {
    const { backbone, outputShape, outputLayout } = await importForeign();
    expect([outputShape, outputLayout]).toEqual([[FOREIGN_FILTERS, 8, 8], 'nchw']);
    expect(backbone).toMatchObject({
      name: 'mine',
      features: FOREIGN_FILTERS,
      input: { height: FOREIGN_SIZE, width: FOREIGN_SIZE, channels: 3, preprocessing: 'unit' },
      source: { output: 'map' },
    });
    expect(await readBackbone(store, 'mine')).toEqual(backbone);
    const { pictures, dims, output } = await featuresOf('mine');
    const original = await runOnnx(foreignModel({ output: 'vector' }), toNchw(pictures, dims), [
      2,
      3,
      FOREIGN_SIZE,
      FOREIGN_SIZE,
    ]);
    expect(output?.shape).toEqual([2, FOREIGN_FILTERS]);
    expect(largestDifference(output?.values ?? [], original.get('vector')?.values ?? [])).toBeLessThan(1e-6);
  });

  it.each<[string, Partial<ImportBackboneRequest>, ForeignOptions, string]>([
    ['a feature map', {}, {}, 'c42d40d5a08e105504724d8846e7556eddca154da2cc50b19c7bc2885a7f4628'],
    [
      'a vector inside',
      { output: 'vector' },
      { output: 'scores' },
      '175f8a2c8ada7a1de571b5cd3963d39eb6c47064352635066eac2336d2894d5a',
    ],
  ])('stores the same bytes for %s in every version', async (_, request, options, sha256) => {
    // Cached features, models and checkpoints depend on them.
    expect((await importForeign(request, options)).backbone.sha256).toBe(sha256);
  });

  it('takes the vector of a network of ours as it is', async () => {
    const network = cutAfter(tinyNetwork(), 'avg_pool');
    const onnx = toOnnx(network, randomWeights(network, 1), { outputName: 'features' });
    await importForeign({ onnx, layout: 'nhwc' });
    const { pictures, dims, output } = await featuresOf('mine');
    expect(output).toEqual((await runOnnx(onnx, pictures, dims)).get('features'));
  });

  it('averages a map in NHWC', async () => {
    const network = cutAfter(tinyNetwork(), 'pool');
    const weights = randomWeights(network, 1);
    const { outputLayout, outputShape } = await importForeign({
      onnx: toOnnx(network, weights),
      layout: 'nhwc',
    });
    expect([outputShape, outputLayout]).toEqual([[8, 8, 16], 'nhwc']);
    const { pictures, dims, output } = await featuresOf('mine');
    const whole = cutAfter(tinyNetwork(), 'avg_pool');
    const [expected] = [...(await runOnnx(toOnnx(whole, weights), pictures, dims)).values()];
    expect(largestDifference(output?.values ?? [], expected?.values ?? [])).toBeLessThan(1e-6);
  });

  it('asks of which layout a map is that could be of both', async () => {
    // The three colors over and over: sixteen channels of 16×16.
    const concat = foreignNode('Concat', Array(6).fill('image'), 'all', { axis: 1 });
    const map = { starts: [0], ends: [16], axes: [1] };
    const options = { opset: 9, nodes: [concat, foreignNode('Slice', ['all'], 'map', map)] };
    await expect(importForeign({}, options)).rejects.toThrow(
      refused('backbone-output-unsupported', '--output-layout'),
    );
    for (const layout of ['nchw', 'nhwc'] as const) {
      const { outputLayout } = await importForeign({ name: layout, outputLayout: layout }, options);
      expect(outputLayout).toBe(layout);
    }
    const { pictures, output } = await featuresOf('nchw');
    const red = pictures.subarray(0, FOREIGN_SIZE ** 2 * 3).filter((_, i) => i % 3 === 0);
    const mean = red.reduce((sum, value) => sum + value, 0) / red.length;
    expect(output?.values[0]).toBeCloseTo(mean, 5);
    expect(output?.values[15]).toBeCloseTo(mean, 5);
    expect((await featuresOf('nhwc')).output?.values[0]).not.toBeCloseTo(mean, 5);
  });

  it('takes no layout for a map in which it has not the proportions of the picture', async () => {
    await expect(importForeign({ outputLayout: 'nhwc' })).rejects.toThrow(
      refused('backbone-output-unsupported', '[2, 5, 8, 8]'),
    );
  });

  it('ends at a value inside, and leaves out what is above it', async () => {
    const whole = await importForeign({ name: 'whole' }, { output: 'scores' });
    expect(whole.below).toEqual(['vector', 'mean', 'map', 'conv']);
    const { backbone } = await importForeign({ output: 'vector' }, { output: 'scores' });
    expect([backbone.features, backbone.source.output]).toEqual([FOREIGN_FILTERS, 'vector']);
    const { onnx, output } = await featuresOf('mine');
    expect(decodePacked(onnx).graph.initializer).toHaveLength(1);
    expect(output?.shape).toEqual([2, FOREIGN_FILTERS]);
  });

  it('takes inputs and outputs that nodes leave out for no values', async () => {
    const nodes = [
      foreignNode('Constant', [], 'six', { value_float: { float: 6 } }),
      foreignNode('Clip', ['image', '', 'six'], 'map'),
      foreignNode('GlobalAveragePool', ['map'], 'mean'),
      { ...foreignNode('GRU', ['mean', 'mask'], 'state'), output: ['', 'state'] },
      foreignNode('Flatten', ['state'], 'scores'),
    ];
    const onnx = foreignModel({ inputs: ['image', 'mask'], nodes, output: 'scores' });
    const { backbone } = await importForeign({ onnx, output: 'map' });
    expect([backbone.features, backbone.source.output]).toEqual([3, 'map']);
    expect((await featuresOf('mine')).output?.shape).toEqual([2, 3]);
    const model = cutAtOutput(decodePacked(onnx), undefined);
    expect(valuesBelow(model, 2)).toEqual(['state', 'mean']);
  });

  it.each([
    { opset: 7, irVersion: 3 },
    { opset: 9, irVersion: 4 },
    { opset: 21, irVersion: 10 },
  ])('puts a head on top in opset $opset', async (options) => {
    const inputs = options.irVersion === 3 ? ['image', 'fovea_features', 'classifier'] : ['image'];
    await importForeign({}, { ...options, inputs });
    const { pictures, dims, onnx, output } = await featuresOf('mine');
    const kernel = randomValues(FOREIGN_FILTERS * 4, 5);
    const bias = randomValues(4, 6);
    const headed = attachHead(onnx, { kernel, bias });
    if (canCheck) checkOnnx(headed.onnx);
    expect(decodePacked(headed.onnx).opsetImport).toEqual([{ domain: '', version: options.opset }]);
    const probabilities = (await runOnnx(headed.onnx, pictures, dims)).get(headed.outputName);
    const expected = [0, 1].flatMap((row) => {
      const logits = Array.from(bias, (b, c) =>
        Array.from(
          { length: FOREIGN_FILTERS },
          (_, f) => (output?.values[row * FOREIGN_FILTERS + f] ?? 0) * (kernel[f * 4 + c] ?? 0),
        ).reduce((sum, product) => sum + product, b),
      );
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      return logits.map((logit) => Math.exp(logit) / total);
    });
    expect(largestDifference(probabilities?.values ?? [], expected)).toBeLessThan(1e-6);
  });

  it('is the same when it is repeated, and refuses another file or another reading under the name', async () => {
    const { backbone } = await importForeign();
    expect((await importForeign()).backbone).toEqual(backbone);
    await expect(importForeign({ output: 'conv' })).rejects.toThrow(refused('backbone-exists', '"mine"'));
    await expect(importForeign({ preprocessing: 'tf' })).rejects.toThrow(
      refused('backbone-exists', '"mine"'),
    );
  });

  it('takes open sizes as they are given', async () => {
    const dimensions = ['N', 3, 'H', 'W'];
    await expect(importForeign({}, { dimensions })).rejects.toThrow(
      refused('backbone-input-unsupported', '--size'),
    );
    const { backbone } = await importForeign({ size: { height: 20, width: 30 } }, { dimensions });
    expect(backbone.input).toMatchObject({ height: 20, width: 30, channels: 3 });
  });
});

describe('importBackbone refuses', () => {
  const packed = (change: (model: ReturnType<typeof decodePacked>) => object) => {
    const model = decodePacked(foreignModel());
    return encodePacked({ ...model, graph: { ...model.graph, ...change(model) } });
  };
  /** `data_location` EXTERNAL, and an `external_data` entry whose key is `location`. */
  const LOCATION = [0x70, 1];
  const ENTRY = [0x6a, 25, 0x0a, 8, ...Buffer.from('location'), 0x12, 13, ...Buffer.from('../etc/passwd')];

  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('this is no model')],
    ['half a file', foreignModel().subarray(0, 300)],
    ['random bytes', Uint8Array.from(randomValues(4096, 7), (value) => 128 + 100 * value)],
  ])('%s', async (_, onnx) => {
    await expect(importForeign({ onnx })).rejects.toThrow(refused('backbone-unreadable', 'ONNX'));
  });

  it.each([
    ['a location', LOCATION],
    ['an entry', ENTRY],
    ['both', [...LOCATION, ...ENTRY]],
    ['a location that a later one takes back', [...LOCATION, 0x70, 0]],
  ])('external data told by %s, before the runtime sees it', async (_, bytes) => {
    const onnx = packed(({ graph }) => ({
      initializer: graph.initializer.map((tensor) => Buffer.concat([tensor, Uint8Array.from(bytes)])),
    }));
    await expect(importForeign({ onnx })).rejects.toThrow(
      refused('backbone-external-data', 'external_data=False'),
    );
  });

  it('external data of a constant node, also in a subgraph', async () => {
    // AttributeProto: name "value", t = a tensor with data_location 1, type TENSOR.
    const attribute = [0x0a, 5, ...Buffer.from('value'), 0x2a, 2, ...LOCATION, 0xa0, 1, 4];
    const constant = Buffer.concat([
      encodeNode(foreignNode('Constant', [], 'outside')),
      Uint8Array.from([0x2a, attribute.length, ...attribute]),
    ]);
    // AttributeProto: g = a graph of that one node.
    const graph = [0x0a, constant.length, ...constant];
    const branch = [0x0a, 1, 0x67, 0x32, graph.length, ...graph, 0xa0, 1, 5];
    const add = encodeNode(foreignNode('Add', ['map', 'outside'], 'sum'));
    const nested = Buffer.concat([add, Uint8Array.from([0x2a, branch.length, ...branch])]);
    for (const nodes of [[constant, add], [nested]]) {
      const onnx = packed((model) => ({ node: [...model.graph.node, ...nodes] }));
      await expect(importForeign({ onnx, output: 'sum' })).rejects.toThrow(
        refused('backbone-external-data', 'one file'),
      );
    }
  });

  it('custom operators', async () => {
    const domain = Buffer.from('my.own');
    const custom = Buffer.concat([
      encodeNode(foreignNode('Sharpen', ['map'], 'sharp')),
      Uint8Array.from([0x3a, domain.length, ...domain]),
    ]);
    const onnx = packed(({ graph }) => ({ node: [...graph.node, custom] }));
    await expect(importForeign({ onnx, output: 'sharp' })).rejects.toThrow(
      refused('backbone-ops-unsupported', 'Sharpen'),
    );
  });

  const size = FOREIGN_SIZE;
  it.each<[string, ForeignOptions, Partial<ImportBackboneRequest>, string, string]>([
    ['a fixed batch', { dimensions: [1, 3, size, size] }, {}, 'backbone-batch-fixed', 'dynamic_axes'],
    [
      'several inputs',
      { inputs: ['image', 'mask'], nodes: [foreignNode('Add', ['image', 'mask'], 'map')] },
      {},
      'backbone-input-unsupported',
      '"image", "mask"',
    ],
    [
      'no input',
      { nodes: [foreignNode('Relu', ['classifier'], 'map')] },
      {},
      'backbone-input-unsupported',
      'no input',
    ],
    ['half precision', { dataType: 10 }, {}, 'backbone-input-unsupported', 'float16'],
    ['bytes', { dataType: 2 }, {}, 'backbone-input-unsupported', 'uint8'],
    ['no pictures', { dimensions: ['N', 10] }, {}, 'backbone-input-unsupported', '2 axes'],
    ['the other layout', {}, { layout: 'nhwc' }, 'backbone-input-unsupported', '16 channels as nhwc'],
    [
      'another size',
      {},
      { size: { height: 32, width: 32 } },
      'backbone-input-unsupported',
      'height of 16, and 32',
    ],
    [
      'a size that is told and takes more memory than there is',
      { dimensions: ['N', 3, 100_000, 100_000] },
      {},
      'backbone-input-unsupported',
      'height of 100000 pixels; at most 2048',
    ],
    [
      'a size that is given and has a digit too many',
      { dimensions: ['N', 3, 'H', 'W'] },
      { size: { height: 224, width: 2240 } },
      'backbone-input-unsupported',
      'width of 2240 pixels; at most 2048',
    ],
    ['an opset without the operators of a head', { opset: 6 }, {}, 'backbone-ops-unsupported', 'from 7 on'],
    ['an opset that is not known yet', { opset: 99 }, {}, 'backbone-ops-unsupported', 'opset'],
    ['a value that is not there', {}, { output: 'pool' }, 'backbone-output-unsupported', '"pool"'],
    [
      'a number a picture',
      { nodes: [foreignNode('ReduceMean', ['image'], 'map', { axes: [1, 2, 3], keepdims: 0 })] },
      {},
      'backbone-output-unsupported',
      '[2]',
    ],
    [
      'a sequence of vectors',
      { nodes: [foreignNode('ReduceMean', ['image'], 'map', { axes: [3], keepdims: 0 })] },
      {},
      'backbone-output-unsupported',
      '[2, 3, 16]',
    ],
    [
      'a map that has not the proportions of the picture',
      {
        nodes: [
          foreignNode('ReduceMean', ['image'], 'gray', { axes: [1] }),
          foreignNode('Transpose', ['gray'], 'map', { perm: [0, 2, 1, 3] }),
        ],
      },
      {},
      'backbone-output-unsupported',
      '[2, 16, 1, 16]',
    ],
    [
      'a graph that does not fit together',
      { nodes: [foreignNode('Conv', ['image', 'classifier'], 'map')] },
      {},
      'backbone-unreadable',
      'ONNX Runtime cannot load',
    ],
    [
      'a size that the graph cannot take',
      { dimensions: ['N', 3, 'H', 'W'], nodes: [foreignNode('MatMul', ['image', 'classifier'], 'map')] },
      { size: { height: 16, width: 16 } },
      'backbone-input-unsupported',
      'cannot be run on a float32 input [2, 3, 16, 16]',
    ],
    [
      'answers that depend on the batch',
      {
        nodes: [
          foreignNode('GlobalAveragePool', ['image'], 'mean'),
          foreignNode('Flatten', ['mean'], 'vector', { axis: 1 }),
          foreignNode('Softmax', ['vector'], 'map', { axis: 0 }),
        ],
      },
      {},
      'backbone-output-unsupported',
      'model.eval()',
    ],
    [
      'ranges of whole batches, as of dynamic quantization',
      {
        nodes: [
          foreignNode('Conv', ['image', 'fovea_features'], 'conv', { kernel_shape: [3, 3] }),
          foreignNode('GlobalAveragePool', ['conv'], 'mean'),
          {
            ...foreignNode('DynamicQuantizeLinear', ['mean'], 'bytes'),
            output: ['bytes', 'scale', 'zero'],
          },
          foreignNode('DequantizeLinear', ['bytes', 'scale', 'zero'], 'again'),
          foreignNode('Flatten', ['again'], 'map'),
        ],
      },
      {},
      'backbone-output-unsupported',
      'statically quantized',
    ],
    [
      'answers that are no numbers',
      {
        nodes: [foreignNode('Sub', ['image', 'image'], 'zero'), foreignNode('Div', ['zero', 'zero'], 'map')],
      },
      {},
      'backbone-output-unsupported',
      'not finite',
    ],
    ['a name that is a path', {}, { name: '../mine' }, 'backbone-name-invalid', 'cannot be the name'],
    [
      'color statistics of gray pictures',
      { dimensions: ['N', 1, size, size], nodes: [foreignNode('Relu', ['image'], 'map')] },
      { preprocessing: 'torch' },
      'preprocessing-unsupported',
      '3 channels',
    ],
  ])('%s', async (_, options, request, code, text) => {
    await expect(importForeign(request, options)).rejects.toThrow(refused(code, text));
    expect(await store.head(keys.backbone('mine'))).toBeUndefined();
  });

  it.each([
    ['float16', foreignNode('Cast', ['image'], 'map', { to: 10 })],
    ['float64', foreignNode('Cast', ['image'], 'map', { to: 11 })],
    ['bfloat16', foreignNode('Cast', ['image'], 'map', { to: 16 })],
    ['int64', foreignNode('ArgMax', ['image'], 'map', { axis: 1 })],
    ['no tensor', foreignNode('SequenceConstruct', ['image', 'image'], 'map')],
  ])('features of %s', async (type, node) => {
    await expect(importForeign({}, { nodes: [node] })).rejects.toThrow(
      refused('backbone-output-unsupported', `The output is of ${type}; features must be float32`),
    );
  });

  it('files of more than protobuf holds', () => {
    expect(() => checkBackboneSize(MAX_BACKBONE_BYTES)).not.toThrow();
    expect(() => checkBackboneSize(MAX_BACKBONE_BYTES + 1)).toThrow(refused('backbone-too-large', '2 GiB'));
  });
});

describe('a stored backbone', () => {
  it('is suggested where its name is mistyped', async () => {
    await expect(readBackbone(store, 'mine')).rejects.toThrow(refused('backbone-not-found', 'none yet'));
    await importForeign();
    await expect(readBackbone(store, 'mime')).rejects.toThrow(refused('backbone-not-found', '"mine"'));
  });

  it('is refused where its file has changed or is gone', async () => {
    const { backbone } = await importForeign();
    const key = keys.backboneFile('mine', backbone.sha256);
    await store.put(key, 'other bytes');
    await expect(loadBackboneFile(store, backbone)).rejects.toThrow(refused('backbone-corrupt', 'sha256'));
    await store.delete(key);
    await expect(loadBackboneFile(store, backbone)).rejects.toThrow(refused('backbone-corrupt', 'missing'));
  });
});
