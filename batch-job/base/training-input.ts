// The input contract of what a job trains. Training, the choice of a base and serving all go by it.

import type { ModelInput } from '../../core/image/model-input.ts';
import type { InputSize } from '../../core/network/description/network.ts';
import type { Base } from './base.ts';

/** The contract. Pictures are not cropped, because a class may be recognized by something at the edge. */
export const trainingInput = (base: Pick<Base, 'preprocessing'>, inputSize: InputSize): ModelInput => ({
  ...inputSize,
  preprocessing: base.preprocessing,
  resize: 'stretch',
});
