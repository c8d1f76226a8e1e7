// What the writers of ops work with: the values of a program as values of an ONNX graph, each in the layouts in which it was
// asked for, and the variables as they change. Knows no op.

import { createOnnxGraph, type OnnxGraph } from '../../../core/network/onnx/onnx-graph.ts';
import type { AttributeValue } from '../../../core/network/onnx/onnx-schema.ts';
import { closedShape, elementCount, type Op, type Program, type Value } from '../program/program.ts';
import { inLayout, type Layout, layoutPermutation, variableLayout } from './layouts.ts';

export type NodeAttributes = Readonly<Record<string, AttributeValue>>;

/** Appends the nodes of one op. */
export type WriteOp = (step: StepWriter, op: Op) => void;

export interface StepWriter {
  readonly graph: OnnxGraph;
  readonly program: Program;
  /** Appends a node and names its output. */
  node(opType: string, inputs: readonly string[], attributes?: NodeAttributes): string;
  /** An int64 constant of one axis. */
  integers(values: readonly number[]): string;
  /** The name of a value in a layout (left out, TensorFlow's), transposed once where it is there in another alone. */
  read(value: Value, layout?: Layout): string;
  /** {@link read} as an operand of an elementwise node whose result has this rank and layout. */
  operand(value: Value, rank: number, layout: Layout): string;
  /** The layout in which a value came to be. */
  layoutOf(value: Value): Layout;
  write(value: Value, name: string, layout?: Layout): void;
  /** The numbers of a constant: axes, paddings. */
  numbers(value: Value): readonly number[];
  /** The name of what is made once of a value, for all ops that ask for it under the same purpose. */
  shared(purpose: string, value: Value, make: () => string): string;
  /** The variable behind a handle, after the assignments written so far, in {@link variableLayout}. */
  variable(handle: Value): string;
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

export const inputName = (input: string): string => `in/${input}`;
export const outputName = (output: string): string => `out/${output}`;
/** The input that is a variable's value before the step. */
export const variableName = (variable: string): string => `variable/${variable}`;
/** The output that is a variable's value after the step. */
export const nextName = (variable: string): string => `next/${variable}`;

/** Writes a program as an ONNX graph. */
export function writeStep(program: Program, writerOf: (op: Op) => WriteOp): WrittenStep {
  const graph = createOnnxGraph('step');
  const stored = new Map<Value, Map<Layout, string>>();
  const home = new Map<Value, Layout>();
  const numbers = new Map(program.constants.map(({ value, data }) => [value, data]));
  const shared = new Map<string, string>();
  const handles = new Map([...program.variables].map(([name, value]) => [value, name]));
  const variables = new Map<Value, string>();
  const assigned = new Set<Value>();
  const read = new Set<Value>();

  const step: StepWriter = {
    graph,
    program,
    node: (opType, inputs, attributes = {}) => graph.node(opType, inputs, { name: opType, attributes }),
    integers: (values) => graph.integers('integers', values),
    read(value, wish = 'tensorflow') {
      const layout = value.shape.length === 4 ? wish : 'tensorflow';
      const known = storedAs(value);
      const there = known.get(layout);
      if (there !== undefined) return there;
      const [[from, name] = []] = known;
      if (from === undefined || name === undefined)
        throw new Error(`Value ${value.id} is read before it is made.`);
      const turned = step.node('Transpose', [name], { perm: layoutPermutation(from, layout) });
      known.set(layout, turned);
      return turned;
    },
    operand(value, rank, layout) {
      const own = value.shape.length;
      // A scalar gets axes too: beside a value whose last axes are 1 ONNX Runtime would take each number by itself.
      if (own === rank || (own > 0 && layout === 'tensorflow')) return step.read(value, layout);
      const shape = [...new Array<number>(rank - own).fill(1), ...closedShape(value)];
      if (elementCount(shape) !== Math.max(...shape))
        throw new Error(`[${shape.join(', ')}] has several axes.`);
      return step.shared(`${rank} axes, ${layout},`, value, () =>
        step.node('Reshape', [step.read(value), step.integers(inLayout(shape, layout))]),
      );
    },
    layoutOf: (value) => {
      storedAs(value);
      return home.get(value) ?? 'tensorflow';
    },
    write(value, name, layout = 'tensorflow') {
      stored.set(value, new Map([[layout, name]]));
      home.set(value, layout);
    },
    numbers: (value) => [...(numbers.get(value) ?? [])],
    shared(purpose, { id }, make) {
      const key = `${purpose} of ${id}`;
      const name = shared.get(key) ?? make();
      shared.set(key, name);
      return name;
    },
    variable(handle) {
      const known = variables.get(handle);
      if (known !== undefined) return known;
      const shape = inLayout(closedShape(handle), variableLayout(handle.shape.length));
      const name = graph.input(variableName(handles.get(handle) ?? ''), shape);
      variables.set(handle, name);
      read.add(handle);
      return name;
    },
    assign(handle, name) {
      variables.set(handle, name);
      assigned.add(handle);
    },
  };

  /** Constants become values when they are first read. */
  function storedAs(value: Value): Map<Layout, string> {
    const data = numbers.get(value);
    if (data instanceof Float32Array && !stored.has(value))
      step.write(value, graph.constant('constant', data, closedShape(value)));
    return stored.get(value) ?? new Map<Layout, string>();
  }

  for (const name of program.outputs.keys()) graph.reserve(outputName(name));
  for (const name of program.variables.keys()) graph.reserve(nextName(name));
  for (const [name, value] of program.inputs)
    step.write(value, graph.input(inputName(name), closedShape(value)));
  for (const op of program.ops) writerOf(op)(step, op);
  for (const [name, value] of program.outputs)
    graph.output(step.read(value), outputName(name), closedShape(value));
  for (const handle of assigned) {
    const shape = inLayout(closedShape(handle), variableLayout(handle.shape.length));
    graph.output(step.variable(handle), nextName(handles.get(handle) ?? ''), shape);
  }
  const names = (values: ReadonlySet<Value>) => [...values].map((value) => handles.get(value) ?? '');
  return { onnx: graph.encode(), read: names(read), assigned: names(assigned) };
}
