// Records ops into a program. Equal constants are kept once, and every variable is read once between its assignments.

import {
  type Attributes,
  attr,
  type Constant,
  type DataType,
  elementCount,
  type InputType,
  type Op,
  type Place,
  type Program,
  type Shape,
  type Value,
  type VariableSpec,
} from './program.ts';

/** An output of an op: its shape, and its dtype, float32 by default. */
export interface OutputSpec {
  readonly shape: Shape;
  readonly dtype?: DataType;
}

/** Records a program op by op. */
export interface ProgramBuilder {
  /** A value that is given at every run; float32 by default. */
  input(name: string, shape: Shape, dtype?: InputType): Value;
  /** A constant; equal ones are kept once. @throws {Error} Where the numbers do not fill the shape. */
  constant(data: readonly number[], shape?: readonly number[], dtype?: 'float32' | 'int32'): Value;
  /** A float32 constant of shape `[]`. */
  scalar(value: number): Value;
  /** The current value of a variable. */
  read(variable: VariableSpec): Value;
  /** Appends an op that assigns the variable, whose handle goes before `inputs`. */
  assign(
    type: string,
    variables: readonly VariableSpec[],
    inputs: readonly Value[],
    attributes?: Attributes,
  ): void;
  /** Appends an op and returns its outputs. */
  emit(
    type: string,
    inputs: readonly Value[],
    attributes: Attributes,
    outputs: readonly OutputSpec[],
  ): readonly Value[];
  /** {@link emit} for ops of one output. */
  op(type: string, inputs: readonly Value[], attributes: Attributes, shape: Shape, dtype?: DataType): Value;
  /** Runs a function whose ops are at a place; by default they are on the first device. */
  at<T>(place: Place | undefined, append: () => T): T;
  /** Makes a value an output of the program. */
  output(name: string, value: Value): void;
  /** The ops recorded so far. */
  readonly ops: readonly Op[];
  /** The numbers of a constant; undefined for any other value. */
  constantOf(value: Value): readonly number[] | undefined;
  /** The variable that `value` is a reading of, if any. */
  variableOf(value: Value): VariableSpec | undefined;
  /** The program, without the ops that no output and no assignment needs. */
  build(): Program;
}

/** A builder with an empty program. */
export function createProgramBuilder(): ProgramBuilder {
  let nextId = 0;
  const inputs = new Map<string, Value>();
  const handles = new Map<string, Value>();
  const readings = new Map<string, Value>();
  const readVariables = new Map<Value, VariableSpec>();
  const ops: Op[] = [];
  const outputs = new Map<string, Value>();
  let place: Place | undefined;

  const newValue: NewValue = (shape, dtype) => ({ id: nextId++, shape, dtype });
  const constants = createConstants(newValue);

  const handle = (variable: VariableSpec): Value => {
    const known = handles.get(variable.name);
    if (known !== undefined) return known;
    const value = newValue(variable.shape, 'resource');
    handles.set(variable.name, value);
    return value;
  };

  const emit: ProgramBuilder['emit'] = (type, opInputs, attributes, specs) => {
    const values = specs.map(({ shape, dtype = 'float32' }) => newValue(shape, dtype));
    ops.push({
      type,
      attributes,
      inputs: opInputs,
      outputs: values,
      ...(place === undefined ? {} : { place }),
    });
    return values;
  };
  const op: ProgramBuilder['op'] = (type, opInputs, attributes, shape, dtype = 'float32') =>
    first(emit(type, opInputs, attributes, [{ shape, dtype }]));

  return {
    ops,
    emit,
    op,
    constant: constants.add,
    scalar: (value) => constants.add([value], []),
    input(name, shape, dtype = 'float32') {
      const value = newValue(shape, dtype);
      inputs.set(name, value);
      return value;
    },
    read(variable) {
      const known = readings.get(variable.name);
      if (known !== undefined) return known;
      const value = op('ReadVariableOp', [handle(variable)], { dtype: attr.type('float32') }, variable.shape);
      readings.set(variable.name, value);
      readVariables.set(value, variable);
      return value;
    },
    assign(type, variables, opInputs, attributes = {}) {
      emit(type, [...variables.map(handle), ...opInputs], attributes, []);
      for (const variable of variables) readings.delete(variable.name);
    },
    at(next, append) {
      const before = place;
      place = next;
      try {
        return append();
      } finally {
        place = before;
      }
    },
    output: (name, value) => void outputs.set(name, value),
    constantOf(value) {
      const found = constants.list().find((entry) => entry.value === value);
      return found === undefined ? undefined : [...found.data];
    },
    variableOf: (value) => readVariables.get(value),
    build() {
      const live = liveOps(ops, new Set(outputs.values()));
      const used = new Set(live.flatMap((entry) => entry.inputs));
      return {
        inputs,
        constants: constants.list().filter(({ value }) => used.has(value)),
        variables: new Map([...handles].filter(([, value]) => used.has(value))),
        ops: live,
        outputs,
      };
    },
  };
}

type NewValue = (shape: Shape, dtype: DataType) => Value;

/** The constants of a program, equal ones once. */
function createConstants(newValue: NewValue) {
  const constants = new Map<string, Constant>();
  const add: ProgramBuilder['constant'] = (data, shape = [data.length], dtype = 'float32') => {
    if (elementCount(shape) !== data.length)
      throw new Error(`${data.length} values do not fill [${shape.join(', ')}].`);
    const key = `${dtype}:${shape.join()}:${data.join()}`;
    const known = constants.get(key);
    if (known !== undefined) return known.value;
    const value = newValue(shape, dtype);
    constants.set(key, { value, data: dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data) });
    return value;
  };
  return { add, list: (): readonly Constant[] => [...constants.values()] };
}

/** The ops that outputs or assignments need, in order. */
function liveOps(ops: readonly Op[], outputs: ReadonlySet<Value>): readonly Op[] {
  const needed = new Set(outputs);
  const live: Op[] = [];
  for (const op of ops.toReversed()) {
    const assigns = op.outputs.length === 0;
    if (!assigns && !op.outputs.some((value) => needed.has(value))) continue;
    live.push(op);
    for (const input of op.inputs) needed.add(input);
  }
  return live.toReversed();
}

function first<T>(list: readonly T[]): T {
  const [value] = list;
  if (value === undefined) throw new Error('The list is empty.');
  return value;
}
