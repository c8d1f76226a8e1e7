// The variables of a trainer: the network's weights, their EMA and the optimizer's slots. First values, weights
// as they are read and replaced, and what a state keeps of them.

import { FoveaError } from '../../../core/errors/errors.ts';
import type { NetworkWeights } from '../../../core/network/description/network.ts';
import { present } from '../../../core/present.ts';
import { FORMATS } from '../../../core/storage/formats.ts';
import type { Session } from '../executor/executor.ts';
import { elementCount, type VariableSpec } from '../program/program.ts';
import type { TrainerState } from './engine.ts';
import { firstLossScale } from './loss-scale.ts';
import { ACCUMULATOR_SLOT, AVERAGE_SLOT, type TrainingPrograms } from './training-programs.ts';

/** Which variables a trainer has. */
export type VariablePlan = Pick<TrainingPrograms, 'variables' | 'weightNames' | 'trainedNames'>;

const AVERAGE = `/${AVERAGE_SLOT}`;

const isAccumulator = ({ name }: VariableSpec): boolean => name.endsWith(`/${ACCUMULATOR_SLOT}`);

/**
 * First values: the weights as given, averages equal to their weights, other slots 0, and those of loss scaling.
 *
 * @throws {FoveaError} `weights-invalid` where a weight is missing or of another size.
 */
export function initialVariables(plan: VariablePlan, weights: NetworkWeights): Map<string, Float32Array> {
  const own = new Set(plan.weightNames);
  return new Map(
    plan.variables.map((spec) => {
      const { name } = spec;
      if (own.has(name)) return [name, checkedWeight(spec, weights.get(name))];
      if (name.endsWith(AVERAGE))
        return [name, checkedWeight(spec, weights.get(name.slice(0, -AVERAGE.length)))];
      return [name, new Float32Array(elementCount(spec.shape)).fill(firstLossScale(name) ?? 0)];
    }),
  );
}

function checkedWeight(spec: VariableSpec, data: Float32Array | undefined): Float32Array {
  const size = elementCount(spec.shape);
  if (data?.length === size) return data;
  throw new FoveaError(
    'weights-invalid',
    data === undefined
      ? `The weight "${spec.name}" of shape [${spec.shape.join(', ')}] is missing.`
      : `The weight "${spec.name}" has ${data.length} values; its shape [${spec.shape.join(', ')}] takes ${size}.`,
  );
}

/** The network's weights, moving statistics included; the moving average of a weight that has one. */
export async function readWeights(session: Session, plan: VariablePlan): Promise<Map<string, Float32Array>> {
  const variables = await session.readVariables();
  return new Map(
    plan.weightNames.map((name) => [
      name,
      present(variables.get(name + AVERAGE) ?? variables.get(name), `a value of the weight "${name}"`),
    ]),
  );
}

/**
 * Replaces weights by name, and their EMA with them.
 *
 * @throws {FoveaError} `weights-invalid` for a name that the network does not have, or a value of another size.
 */
export async function writeWeights(
  session: Session,
  plan: VariablePlan,
  weights: NetworkWeights,
): Promise<void> {
  const specs = new Map(plan.variables.map((spec) => [spec.name, spec]));
  const own = new Set(plan.weightNames);
  const values = new Map<string, Float32Array>();
  for (const [name, data] of weights) {
    const spec = specs.get(name);
    if (spec === undefined || !own.has(name))
      throw new FoveaError('weights-invalid', `The network has no weight "${name}".`);
    values.set(name, checkedWeight(spec, data));
    if (specs.has(name + AVERAGE)) values.set(name + AVERAGE, data);
  }
  await session.writeVariables(values);
}

/** The variables that a state keeps: all but the accumulators, as the micro-batch size may change before it is restored. */
export async function readState(session: Session, plan: VariablePlan): Promise<Map<string, Float32Array>> {
  const variables = await session.readVariables();
  for (const spec of plan.variables) if (isAccumulator(spec)) variables.delete(spec.name);
  return variables;
}

/**
 * Replaces all variables by those of a state. Loss scaling begins anew where the state is of a run without, and ends where
 * this run is without: an attempt on another machine may compute in another type.
 *
 * @throws {FoveaError} `trainer-state-invalid` where the state is of another network, optimizer or seed.
 */
export async function writeState(
  session: Session,
  plan: VariablePlan,
  state: TrainerState,
  seed: number,
): Promise<void> {
  if (state.formatVersion !== FORMATS.trainerState.version)
    throw invalid(
      `its format version is ${String(state.formatVersion)}, not ${FORMATS.trainerState.version}`,
    );
  if (state.seed !== seed) throw invalid(`its seed is ${state.seed}, this run's ${seed}`);
  const kept = new Map<string, Float32Array>();
  for (const spec of plan.variables) {
    if (!isAccumulator(spec)) kept.set(spec.name, stateOf(spec, state));
  }
  refuseUnknown(state, kept, plan);
  await session.writeVariables(kept);
}

function stateOf({ name, shape }: VariableSpec, { variables }: TrainerState): Float32Array {
  const first = firstLossScale(name);
  const found = variables.get(name) ?? (first === undefined ? undefined : Float32Array.of(first));
  if (found === undefined) throw invalid(`it has no variable "${name}"`);
  if (found.length !== elementCount(shape))
    throw invalid(`"${name}" has ${found.length} values for [${shape.join(', ')}]`);
  return found;
}

/** Fewer layers may learn than when the state was taken: slots of the others have no use any more, and are no fault. */
function refuseUnknown(
  { variables }: TrainerState,
  known: ReadonlyMap<string, unknown>,
  { weightNames, trainedNames }: VariablePlan,
): void {
  const frozen = weightNames.filter((name) => !trainedNames.includes(name));
  for (const name of variables.keys()) {
    const isSpare = frozen.some((weight) => name.startsWith(`${weight}/`));
    if (!known.has(name) && !isSpare && firstLossScale(name) === undefined)
      throw invalid(`it has a variable "${name}" that this run has not`);
  }
}

const invalid = (problem: string) =>
  new FoveaError(
    'trainer-state-invalid',
    `The state cannot be restored: ${problem}. Start from the weights instead.`,
  );
