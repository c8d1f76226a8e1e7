// Runs an imported ONNX file, to find out whether it loads and what it computes.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FoveaError } from '../errors/errors.ts';
import { hasExternalData } from '../network/onnx/external-data.ts';
import { present } from '../present.ts';
import { nameOfType } from './read-image-input.ts';

/** The output of one run. */
export interface ProbedOutput {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

/** The input of one run. */
export interface ProbeInput {
  /** Values of the shape `dims`, float32. */
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

/** Matches ONNX Runtime's messages about operators, or versions of them, that it does not know. */
const UNKNOWN_OPERATOR =
  /is not a registered function\/op|No Op registered for|Could not find an implementation for|\bopset\b/i;
/** Match ONNX Runtime's messages about versions of the format that it does not know yet: the file's, and the newest that it reads. */
const NEWER_OPSET = /Opset (\d+) is under development.*for domain (\S+) is till opset (\d+)/s;
const NEWER_FORMAT = /Unsupported model IR version: (\d+), max supported IR version: (\d+)/;
/** The place in ONNX Runtime's source with which a message may begin. */
const SOURCE_PLACE = /\/\S*onnxruntime\S*:\d+ .*?\) (?=[A-Z"'`])/s;
/** Matches its binding's message about an input or output whose type has no array in JavaScript; inputs are float32 here. */
const UNKNOWN_TYPE = /^Unsupported data type: (\d+)/;

/**
 * Computes the output for each of the inputs.
 *
 * @param onnx A model with one input and one output. It is not given to the runtime where its values are in other files, since a path
 * in it could name any file of this machine.
 * @throws {FoveaError} `backbone-external-data`, `backbone-ops-unsupported`, `backbone-unreadable`;
 * `backbone-input-unsupported` where it does not run on such inputs, `backbone-output-unsupported`.
 */
export async function probeModel(
  onnx: Uint8Array,
  inputs: readonly ProbeInput[],
): Promise<readonly ProbedOutput[]> {
  if (hasExternalData(onnx)) {
    throw new FoveaError(
      'backbone-external-data',
      "The model's weights are in other files (ONNX external data), which are not read. Export it into one file: " +
        'torch.onnx.export(…, external_data=False), or onnx.save_model(onnx.load(path), path, save_as_external_data=False).',
      { param: 'file' },
    );
  }
  const session = await openSession(onnx);
  try {
    const [output] = session.outputMetadata;
    if (output?.isTensor !== true) throw outputOfType('no tensor');
    if (output.type !== 'float32') throw outputOfType(output.type);
    const outputs: ProbedOutput[] = [];
    for (const { values, dims } of inputs) outputs.push(await run(session, values, dims));
    return outputs;
  } finally {
    await session.release();
  }
}

const outputOfType = (type: string, cause?: unknown) =>
  new FoveaError(
    'backbone-output-unsupported',
    `The output is of ${type}; features must be float32. Export the model in float32, or name another value with --output.`,
    { param: 'output', details: { received: type }, cause },
  );

/** A message in one line, without places in the runtime's source. */
const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .replace(SOURCE_PLACE, '')
    .replace(/\s+/g, ' ')
    .trim();

/** The error of a model in a version of the format that is not read; undefined for other messages. */
function newerFormat(message: string, cause: unknown): FoveaError | undefined {
  const [, opset, domain = '', newestOpset] = NEWER_OPSET.exec(message) ?? [];
  if (opset !== undefined)
    return new FoveaError(
      'backbone-ops-unsupported',
      `The model is of opset ${opset} of ${domain}, and opsets up to ${newestOpset} are read. Export it in one of those, e.g. ` +
        `torch.onnx.export(…, opset_version=${newestOpset}).`,
      { param: 'file', details: { received: Number(opset), allowed: Number(newestOpset) }, cause },
    );
  const [, format, newest] = NEWER_FORMAT.exec(message) ?? [];
  if (format === undefined) return undefined;
  return new FoveaError(
    'backbone-unreadable',
    `The model is of IR version ${format} of ONNX, and versions up to ${newest} are read. Write it with an earlier release of the onnx ` +
      `package, or set model.ir_version = ${newest} there before onnx.save.`,
    { param: 'file', details: { received: Number(format), allowed: Number(newest) }, cause },
  );
}

async function openSession(onnx: Uint8Array): Promise<InferenceSession> {
  try {
    // Its errors have what it would print.
    return await InferenceSession.create(onnx, { executionProviders: ['cpu'], logSeverityLevel: 4 });
  } catch (cause) {
    const message = messageOf(cause);
    const [, unknownType] = UNKNOWN_TYPE.exec(message) ?? [];
    if (unknownType !== undefined) throw outputOfType(nameOfType(Number(unknownType)), cause);
    const newer = newerFormat(message, cause);
    if (newer !== undefined) throw newer;
    if (UNKNOWN_OPERATOR.test(message)) {
      throw new FoveaError(
        'backbone-ops-unsupported',
        `The model has operators that ONNX Runtime does not know: ${message} Export it with the standard operators of ONNX, ` +
          'without custom ones, in an opset from 7 on.',
        { param: 'file', cause },
      );
    }
    throw new FoveaError(
      'backbone-unreadable',
      `ONNX Runtime cannot load the model: ${message} Check it with onnx.checker, and export it again.`,
      { param: 'file', cause },
    );
  }
}

async function run(
  session: InferenceSession,
  values: Float32Array,
  dims: readonly number[],
): Promise<ProbedOutput> {
  try {
    const inputName = present(session.inputNames[0], 'an input of the model');
    const outputName = present(session.outputNames[0], 'an output of the model');
    const results = await session.run({ [inputName]: new Tensor('float32', values, dims) });
    const output = results[outputName] as Tensor;
    return { values: (output.data as Float32Array).slice(), dims: output.dims };
  } catch (cause) {
    throw new FoveaError(
      'backbone-input-unsupported',
      `The model cannot be run on a float32 input [${dims.join(', ')}]: ${messageOf(cause)} Check --size and --layout; the ` +
        'batch must be open, as torch.onnx.export makes it with dynamic_shapes.',
      { param: 'size', details: { dims: [...dims] }, cause },
    );
  }
}
