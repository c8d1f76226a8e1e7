// Runs programs op by op in TensorFlow. For debugging, odd shapes, and networks too short-lived for a graph.

import { present } from '../../../core/present.ts';
import type { Addon, AddonAttribute } from '../addon/addon.ts';
import { downloadTensor, uploadTensor } from '../addon/tensors.ts';
import type { Executor, Session, SessionOptions } from '../executor/executor.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import {
  type OpDevice,
  type OpSequence,
  type RunTensors,
  runOpByOp,
  toOpSequence,
} from '../executor/run-op-by-op.ts';
import { createSession, type HeldVariable } from '../executor/session.ts';
import { createVariables, type Variables } from '../executor/variables.ts';
import { closedShape, type Op, type Program, type Value, type VariableSpec } from '../program/program.ts';
import { type RewriteRules, rewriteProgram } from '../program/rewrite-program.ts';
import { toAddonAttributes } from './addon-values.ts';

/** A variable as a resource of TensorFlow's. */
interface Resource extends HeldVariable {
  /** The tensor that holds its handle. */
  readonly handle: number;
}

/** Tensors are the addon's ids. */
interface Prepared extends OpSequence<number> {
  readonly attributes: ReadonlyMap<Op, readonly AddonAttribute[]>;
}

/**
 * An executor that runs op by op, on a loaded addon.
 *
 * @param rewrites Gives the rules, for one program, for what the device runs faster in other ops.
 */
export function createEagerExecutor(addon: Addon, rewrites: () => RewriteRules): Executor {
  let sessions = 0;
  return {
    async createSession(options) {
      return createEagerSession(addon, rewrites, `eager${sessions++}`, options);
    },
    numTensors: () => addon.getNumOfTensors(),
  };
}

function createEagerSession(
  addon: Addon,
  rewrites: () => RewriteRules,
  prefix: string,
  options: SessionOptions,
): Session {
  const resources = resourcesOf(addon, prefix);
  const variables = createVariables(options, resources);
  return createSession<Resource, Prepared>({
    variables,
    programs: createPreparedPrograms(
      options.programs,
      (program) => prepareProgram(addon, rewriteProgram(program, rewrites())),
      ({ constants }) => {
        for (const id of constants.values()) addon.deleteTensor(id);
      },
    ),
    run: (prepared, inputs) => runOpByOp(prepared, inputs, deviceOf(addon, prepared, variables)),
    read: (list) => list.map(resources.read),
    write(assignments) {
      for (const { variable, data } of assignments) resources.assign(variable, data);
    },
  });
}

/** @param prefix The beginning of the names by which TensorFlow knows the resources of a session. */
function resourcesOf(addon: Addon, prefix: string) {
  const dtype: AddonAttribute = { name: 'dtype', type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT };
  const assign = ({ spec, handle }: Resource, data: Float32Array): void => {
    const value = uploadTensor(addon, data, spec.shape);
    addon.executeOp('AssignVariableOp', [dtype], [handle, value], 0);
    addon.deleteTensor(value);
  };
  return {
    create(spec: VariableSpec, first: Float32Array): Resource {
      const attributes: readonly AddonAttribute[] = [
        dtype,
        { name: 'shape', type: addon.TF_ATTR_SHAPE, value: spec.shape },
        { name: 'shared_name', type: addon.TF_ATTR_STRING, value: `${prefix}/${spec.name}` },
        { name: 'container', type: addon.TF_ATTR_STRING, value: '' },
      ];
      const [handle] = addon.executeOp('VarHandleOp', attributes, [], 1);
      const resource = { spec, handle: present(handle, `a handle of the variable "${spec.name}"`).id };
      assign(resource, first);
      return resource;
    },
    assign,
    read({ spec, handle }: Resource): Float32Array {
      const [reading] = addon.executeOp('ReadVariableOp', [dtype], [handle], 1);
      const { id } = present(reading, `a value of the variable "${spec.name}"`);
      const data = downloadTensor(addon, id);
      addon.deleteTensor(id);
      return data;
    },
    free({ handle }: Resource): void {
      addon.executeOp('DestroyResourceOp', [], [handle], 0);
      addon.deleteTensor(handle);
    },
  };
}

function prepareProgram(addon: Addon, program: Program): Prepared {
  const constants = new Map(
    program.constants.map(({ value, data }) => [value, uploadTensor(addon, data, closedShape(value))]),
  );
  return {
    ...toOpSequence(program, constants),
    attributes: new Map(program.ops.map((op) => [op, toAddonAttributes(addon, op.attributes)])),
  };
}

function deviceOf(
  addon: Addon,
  { attributes, variableNames }: Prepared,
  variables: Variables<Resource>,
): OpDevice<number> {
  const operand = (op: Op, value: Value, tensors: RunTensors<number>): number => {
    const variable = variableNames.get(value);
    if (variable !== undefined) return variables.get(variable).handle;
    return present(tensors.get(value), `a value for an input of the op ${op.type}`);
  };
  return {
    upload: (data, shape) => uploadTensor(addon, data, shape),
    download: (id) => downloadTensor(addon, id),
    free: (id) => addon.deleteTensor(id),
    runOp(op, tensors) {
      const operands = op.inputs.map((value) => operand(op, value, tensors));
      const made = addon.executeOp(op.type, attributes.get(op) ?? [], operands, op.outputs.length);
      op.outputs.forEach((value, index) => {
        const tensor = made[index];
        if (tensor !== undefined) tensors.hold(value, tensor.id);
      });
    },
  };
}
