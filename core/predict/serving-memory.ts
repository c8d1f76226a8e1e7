// Whether a model fits the memory of the server that shall answer with it. Knows neither who sets that memory nor how.

import { FoveaError } from '../errors/errors.ts';
import type { Manifest, OnnxFile } from '../model/manifest.ts';
import { sessionBytes } from './session-bytes.ts';

/** The memory of a server, and how it gets more. */
export interface ServingMemory {
  readonly bytes: number;
  /** That of models that stay loaded. One that alone takes more stays until another is needed. */
  readonly keptBytes: number;
  /** How an operator gives a server so much memory: `deploy with -c fovea:functionMemory=3072`. */
  readonly give: (bytes: number) => string;
}

const MIB = 1024 * 1024;
/** The program itself and a picture that is being decoded. */
const OWN_BYTES = 200 * MIB;
const inMib = (bytes: number) => `${Math.ceil(bytes / MIB)} MiB`;

/** While a model is loaded, its file is in memory beside its session. */
const loadingBytes = ({ sizeBytes }: OnnxFile, { input }: Pick<Manifest, 'input'>) =>
  OWN_BYTES + sizeBytes + sessionBytes(sizeBytes, input);

/**
 * Refuses a model that a server could never load: without that, the process would be killed at each prediction.
 * @param onnx the file that is loaded. Default: the model itself.
 * @throws {FoveaError} `model-needs-memory`.
 */
export function assertLoadable(manifest: Manifest, memory: ServingMemory, onnx: OnnxFile = manifest.onnx) {
  const needed = loadingBytes(onnx, manifest);
  if (needed <= memory.bytes) return;
  throw new FoveaError(
    'model-needs-memory',
    `Version "${manifest.version}" of model "${manifest.model}" needs ${inMib(needed)} of memory while it is loaded, and the server has ` +
      `${inMib(memory.bytes)}. Ask whoever runs it to ${memory.give(needed)}, or train a smaller network.`,
    { param: 'version', details: { needed_bytes: needed, memory_bytes: memory.bytes } },
  );
}

/** What to know of a model that fits, but not beside others; undefined where there is nothing. */
export function warnOfMemory(
  { model, version, onnx, input }: Manifest,
  { bytes, keptBytes, give }: ServingMemory,
): string | undefined {
  const session = sessionBytes(onnx.sizeBytes, input);
  if (session <= keptBytes) return undefined;
  return (
    `Version "${version}" of model "${model}" takes ${inMib(session)} of memory, and the server keeps ${inMib(keptBytes)} for models. It stays ` +
    `loaded alone: after a prediction with another model, it is loaded anew, which takes seconds. To keep it beside others, ${give(
      Math.ceil((session * bytes) / keptBytes),
    )}.`
  );
}
