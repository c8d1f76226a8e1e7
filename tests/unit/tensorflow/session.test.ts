// What a session promises on every executor: variables keep what programs assign, a caller's defects are errors that name
// them, and no tensor is left behind.

import { describe, expect, test } from 'vitest';
import { hasAddon, loadAddon } from '../../../batch-job/tensorflow/addon/addon.ts';
import type { Executor, SessionOptions } from '../../../batch-job/tensorflow/executor/executor.ts';
import { createGraphExecutor } from '../../../batch-job/tensorflow/graph/graph-executor.ts';
import { createEagerExecutor } from '../../../batch-job/tensorflow/native/eager-executor.ts';
import { createOnnxExecutor } from '../../../batch-job/tensorflow/onnx/onnx-executor.ts';
import { openWasm } from '../../../batch-job/tensorflow/portable/open-wasm.ts';
import { createPortableExecutor } from '../../../batch-job/tensorflow/portable/portable-executor.ts';
import { binary } from '../../../batch-job/tensorflow/program/ops.ts';
import { attr } from '../../../batch-job/tensorflow/program/program.ts';
import { createProgramBuilder } from '../../../batch-job/tensorflow/program/program-builder.ts';
import { nativeDirectory } from '../../../batch-job/tensorflow/setup/native-directory.ts';
import { cacheDirectory } from '../../../core/cache-directory.ts';

const SUM = { name: 'sum', shape: [2] };
const FACTOR = { name: 'factor', shape: [2] };

const OPTIONS: SessionOptions = {
  variables: [SUM, FACTOR],
  programs: {
    // Gives x * factor, and adds 1 to the sum.
    step(batch) {
      const b = createProgramBuilder();
      const x = b.input('x', [batch, 2]);
      b.output('product', binary(b, 'Mul', x, b.read(FACTOR)));
      b.assign('AssignAddVariableOp', [SUM], [b.constant([1, 1])], { dtype: attr.type('float32') });
      return b.build();
    },
  },
  batchSize: 2,
  initial: new Map([
    ['sum', Float32Array.of(0, 10)],
    ['factor', Float32Array.of(3, 5)],
  ]),
};

async function nativeExecutors(): Promise<Readonly<Record<string, Executor>>> {
  const directory = nativeDirectory(cacheDirectory(process.env), 'cpu');
  if (!hasAddon(directory, 'cpu')) {
    console.warn(`Skipped: native graph, native eager. The addon is not built (${directory}).`);
    return {};
  }
  const addon = loadAddon(directory, 'cpu');
  return {
    'native graph': createGraphExecutor(addon, { rewrites: {}, overlaps: false }),
    'native graph, overlapping': createGraphExecutor(addon, { rewrites: {}, overlaps: true }),
    'native eager': createEagerExecutor(addon, () => ({})),
  };
}

const EXECUTORS = Object.entries({
  'portable graph': createOnnxExecutor(await import('onnxruntime-node'), { threads: 1 }),
  'portable eager': createPortableExecutor(await openWasm()),
  ...(await nativeExecutors()),
});

const inputs = (...x: readonly number[]) => new Map([['x', Float32Array.from(x)]]);

describe.each(EXECUTORS)('a session, %s', (_, executor) => {
  test('runs programs for any batch, and variables keep what these assign', async () => {
    const before = executor.numTensors();
    const session = await executor.createSession(OPTIONS);
    const whole = await session.run('step', 2, inputs(1, 1, 2, 2));
    expect(whole).toEqual(new Map([['product', Float32Array.of(3, 5, 6, 10)]]));
    const last = await session.run('step', 1, inputs(1, 0));
    expect(last).toEqual(new Map([['product', Float32Array.of(3, 0)]]));
    await session.writeVariables(new Map([['factor', Float32Array.of(7, 8)]]));
    expect(await session.readVariables()).toEqual(
      new Map([
        ['sum', Float32Array.of(2, 12)],
        ['factor', Float32Array.of(7, 8)],
      ]),
    );
    session.dispose();
    expect(executor.numTensors()).toBe(before);
  });

  test('throws on names and sizes that it does not have, and goes on', async () => {
    const before = executor.numTensors();
    const session = await executor.createSession(OPTIONS);
    await expect(session.run('leap', 2, inputs(1, 1, 2, 2))).rejects.toThrow('Expected a program "leap"');
    await expect(session.run('step', 2, new Map())).rejects.toThrow(
      'Expected an input "x" of the program "step"',
    );
    await expect(session.run('step', 2, inputs(1, 1, 2))).rejects.toThrow(
      'input "x" of the program "step" has 3 values; its shape [2, 2] takes 4',
    );
    await expect(session.writeVariables(new Map([['mean', Float32Array.of(1)]]))).rejects.toThrow(
      'Expected a variable "mean"',
    );
    await expect(session.writeVariables(new Map([['sum', Float32Array.of(1)]]))).rejects.toThrow(
      'variable "sum" has 1 values; its shape [2] takes 2',
    );
    expect((await session.run('step', 1, inputs(1, 1))).get('product')).toEqual(Float32Array.of(3, 5));
    session.dispose();
    expect(executor.numTensors()).toBe(before);
  });

  test('throws on a variable without a first value of its size, and frees those made before', async () => {
    const before = executor.numTensors();
    const first = new Map([['sum', Float32Array.of(1, 2)]]);
    await expect(executor.createSession({ ...OPTIONS, initial: first })).rejects.toThrow(
      'Expected a first value of the variable "factor"',
    );
    const short = new Map([...first, ['factor', Float32Array.of(1)] as const]);
    await expect(executor.createSession({ ...OPTIONS, initial: short })).rejects.toThrow(
      'first value of the variable "factor" has 1 values; its shape [2] takes 2',
    );
    expect(executor.numTensors()).toBe(before);
  });
});
