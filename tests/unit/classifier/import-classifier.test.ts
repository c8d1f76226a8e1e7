// Exports of other programs become models: what they answer, and what is asked for where the files do not tell.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readBackbone } from '../../../core/backbone/backbone.ts';
import { filesOfBytes, filesOfFolder } from '../../../core/classifier/classifier-files.ts';
import {
  type ImportClassifierRequest,
  importClassifier,
} from '../../../core/classifier/import-classifier.ts';
import { type ServingFacts, withServingFacts } from '../../../core/model/serving-facts.ts';
import { decodeModel, encodeModel, withMetadata } from '../../../core/network/onnx/onnx-schema.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { FOREIGN_SIZE, type ForeignOptions, foreignModel, foreignNode } from '../../support/foreign-onnx.ts';
import { formulaPictures } from '../../support/formula-pictures.ts';
import { importAndCompare, readAnswers, servedScores } from '../../support/imported-answers.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/imports');
const LABELS = ['Ripe banana', 'Green banana', 'No banana'];
const SEVEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const TOLERANCE = 1e-4;

const importOnnx = async (
  onnx: Uint8Array,
  request: Partial<ImportClassifierRequest> = {},
  store = createMemoryStore(),
) => {
  const files = filesOfBytes('mine.onnx', onnx);
  return {
    store,
    ...(await importClassifier({ store, now: () => 0 }, { model: 'mine', files, ...request })),
  };
};

/** `scores` of seven classes, without softmax. */
const foreign = (options: ForeignOptions = {}) => foreignModel({ output: 'scores', ...options });

const scoresOf = async (onnx: Uint8Array, request: Partial<ImportClassifierRequest>) => {
  const { store } = await importOnnx(onnx, { labels: SEVEN, preprocessing: 'unit', ...request });
  return servedScores(store, 'mine', (await formulaPictures(FOREIGN_SIZE)).slice(0, 3));
};

/** The foreign model with nodes in front of its first layer. */
function startingWith(
  operators: readonly [opType: string, constant: number][],
  layout: 'nchw' | 'nhwc' = 'nchw',
) {
  const model = decodeModel(
    foreign({
      inputs: ['pixels'],
      dimensions: layout === 'nchw' ? ['N', 3, 'h', 'w'] : ['N', 'h', 'w', 'c'],
    }),
  );
  const constants = operators.map(([, value], i) => ({
    name: `c${i}`,
    dataType: 1,
    dims: [],
    rawData: new Uint8Array(Float32Array.of(value).buffer),
  }));
  const last = layout === 'nchw' ? 'image' : 'turned';
  const chain = operators.map(([opType], i) =>
    foreignNode(
      opType,
      [i === 0 ? 'pixels' : `v${i - 1}`, `c${i}`],
      i === operators.length - 1 ? last : `v${i}`,
    ),
  );
  const turn =
    layout === 'nchw' ? [] : [foreignNode('Transpose', ['turned'], 'image', { perm: [0, 3, 1, 2] })];
  return encodeModel({
    ...model,
    graph: {
      ...model.graph,
      node: [...chain, ...turn, ...model.graph.node],
      initializer: [...model.graph.initializer, ...constants],
    },
  });
}

describe('importClassifier', () => {
  it.each(['teachable', 'custom-vision', 'roboflow'])(
    'answers as the program does that the export is from: %s',
    async (name) => {
      const folder = path.join(FIXTURES, name);
      const { manifest, difference } = await importAndCompare(
        await filesOfFolder(folder),
        await readAnswers(folder),
      );
      expect(manifest.labels).toEqual(LABELS);
      expect(difference).toBeLessThan(TOLERANCE);
    },
  );

  it('reads the same files from a zip archive with a folder of its own', async () => {
    const folder = path.join(FIXTURES, 'teachable');
    const [model, labels] = await Promise.all(
      ['keras_model.h5', 'labels.txt'].map((name) => readFile(path.join(folder, name))),
    );
    const archive = zipSync({
      'converted_keras/keras_model.h5': model as Buffer,
      'converted_keras/labels.txt': labels as Buffer,
      '__MACOSX/converted_keras/._labels.txt': new Uint8Array(3),
    });
    const { manifest, difference } = await importAndCompare(
      filesOfBytes('converted_keras.zip', archive),
      await readAnswers(folder),
    );
    expect(manifest).toMatchObject({
      labels: LABELS,
      architecture: 'keras',
      input: { height: 32, width: 32, preprocessing: 'tf', resize: 'cover' },
      heatmap: { file: 'heatmap.onnx' },
    });
    expect(manifest.input.crop).toBeUndefined();
    expect(difference).toBeLessThan(TOLERANCE);
  });

  it('takes the input of the last dense layer as a backbone', async () => {
    const { backbone, store } = await importOnnx(foreign(), {
      labels: SEVEN,
      preprocessing: 'unit',
      backbone: 'features',
    });
    expect(backbone).toBe('onnx:features');
    expect(await readBackbone(store, 'features')).toMatchObject({
      features: 5,
      source: { output: 'vector' },
    });
  });

  it('asks for the preprocessing, and says what it has read', async () => {
    await expect(importOnnx(foreign(), { labels: SEVEN })).rejects.toMatchObject({
      code: 'model-setting-needed',
      param: 'preprocessing',
      message: expect.stringMatching(
        /unit \(0 to 1\).*layout nchw \(the shape of the input\), size \{"height":16,"width":16\}/,
      ),
    });
  });

  it('takes all that Fovea itself has written into a file, and writes it again', async () => {
    const facts: ServingFacts = {
      labels: SEVEN,
      input: {
        height: FOREIGN_SIZE,
        width: FOREIGN_SIZE,
        channels: 3,
        preprocessing: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4], order: 'bgr' },
        resize: 'contain',
        padding: [10, 20, 30],
        decoding: 2,
      },
      calibration: { temperature: 1.7, rejectionThreshold: 0.25 },
    };
    const pictures = (await formulaPictures(2 * FOREIGN_SIZE)).slice(0, 3);
    // The first import brings the graph to the served form.
    const { store: first, manifest: form } = await importOnnx(foreign(), {
      labels: SEVEN,
      preprocessing: 'unit',
    });
    const served = (await first.get(keys.modelFile('mine', form.version, 'model.onnx')))?.body;
    const own = await importOnnx(withServingFacts(served as Uint8Array, facts));
    expect(own.manifest).toMatchObject(facts);
    const written = (await own.store.get(keys.modelFile('mine', '1', 'model.onnx')))?.body;
    const again = await importOnnx(written as Uint8Array);
    expect(again.manifest).toMatchObject(facts);
    expect(await servedScores(again.store, 'mine', pictures)).toEqual(
      await servedScores(own.store, 'mine', pictures),
    );
    const asked = await importOnnx(written as Uint8Array, { preprocessing: 'tf', resize: 'stretch' });
    expect(asked.manifest.input).toMatchObject({ preprocessing: 'tf', resize: 'stretch' });
  });

  it('asks where what a file says of itself is not what Fovea writes', async () => {
    const odd = withMetadata(foreign(), [{ key: 'fovea', value: '{"format":1,"labels":[]}' }]);
    await expect(importOnnx(odd, { labels: SEVEN })).rejects.toMatchObject({ param: 'preprocessing' });
  });

  it('asks for labels, and refuses another number of them', async () => {
    await expect(importOnnx(foreign(), { preprocessing: 'unit' })).rejects.toMatchObject({
      code: 'model-setting-needed',
      param: 'labels',
    });
    await expect(importOnnx(foreign(), { preprocessing: 'unit', labels: ['a', 'b'] })).rejects.toMatchObject({
      code: 'labels-invalid',
      details: { received: 2, allowed: 7 },
    });
  });

  it('applies softmax to logits, and nothing to probabilities', async () => {
    const inside = foreign({ output: 'probabilities', nodes: [] });
    const model = decodeModel(foreign());
    const withSoftmax = encodeModel({
      ...model,
      graph: {
        ...model.graph,
        node: [...model.graph.node, foreignNode('Softmax', ['scores'], 'probabilities', { axis: 1 })],
        output: decodeModel(inside).graph.output,
      },
    });
    const [outside, within] = await Promise.all([scoresOf(foreign(), {}), scoresOf(withSoftmax, {})]);
    expect(outside[0]?.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
    expect(within).toEqual(outside);
  });

  it('swaps red and blue where the colors come in the other order', async () => {
    const [rgb, bgr] = await Promise.all([
      scoresOf(foreign(), { colorOrder: 'rgb' }),
      scoresOf(foreign(), { colorOrder: 'bgr' }),
    ]);
    expect(bgr).not.toEqual(rgb);
  });

  it.each([
    { shown: 'a division by 255', operators: [['Div', 255]], preprocessing: 'none' },
    {
      shown: 'bytes to -1 to 1',
      operators: [
        ['Sub', 127.5],
        ['Mul', 1 / 127.5],
      ],
      preprocessing: 'none',
    },
    { shown: 'a mean of bytes', operators: [['Sub', 103.9]], preprocessing: 'none' },
    {
      shown: '0 to 1 to -1 to 1',
      operators: [
        ['Mul', 2],
        ['Sub', 1],
      ],
      preprocessing: 'unit',
    },
    {
      shown: 'a mean and deviation',
      operators: [
        ['Sub', 0.45],
        ['Div', 0.22],
      ],
      preprocessing: 'unit',
    },
  ] as const)('reads the preprocessing off the graph: $shown', async ({ operators, preprocessing }) => {
    const { manifest } = await importOnnx(startingWith(operators.map(([a, b]) => [a, b])), {
      labels: SEVEN,
      size: { height: 16, width: 16 },
    });
    expect(manifest.input).toMatchObject({ preprocessing, height: 16, width: 16, channels: 3 });
  });

  it('reads the layout off the graph where all sides are open', async () => {
    const request = { labels: SEVEN, size: { height: 16, width: 16 } };
    const { facts } = await importOnnx(startingWith([['Div', 255]], 'nhwc'), request);
    expect(facts.get('layout')).toBe('nhwc (the first layers of the graph)');
  });

  it('takes bytes, which it casts', async () => {
    const model = decodeModel(startingWith([['Div', 255]]));
    const [input] = model.graph.input;
    const bytes = encodeModel({
      ...model,
      graph: {
        ...model.graph,
        node: [foreignNode('Cast', ['raw'], 'pixels', { to: 1 }), ...model.graph.node],
        input: [
          {
            name: 'raw',
            type: { tensorType: { ...input?.type.tensorType, elemType: 2 } },
          },
        ],
      },
    });
    const asked = { size: { height: 16, width: 16 }, preprocessing: undefined };
    expect(await scoresOf(bytes, asked)).toEqual(await scoresOf(startingWith([['Div', 255]]), asked));
    // Another preprocessing cannot be applied, so it is not left out silently.
    await expect(scoresOf(bytes, { ...asked, preprocessing: 'torch' })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/input is uint8.*preprocessing torch was asked for/),
    });
    expect(await scoresOf(bytes, { ...asked, preprocessing: 'none' })).toHaveLength(3);
  });

  it('takes one sigmoid for two classes, the second of which it tells', async () => {
    const model = decodeModel(foreign());
    const one = foreignNode('Sigmoid', ['mean_score'], 'yes');
    const mean = foreignNode('ReduceMean', ['scores'], 'mean_score', { axes: [1], keepdims: 1 });
    const binary = encodeModel({
      ...model,
      graph: {
        ...model.graph,
        node: [...model.graph.node, mean, one],
        output: [{ name: 'yes', type: { tensorType: { elemType: 1 } } }],
      },
    });
    const [[no = 0, yes = 0] = []] = await scoresOf(binary, { labels: ['no', 'yes'] });
    expect(no + yes).toBeCloseTo(1, 6);
    expect(yes).toBeGreaterThan(0);
  });

  it('says of a graph that ends with ArgMax where the scores are', async () => {
    const model = decodeModel(foreign());
    const best = foreignNode('ArgMax', ['scores'], 'best', { axis: 1 });
    const onnx = encodeModel({
      ...model,
      graph: {
        ...model.graph,
        node: [...model.graph.node, best],
        output: [{ name: 'best', type: { tensorType: { elemType: 7 } } }],
      },
    });
    await expect(scoresOf(onnx, {})).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/"best" is the number of the best class \(ArgMax\).*output "scores"/),
    });
    expect(await scoresOf(onnx, { output: 'scores' })).toEqual(await scoresOf(foreign(), {}));
  });

  it('refuses labels that only look different to a computer', async () => {
    const labels = [...SEVEN.slice(2), 'caf\u00e9', 'cafe\u0301'];
    await expect(scoresOf(foreign(), { labels })).rejects.toMatchObject({
      code: 'labels-invalid',
      message: expect.stringContaining('labels 5 and 6'),
    });
  });

  it.each([
    [
      'opset',
      { opset: 99 },
      /^The model is of opset 99 of ai\.onnx, and opsets up to \d\d are read\. [^\n]+$/,
    ],
    [
      'format',
      { irVersion: 99 },
      /^The model is of IR version 99 of ONNX, and versions up to \d\d are read\. [^\n]+$/,
    ],
  ])('says in one line which versions of the %s are read', async (_, options, message) => {
    await expect(scoresOf(foreign(options), {})).rejects.toThrow(message);
  });

  it('refuses custom operators by name', async () => {
    const model = decodeModel(foreign());
    const custom = encodeModel({
      ...model,
      graph: {
        ...model.graph,
        node: [
          ...model.graph.node.slice(0, -1),
          foreignNode('MyOwnDense', ['vector', 'classifier'], 'scores'),
        ],
      },
    });
    await expect(importOnnx(custom, { labels: SEVEN, preprocessing: 'unit' })).rejects.toMatchObject({
      code: 'backbone-ops-unsupported',
      message: expect.stringMatching(/^(?!.*onnxruntime_src).*MyOwnDense/),
    });
  });

  it('refuses a fixed batch of more than one picture', async () => {
    await expect(
      importOnnx(foreign({ dimensions: [4, 3, 16, 16] }), { labels: SEVEN, preprocessing: 'unit' }),
    ).rejects.toMatchObject({ code: 'model-unsupported' });
  });

  it.each([
    ['model.tflite', 'keras'],
    ['saved_model.pb', 'tf2onnx'],
    ['weights.pt', 'torch.onnx.export'],
    ['notes.txt', 'keras_model.h5'],
  ])('says what to export instead of %s', async (name, advice) => {
    await expect(
      importClassifier(
        { store: createMemoryStore(), now: () => 0 },
        { model: 'mine', files: filesOfBytes(name, new Uint8Array(10)) },
      ),
    ).rejects.toMatchObject({
      code: 'model-files-invalid',
      message: expect.stringMatching(new RegExp(advice, 'i')),
    });
  });

  it('refuses models of Custom Vision that are no classifiers', async () => {
    const manifest = new TextEncoder().encode(
      '{"DomainType":"ObjectDetection","ModelFileName":"model.onnx"}',
    );
    const archive = zipSync({ 'model.onnx': foreign(), 'cvexport.manifest': manifest });
    await expect(
      importClassifier(
        { store: createMemoryStore(), now: () => 0 },
        { model: 'mine', files: filesOfBytes('x.zip', archive) },
      ),
    ).rejects.toMatchObject({ code: 'model-unsupported', details: { received: 'ObjectDetection' } });
  });
});
