// Models in a browser: tf.loadLayersModel in Chromium loads what the API serves, and answers as ONNX Runtime does.

import path from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitModel } from '../../../core/model/commit-model.ts';
import { ONNX_FILE } from '../../../core/model/manifest.ts';
import { companionFiles, describeOnnx } from '../../../core/model/model-files.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { toOnnx } from '../../../core/network/onnx/to-onnx.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { type RunningServer, startServer } from '../../../functions/node.ts';
import { CHROMIUM_ARGS, findChromium, NO_CHROMIUM } from '../../support/find-chromium.ts';
import { maxDifference } from '../../support/keras-golden.ts';
import { livelyWeights } from '../../support/lively-weights.ts';
import { randomValues } from '../../support/random-weights.ts';
import { runOnnx } from '../../support/run-onnx.ts';
import { createTestApp } from '../../support/test-app.ts';

const executablePath = findChromium();
if (executablePath === undefined) console.log(NO_CHROMIUM);

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** TensorFlow.js as one script that leaves `predict` on the page. */
const PROGRAM = `
  import * as tf from '@tensorflow/tfjs-core';
  import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
  import { loadLayersModel } from '@tensorflow/tfjs-layers';
  globalThis.predict = async (url, shape, values) => {
    setWasmPaths('/wasm/');
    await tf.setBackend('wasm');
    const model = await loadLayersModel(url);
    const output = tf.tidy(() => model.predict(tf.tensor4d(values, shape)));
    return { backend: tf.getBackend(), values: [...await output.data()] };
  };
`;

const bundle = async () => {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
};

function buildNetwork(name: string) {
  const { build: buildIt, defaultInputSize, preprocessing } = findArchitecture(name);
  const network = buildIt({ inputSize: defaultInputSize, classes: 4 });
  return { network, input: { ...defaultInputSize, preprocessing, resize: 'stretch' as const } };
}

describe.skipIf(executablePath === undefined)('models in Chromium', () => {
  const store = createMemoryStore();
  let browser: Browser;
  let server: RunningServer;
  let page: Page;

  beforeAll(async () => {
    server = await startServer({ app: createTestApp({ store }).app, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch({ executablePath: executablePath as string, args: CHROMIUM_ARGS });
    // The script is the test's own, not the page's.
    page = await browser.newPage({ bypassCSP: true });
    await page.route('**/wasm/*', (route) =>
      route.fulfill({
        path: path.join(
          ROOT,
          'node_modules/@tensorflow/tfjs-backend-wasm/dist',
          path.basename(new URL(route.request().url()).pathname),
        ),
        contentType: 'application/wasm',
      }),
    );
    await page.goto(server.url);
    await page.addScriptTag({ content: await bundle() });
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it.each(['small_cnn', 'mobilenet_v2_0.35'])('answers with %s as ONNX Runtime does', async (name) => {
    const { network, input } = buildNetwork(name);
    const shape = [1, input.height, input.width, input.channels];
    const picture = randomValues(input.height * input.width * input.channels, 3).map((value) => value / 2);
    const weights = await livelyWeights(network, 7, picture, shape);
    const onnx = toOnnx(network, weights);
    const { files } = companionFiles(network, weights);
    await commitModel(
      store,
      {
        formatVersion: 1,
        model: name,
        version: '1',
        createdAt: 0,
        jobId: 'import-1',
        architecture: name,
        dataset: null,
        labels: ['a', 'b', 'c', 'd'],
        input,
        onnx: describeOnnx(ONNX_FILE, onnx),
        metrics: { testAccuracy: null, testCount: 0 },
      },
      new Map<string, Uint8Array>([[ONNX_FILE, onnx], ...files]),
    );
    const expected = (await runOnnx(onnx, picture, shape)).get('probabilities')?.values ?? new Float32Array();
    const call = `predict(${JSON.stringify(`/v1/models/${name}:1/files/tfjs-model.json`)}, ${JSON.stringify(shape)}, `;
    const answer = (await page.evaluate(`${call}new Float32Array(${JSON.stringify([...picture])}))`)) as {
      readonly backend: string;
      readonly values: readonly number[];
    };
    const difference = maxDifference(Float32Array.from(answer.values), [...expected]);
    console.info(
      `${name} in Chromium (${answer.backend}): largest difference ${difference.toExponential(2)} of ${answer.values.map((p) => p.toFixed(3)).join(', ')}`,
    );
    expect(answer.values).toHaveLength(4);
    expect(difference).toBeLessThan(1e-4);
  });

  it('downloads every file of a version but the bookkeeping', async () => {
    const get = (file: string) => fetch(`${server.url}/v1/models/small_cnn/files/${file}`);
    const weights = await get('tfjs-weights.bin');
    const length = Number(weights.headers.get('content-length'));
    expect((await weights.arrayBuffer()).byteLength).toBe(length);
    expect(((await (await get('manifest.json')).json()) as { model: string }).model).toBe('small_cnn');
    for (const file of ['claim.json', 'absent.bin', '..%2Faliases%2Flatest.json']) {
      const response = await get(file);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([404, 'model-file-not-found']);
      expect(error.message).toContain(
        'heatmap.onnx, manifest.json, model.onnx, preprocess.cpp, preprocess.mjs, preprocess.py, preprocessing-check.npy, ' +
          'preprocessing-check.png, preprocessing.json, tfjs-model.json, tfjs-weights.bin',
      );
    }
  });
});
