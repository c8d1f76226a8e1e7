// Rewrites a program with other ops in the place of some, e.g. with those that a device runs faster. Knows no op.

import type { InputType, Op, Program, Value, VariableSpec } from './program.ts';
import { createProgramBuilder, type ProgramBuilder } from './program-builder.ts';

/**
 * Appends the ops that replace an op.
 *
 * @param inputs The op's, in the new program.
 * @returns New values for the op's outputs, or for the first of them where nothing reads the others; undefined to keep the op.
 */
export type RewriteRule = (
  b: ProgramBuilder,
  op: Op,
  inputs: readonly Value[],
) => readonly Value[] | undefined;

/** The rules by the type of the op that they replace. */
export type RewriteRules = Readonly<Record<string, RewriteRule>>;

/** The inputs, constants and variables of a program in a new one. */
export interface CopiedSources {
  /** New values of its inputs and constants. */
  readonly values: ReadonlyMap<Value, Value>;
  /** Its variables, by their handles. */
  readonly variables: ReadonlyMap<Value, VariableSpec>;
}

/**
 * Begins a program with the inputs, constants and variables of another.
 *
 * @param variableOf The variable that takes the place of an input; by default inputs stay inputs.
 */
export function copySources(
  b: ProgramBuilder,
  program: Program,
  variableOf: (input: string) => VariableSpec | undefined = () => undefined,
): CopiedSources {
  const values = new Map<Value, Value>();
  for (const [name, value] of program.inputs) {
    const resident = variableOf(name);
    const input = () => b.input(name, value.shape, value.dtype as InputType);
    values.set(value, resident === undefined ? input() : b.read(resident));
  }
  const closed = ({ shape }: Value) => shape.map((n) => n ?? 0);
  for (const { value, data } of program.constants) {
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    values.set(value, b.constant([...data], closed(value), dtype));
  }
  const variables = new Map(
    [...program.variables].map(([name, value]) => [value, { name, shape: closed(value) }]),
  );
  return { values, variables };
}

/**
 * The program with the rules applied; what only replaced ops read is gone.
 *
 * @param variableOf See {@link copySources}.
 */
export function rewriteProgram(
  program: Program,
  rules: RewriteRules,
  variableOf?: (input: string) => VariableSpec | undefined,
): Program {
  const b = createProgramBuilder();
  const sources = copySources(b, program, variableOf);
  const values = new Map(sources.values);
  const { variables } = sources;
  const rewritten = (value: Value): Value => {
    const found = values.get(value);
    if (found === undefined) throw new Error(`Value ${value.id} is read before it is made.`);
    return found;
  };
  for (const op of program.ops) {
    const touched = op.inputs.flatMap((value) => variables.get(value) ?? []);
    const inputs = op.inputs.filter((value) => !variables.has(value)).map(rewritten);
    const [variable] = touched;
    if (op.outputs.length === 0) b.assign(op.type, touched, inputs, op.attributes);
    else if (variable !== undefined) {
      for (const output of op.outputs) values.set(output, b.read(variable));
    } else {
      const made = b.at(
        op.place,
        () => rules[op.type]?.(b, op, inputs) ?? b.emit(op.type, inputs, op.attributes, op.outputs),
      );
      op.outputs.forEach((output, index) => {
        const value = made[index];
        if (value !== undefined) values.set(output, value);
      });
    }
  }
  for (const [name, value] of program.outputs) b.output(name, rewritten(value));
  return b.build();
}
