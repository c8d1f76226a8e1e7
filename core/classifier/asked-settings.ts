// What whoever imports a classifier says of it. All of it is optional: what the files tell need not be said.

import type { AskedFraming, Preprocessing } from '../image/model-input.ts';
import type { ColorOrder, FinalActivation } from '../network/onnx/classifier-ends.ts';
import type { Layout } from '../network/onnx/export-context.ts';

/** Settings of an import, as they are asked for. */
export interface AskedSettings extends AskedFraming {
  /** Names of the classes in the order of the output. */
  readonly labels?: readonly string[] | undefined;
  readonly layout?: Layout | undefined;
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  readonly colorOrder?: ColorOrder | undefined;
  /** What is still to be applied to the output. */
  readonly activation?: FinalActivation | undefined;
  /** Name of the output with the scores. */
  readonly output?: string | undefined;
}
