// A network's forward pass in inference mode. Knows no back end; an executor runs the program.

import { FoveaError } from '../../../core/errors/errors.ts';
import { closedSizeOf, outputShape } from '../../../core/network/description/shapes.ts';
import type { Executor, ProgramWriter } from '../executor/executor.ts';
import type { InputData } from '../executor/input-data.ts';
import { networkVariables, toTensorFlow } from '../network/to-tensorflow.ts';
import { lowerPrecision } from '../program/lower-precision.ts';
import { elementCount } from '../program/program.ts';
import { createProgramBuilder } from '../program/program-builder.ts';
import { toTowers } from '../program/to-towers.ts';
import type { Forward, ForwardOptions } from './engine.ts';
import { appendViews } from './images-input.ts';
import { padSamples } from './pad-samples.ts';

/**
 * Loads a network and its weights into an executor. The caller disposes the result.
 *
 * @throws {FoveaError} `weights-invalid` where a weight is missing or of another size.
 */
export async function createForward(executor: Executor, options: ForwardOptions): Promise<Forward> {
  const { network, weights, batchSize, fixedBatches = false, precision = 'float32', towers = 1 } = options;
  const size = closedSizeOf(outputShape(network));
  const forward: ProgramWriter = (batch) => {
    const b = createProgramBuilder();
    const images = appendViews(b, batch, options);
    b.output('output', toTensorFlow(b, network, images, { training: false }).output);
    const program = b.build();
    return precision === 'float32'
      ? program
      : lowerPrecision(program, { type: precision, float32: new Set() });
  };
  const variables = networkVariables(network);
  const initial = new Map(
    variables.map(({ name, shape }) => {
      const data = weights.get(name);
      if (data?.length === elementCount(shape)) return [name, data];
      throw new FoveaError(
        'weights-invalid',
        `The weight "${name}" of shape [${shape.join(', ')}] has ${data?.length ?? 'no'} values.`,
      );
    }),
  );
  const session = await executor.createSession({
    variables,
    programs: { forward: toTowers(forward, towers) },
    batchSize,
    initial,
  });
  return {
    async run(images, count, drawn = new Map()) {
      const output = new Float32Array(count * size);
      const imageSize = images.length / count;
      for (let start = 0; start < count; start += batchSize) {
        const samples = Math.min(batchSize, count - start);
        const batch = images.subarray(start * imageSize, (start + samples) * imageSize);
        const padded = fixedBatches ? batchSize : samples;
        const inputs = new Map<string, InputData>();
        for (const [name, values] of [['images', batch] as const, ...drawn])
          inputs.set(name, padSamples(values, samples, padded));
        const outputs = await session.run('forward', padded, inputs);
        output.set((outputs.get('output') ?? new Float32Array()).subarray(0, samples * size), start * size);
      }
      return output;
    },
    dispose: () => session.dispose(),
  };
}
