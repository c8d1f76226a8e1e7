// Runs programs op by op in TensorFlow: no tape, no graph, and every tensor freed after its last use. For debugging, odd
// shapes, and networks too short-lived for a graph.

import type { Addon, AddonAttribute } from '../addon/addon.ts';
import type { Executor, InputData, Session, SessionOptions } from '../executor/executor.ts';
import { createPreparedPrograms } from '../executor/prepared-programs.ts';
import { DATA_TYPE } from '../graph/graph-schema.ts';
import { lastUses } from '../program/last-uses.ts';
import { closedShape, elementCount, type Op, type Program, type Value } from '../program/program.ts';
import { type RewriteRules, rewriteProgram } from '../program/rewrite-program.ts';
import { toAddonAttributes } from './addon-values.ts';

/** An op with all that does not change from run to run. */
interface Step {
  readonly op: Op;
  readonly attributes: readonly AddonAttribute[];
  readonly freed: readonly Value[];
}

interface Prepared {
  readonly program: Program;
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<Value, number>;
}

/**
 * An executor on a loaded addon.
 *
 * @param rewrites Rules, for one program, for what the device runs faster in other ops.
 */
export function createEagerExecutor(addon: Addon, rewrites: () => RewriteRules): Executor {
  let sessions = 0;
  return {
    createSession: (options) =>
      Promise.resolve(createSession(addon, rewrites, `eager${sessions++}`, options)),
    numTensors: () => addon.getNumOfTensors(),
  };
}

function upload(addon: Addon, data: InputData, shape: readonly number[]): number {
  if (data.length !== elementCount(shape)) {
    throw new Error(`${data.length} values were given for the shape [${shape.join(', ')}].`);
  }
  if (data instanceof Uint8Array) return addon.createTensor(shape, DATA_TYPE.uint8, data);
  return addon.createTensor(shape, data instanceof Int32Array ? addon.TF_INT32 : addon.TF_FLOAT, data);
}

function createSession(
  addon: Addon,
  rewrites: () => RewriteRules,
  prefix: string,
  { variables, programs, initial }: SessionOptions,
): Session {
  const floatType: AddonAttribute = { name: 'dtype', type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT };
  const shapes = new Map(variables.map(({ name, shape }) => [name, shape]));
  const handles = new Map<string, number>();

  const handleOf = (name: string): number => {
    const handle = handles.get(name);
    if (handle === undefined) throw new Error(`There is no variable "${name}".`);
    return handle;
  };
  const assign = (name: string, data: Float32Array) => {
    const value = upload(addon, data, shapes.get(name) ?? []);
    addon.executeOp('AssignVariableOp', [floatType], [handleOf(name), value], 0);
    addon.deleteTensor(value);
  };
  for (const { name, shape } of variables) {
    const attributes: readonly AddonAttribute[] = [
      floatType,
      { name: 'shape', type: addon.TF_ATTR_SHAPE, value: shape },
      { name: 'shared_name', type: addon.TF_ATTR_STRING, value: `${prefix}/${name}` },
      { name: 'container', type: addon.TF_ATTR_STRING, value: '' },
    ];
    const [handle] = addon.executeOp('VarHandleOp', attributes, [], 1);
    const data = initial.get(name);
    if (handle === undefined || data === undefined)
      throw new Error(`The variable "${name}" has no first value.`);
    handles.set(name, handle.id);
    assign(name, data);
  }

  const forget = ({ constants }: Prepared) => {
    for (const id of constants.values()) addon.deleteTensor(id);
  };
  const prepared = createPreparedPrograms(
    programs,
    (program) => prepareProgram(addon, rewriteProgram(program, rewrites())),
    forget,
  );

  return {
    run(name, batch, inputs) {
      const { program, steps, constants } = prepared.get(name, batch);
      const owned = new Map<Value, number>();
      const ids = new Map<Value, number>(constants);
      for (const [variable, value] of program.variables) ids.set(value, handleOf(variable));
      const hold = (value: Value, id: number) => {
        owned.set(value, id);
        ids.set(value, id);
      };
      const free = (value: Value) => {
        const id = owned.get(value);
        if (id !== undefined) addon.deleteTensor(id);
        owned.delete(value);
      };
      try {
        for (const [input, value] of program.inputs) {
          const data = inputs.get(input);
          if (data === undefined) throw new Error(`The program "${name}" was run without "${input}".`);
          hold(value, upload(addon, data, closedShape(value)));
        }
        for (const { op, attributes, freed } of steps) {
          const operands = op.inputs.map((value) => idOf(ids, value, op));
          const made = addon.executeOp(op.type, attributes, operands, op.outputs.length);
          op.outputs.forEach((value, index) => {
            const tensor = made[index];
            if (tensor !== undefined) hold(value, tensor.id);
          });
          freed.forEach(free);
        }
        const outputs = [...program.outputs].map(
          ([output, value]) => [output, addon.tensorDataSync(ids.get(value) ?? -1) as Float32Array] as const,
        );
        return Promise.resolve(new Map(outputs));
      } finally {
        for (const value of [...owned.keys()]) free(value);
      }
    },
    readVariables() {
      const values = variables.map(({ name }) => {
        const [reading] = addon.executeOp('ReadVariableOp', [floatType], [handleOf(name)], 1);
        if (reading === undefined) throw new Error(`The variable "${name}" could not be read.`);
        const data = addon.tensorDataSync(reading.id) as Float32Array;
        addon.deleteTensor(reading.id);
        return [name, data] as const;
      });
      return Promise.resolve(new Map(values));
    },
    writeVariables(values) {
      for (const [name, data] of values) assign(name, data);
      return Promise.resolve();
    },
    dispose() {
      for (const handle of handles.values()) {
        addon.executeOp('DestroyResourceOp', [], [handle], 0);
        addon.deleteTensor(handle);
      }
      handles.clear();
      prepared.clear();
    },
  };
}

function idOf(ids: ReadonlyMap<Value, number>, value: Value, op: Op): number {
  const id = ids.get(value);
  if (id === undefined) throw new Error(`The op ${op.type} reads a value that is not there.`);
  return id;
}

function prepareProgram(addon: Addon, program: Program): Prepared {
  const freed = lastUses(program);
  return {
    program,
    steps: program.ops.map((op, index) => ({
      op,
      attributes: toAddonAttributes(addon, op.attributes),
      freed: freed[index] ?? [],
    })),
    constants: new Map(
      program.constants.map(({ value, data }) => [value, upload(addon, data, closedShape(value))]),
    ),
  };
}
