// An executor whose batches are on the device already: the same programs, with a variable in the place of their pictures. So the time
// of a step is that of the device, without the upload.

import type { Executor } from '../../batch-job/tensorflow/executor/executor.ts';
import type { Program } from '../../batch-job/tensorflow/program/program.ts';
import { rewriteProgram } from '../../batch-job/tensorflow/program/rewrite-program.ts';

const NAME = 'resident/images';

/**
 * Wraps an executor so that every step and every prediction uses the same resident pictures, whatever it is given.
 * @param images Preprocessed pictures, `[batch, height, width, channels]`.
 */
export function withResidentImages(
  executor: Executor,
  images: Float32Array,
  shape: readonly number[],
): Executor {
  const variable = { name: NAME, shape };
  const place = (program: Program) =>
    rewriteProgram(program, {}, (input) => (input === 'images' ? variable : undefined));
  return {
    createSession: ({ variables, programs, batchSize, initial }) =>
      executor.createSession({
        variables: [...variables, variable],
        programs: Object.fromEntries(
          Object.entries(programs).map(([name, write]) => [name, () => place(write(batchSize))]),
        ),
        batchSize,
        initial: new Map([...initial, [NAME, images]]),
      }),
    numTensors: () => executor.numTensors(),
  };
}
