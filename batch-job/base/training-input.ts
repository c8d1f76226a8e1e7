// The input contract of what a job trains. Training, the choice of a base and serving all go by it.

import type { Framing, ModelInput } from '../../core/image/model-input.ts';
import type { InputSize } from '../../core/network/description/network.ts';
import type { Base } from './base.ts';

/** The contract. @param framing from decideFraming. */
export const trainingInput = (
  base: Pick<Base, 'preprocessing'>,
  inputSize: InputSize,
  framing: Framing,
): ModelInput => ({
  ...inputSize,
  preprocessing: base.preprocessing,
  ...framing,
});
