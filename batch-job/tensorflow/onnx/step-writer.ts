// What the writers of ops work with: the values of a program as values of an ONNX graph, each in the layouts in which it was
// asked for, and the variables as they change. Knows no op.

import { createOnnxGraph, type OnnxGraph } from '../../../core/network/onnx/onnx-graph.ts';
import type { AttributeValue } from '../../../core/network/onnx/onnx-schema.ts';
import { present } from '../../../core/present.ts';
import { closedShape, elementCount, type Op, type Program, type Value } from '../program/program.ts';
import { inLayout, type Layout, layoutPermutation, variableLayout } from './layouts.ts';

/** Attributes of an ONNX node by name. */
export type NodeAttributes = Readonly<Record<string, AttributeValue>>;

/** Appends the nodes of one op. */
export type WriteOp = (step: StepWriter, op: Op) => void;

/** What the writer of an op reads its operands from, and writes its outputs to. */
export interface StepWriter {
  readonly graph: OnnxGraph;
  readonly program: Program;
  /** Appends a node and names its output. */
  node(opType: string, inputs: readonly string[], attributes?: NodeAttributes): string;
  /** An int64 constant of one axis. */
  integers(values: readonly number[]): string;
  /** The name of a value in a layout (TensorFlow's by default); transposed once where it is there in another alone. */
  read(value: Value, layout?: Layout): string;
  /** {@link read} as an operand of an elementwise node whose result has this rank and layout. */
  operand(value: Value, rank: number, layout: Layout): string;
  /** The layout in which a value came to be. */
  layoutOf(value: Value): Layout;
  /** Says under which name, and in which layout, a value came to be. */
  write(value: Value, name: string, layout?: Layout): void;
  /** The numbers of a constant: axes, paddings. */
  numbers(value: Value): readonly number[];
  /** The name of what `make` makes of a value, made once for all ops that ask for it under the same purpose. */
  shared(purpose: string, value: Value, make: () => string): string;
  /** The variable behind a handle, after the assignments written so far, in {@link variableLayout}. */
  variable(handle: Value): string;
  /** Says which value of the graph the variable behind a handle has from now on. */
  assign(handle: Value, name: string): void;
}

/** An ONNX graph of a program of a known batch; see {@link inputName} and {@link nextName} for its inputs and outputs. */
export interface WrittenStep {
  readonly onnx: Uint8Array;
  /** Variables that it reads. */
  readonly read: readonly string[];
  /** Variables that it assigns. */
  readonly assigned: readonly string[];
}

/** The graph's name for an input of the program. */
export const inputName = (input: string): string => `in/${input}`;
/** The graph's name for an output of the program. */
export const outputName = (output: string): string => `out/${output}`;
/** The input that is a variable's value before the step. */
export const variableName = (variable: string): string => `variable/${variable}`;
/** The output that is a variable's value after the step. */
export const nextName = (variable: string): string => `next/${variable}`;

/**
 * Writes a program as an ONNX graph.
 *
 * @param writerOf The writer of an op, see op-writers.ts.
 */
export function writeStep(program: Program, writerOf: (op: Op) => WriteOp): WrittenStep {
  const graph = createOnnxGraph('step');
  const values = createStepValues(program, graph);
  const variables = createStepVariables(program, graph);
  const step: StepWriter = { graph, program, ...values, ...variables };

  for (const name of program.outputs.keys()) graph.reserve(outputName(name));
  for (const name of program.variables.keys()) graph.reserve(nextName(name));
  for (const [name, value] of program.inputs)
    step.write(value, graph.input(inputName(name), closedShape(value)));
  for (const op of program.ops) writerOf(op)(step, op);
  for (const [name, value] of program.outputs)
    graph.output(step.read(value), outputName(name), closedShape(value));
  const names = variables.finish();
  return { onnx: graph.encode(), ...names };
}

type StepValues = Omit<StepWriter, 'graph' | 'program' | 'variable' | 'assign'>;

/** The values of a program, each in the layouts in which it was asked for. */
function createStepValues(program: Program, graph: OnnxGraph): StepValues {
  const stored = new Map<Value, Map<Layout, string>>();
  const home = new Map<Value, Layout>();
  const numbers = new Map(program.constants.map(({ value, data }) => [value, data]));
  const shared = new Map<string, string>();

  const node: StepWriter['node'] = (opType, inputs, attributes = {}) =>
    graph.node(opType, inputs, { name: opType, attributes });
  const integers: StepWriter['integers'] = (values) => graph.integers('integers', values);
  const write: StepWriter['write'] = (value, name, layout = 'tensorflow') => {
    stored.set(value, new Map([[layout, name]]));
    home.set(value, layout);
  };
  /** Constants become values when they are first read. */
  const storedAs = (value: Value): Map<Layout, string> => {
    const data = numbers.get(value);
    if (data instanceof Float32Array && !stored.has(value))
      write(value, graph.constant('constant', data, closedShape(value)));
    return stored.get(value) ?? new Map<Layout, string>();
  };
  const read: StepWriter['read'] = (value, wish = 'tensorflow') => {
    const layout = value.shape.length === 4 ? wish : 'tensorflow';
    const known = storedAs(value);
    const there = known.get(layout);
    if (there !== undefined) return there;
    const [[from, name] = []] = known;
    if (from === undefined || name === undefined)
      throw new Error(`Value ${value.id} is read before it is made.`);
    const turned = node('Transpose', [name], { perm: layoutPermutation(from, layout) });
    known.set(layout, turned);
    return turned;
  };
  const once: StepWriter['shared'] = (purpose, { id }, make) => {
    const key = `${purpose} of ${id}`;
    const name = shared.get(key) ?? make();
    shared.set(key, name);
    return name;
  };
  return {
    node,
    integers,
    write,
    read,
    shared: once,
    operand(value, rank, layout) {
      const own = value.shape.length;
      // A scalar gets axes too: beside a value whose last axes are 1 ONNX Runtime would take each number by itself.
      if (own === rank || (own > 0 && layout === 'tensorflow')) return read(value, layout);
      const shape = [...new Array<number>(rank - own).fill(1), ...closedShape(value)];
      if (elementCount(shape) !== Math.max(...shape))
        throw new Error(`[${shape.join(', ')}] has several axes.`);
      return once(`${rank} axes, ${layout},`, value, () =>
        node('Reshape', [read(value), integers(inLayout(shape, layout))]),
      );
    },
    layoutOf(value) {
      storedAs(value);
      return home.get(value) ?? 'tensorflow';
    },
    numbers: (value) => [...(numbers.get(value) ?? [])],
  };
}

interface StepVariables extends Pick<StepWriter, 'variable' | 'assign'> {
  /** Makes the assigned variables outputs of the graph. @returns The names of those read and those assigned. */
  finish(): Omit<WrittenStep, 'onnx'>;
}

/** The variables of a program as they change: the input of the graph first, then what was assigned last. */
function createStepVariables(program: Program, graph: OnnxGraph): StepVariables {
  const names = new Map([...program.variables].map(([name, handle]) => [handle, name]));
  const nameOf = (handle: Value) => present(names.get(handle), `a variable behind the value ${handle.id}`);
  const shapeOf = (handle: Value) => inLayout(closedShape(handle), variableLayout(handle.shape.length));
  const current = new Map<Value, string>();
  const read = new Set<Value>();
  const assigned = new Set<Value>();

  const variable: StepWriter['variable'] = (handle) => {
    const known = current.get(handle);
    if (known !== undefined) return known;
    const name = graph.input(variableName(nameOf(handle)), shapeOf(handle));
    current.set(handle, name);
    read.add(handle);
    return name;
  };
  return {
    variable,
    assign(handle, name) {
      current.set(handle, name);
      assigned.add(handle);
    },
    finish() {
      for (const handle of assigned)
        graph.output(variable(handle), nextName(nameOf(handle)), shapeOf(handle));
      return { read: [...read].map(nameOf), assigned: [...assigned].map(nameOf) };
    },
  };
}
