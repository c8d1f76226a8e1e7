// Programs as nodes of one TensorFlow graph over shared variables. What a program does in order, the graph does by control
// edges: readings of a variable before its next assignment, and all assignments before the outputs.

import { present } from '../../../core/present.ts';
import { DATA_TYPE } from '../addon/tensors.ts';
import type { Attribute, Constant, Place, Program, Shape, Value, VariableSpec } from '../program/program.ts';
import type { AttrValue, NodeDef } from './graph-schema.ts';

const encoder = new TextEncoder();

function toAttrValue(attribute: Attribute): AttrValue {
  switch (attribute.kind) {
    case 'type':
      return { type: DATA_TYPE[attribute.value] };
    case 'int':
      return { i: attribute.value };
    case 'float':
      return { f: attribute.value };
    case 'bool':
      return { b: attribute.value };
    case 'string':
      return { s: encoder.encode(attribute.value) };
    case 'ints':
      return { list: { i: attribute.value } };
  }
}

const toShape = (shape: Shape) => ({ dim: shape.map((n) => ({ size: n ?? -1 })) });

const FLOAT: AttrValue = { type: DATA_TYPE.float32 };

/** Names of the nodes through which a variable is reached from outside. */
export interface VariableNodes {
  /** To feed a new value. */
  readonly feed: string;
  /** To fetch, so that the fed value is assigned. */
  readonly assigned: string;
  /** To fetch the value. */
  readonly value: string;
}

/** Collects the nodes of one graph. */
export interface GraphWriter {
  /** All nodes so far. */
  readonly nodes: readonly NodeDef[];
  /** Adds a variable, which programs added later may use. */
  addVariable(variable: VariableSpec): VariableNodes;
  /** Adds a program; its inputs and outputs are the nodes {@link inputNode} and {@link outputNode}. */
  addProgram(prefix: string, program: Program): void;
}

/** The name of the placeholder that a program's input is fed to. */
export const inputNode = (prefix: string, input: string): string => `${prefix}/in/${nodeName(input)}`;
/** The name of the node that a program's output is fetched from. */
export const outputNode = (prefix: string, output: string): string => `${prefix}/out/${nodeName(output)}`;

/** Node names take letters, digits, `.`, `\`, `/`, `_` and `-`; the addon splits lists of them at commas and colons. */
const nodeName = (name: string): string => name.replaceAll(/[^A-Za-z0-9./_-]/g, '_');

/** The processor's memory, as TensorFlow names its devices. */
const HOST = '/device:CPU:0';

/**
 * A writer with an empty graph.
 *
 * @param devices Names of the devices that towers run on, e.g. `/device:GPU:0`; more towers begin again with the first. By
 * default TensorFlow chooses where ops run.
 */
export function createGraphWriter(devices: readonly string[] = []): GraphWriter {
  const deviceOf = (place: Place | undefined): string | undefined => {
    if (place === undefined || devices.length === 0) return undefined;
    return place === 'host' ? HOST : devices[place % devices.length];
  };
  const graph: Graph = { nodes: [], handles: new Map(), deviceOf };
  return {
    nodes: graph.nodes,
    addVariable: (variable) => addVariable(graph, variable),
    addProgram: (prefix, program) => addProgram(graph, prefix, program),
  };
}

interface Graph {
  readonly nodes: NodeDef[];
  /** The nodes of variables' handles, by the variables' names. */
  readonly handles: Map<string, string>;
  /** Where a node runs; undefined where TensorFlow chooses. */
  readonly deviceOf: (place: Place | undefined) => string | undefined;
}

/** @returns The node's name. */
function addNode(
  { nodes }: Graph,
  name: string,
  op: string,
  input: readonly string[],
  attr: Readonly<Record<string, AttrValue>>,
  device?: string,
): string {
  nodes.push({
    name,
    op,
    input,
    attr: Object.entries(attr).map(([key, value]) => ({ key, value })),
    ...(device === undefined ? {} : { device }),
  });
  return name;
}

function addVariable(graph: Graph, { name, shape }: VariableSpec): VariableNodes {
  const prefix = `variables/${nodeName(name)}`;
  const shapeAttribute = { shape: toShape(shape) };
  const handle = addNode(graph, `${prefix}/handle`, 'VarHandleOp', [], {
    dtype: FLOAT,
    shape: shapeAttribute,
    shared_name: { s: encoder.encode(name) },
  });
  graph.handles.set(name, handle);
  const feed = addNode(graph, `${prefix}/feed`, 'Placeholder', [], { dtype: FLOAT, shape: shapeAttribute });
  const assign = addNode(graph, `${prefix}/assign`, 'AssignVariableOp', [handle, feed], { dtype: FLOAT });
  // Something to fetch: an assignment has no output.
  const zero = { dtype: DATA_TYPE.float32, tensorShape: toShape([]), tensorContent: new Uint8Array(4) };
  const assigned = addNode(graph, `${prefix}/assigned`, 'Const', [`^${assign}`], {
    dtype: FLOAT,
    value: { tensor: zero },
  });
  const value = addNode(graph, `${prefix}/value`, 'ReadVariableOp', [handle], { dtype: FLOAT });
  return { feed, assigned, value };
}

function addProgram(graph: Graph, prefix: string, program: Program): void {
  const { references, assignments } = addOps(graph, prefix, program);
  const after = assignments.map((node) => `^${node}`);
  for (const [output, value] of program.outputs) {
    const source = present(references.get(value), `a node for the output "${output}"`);
    addNode(graph, outputNode(prefix, output), 'Identity', [source, ...after], { T: FLOAT });
  }
}

/** Adds the inputs of a program. @returns Where the values of these, and of its variables, are read from. */
function addSources(graph: Graph, prefix: string, program: Program): Map<Value, string> {
  const references = new Map<Value, string>();
  for (const [input, value] of program.inputs) {
    const attributes = { dtype: { type: DATA_TYPE[value.dtype] }, shape: { shape: toShape(value.shape) } };
    references.set(value, addNode(graph, inputNode(prefix, input), 'Placeholder', [], attributes));
  }
  for (const [name, value] of program.variables)
    references.set(value, present(graph.handles.get(name), `a variable "${name}"`));
  return references;
}

/** Gives the node of a constant for readers on a device, or undefined for other values. Each device has its own: no copies. */
function constantNodes(graph: Graph, prefix: string, constants: readonly Constant[]) {
  const data = new Map(constants.map((constant) => [constant.value, constant.data]));
  const written = new Map<string, string>();
  return (value: Value, device: string | undefined): string | undefined => {
    const numbers = data.get(value);
    if (numbers === undefined) return undefined;
    const key = `${value.id}@${device ?? ''}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const dtype = numbers instanceof Int32Array ? DATA_TYPE.int32 : DATA_TYPE.float32;
    const tensorContent = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    const tensor = { dtype, tensorShape: toShape(value.shape), tensorContent };
    const name = `${prefix}/const/${value.id}${device === undefined ? '' : `/${nodeName(device)}`}`;
    written.set(key, name);
    return addNode(graph, name, 'Const', [], { dtype: { type: dtype }, value: { tensor } }, device);
  };
}

/** The nodes that have used a variable since its last assignment, and that assignment. */
interface Access {
  readonly readers: readonly string[];
  readonly writer: string | undefined;
}

/** Adds the ops of a program and what they read. @returns Where values are read from, and the nodes that assign variables. */
function addOps(
  graph: Graph,
  prefix: string,
  program: Program,
): { readonly references: ReadonlyMap<Value, string>; readonly assignments: readonly string[] } {
  const references = addSources(graph, prefix, program);
  const constantNode = constantNodes(graph, prefix, program.constants);
  const access = new Map<Value, Access>();
  const assignments: string[] = [];
  program.ops.forEach((op, index) => {
    const name = `${prefix}/${op.type}_${index}`;
    const resources = op.inputs.filter(({ dtype }) => dtype === 'resource');
    const assigns = op.outputs.length === 0;
    const before = new Set(resources.flatMap((value) => waitsFor(access.get(value), assigns)));
    const device = graph.deviceOf(op.place);
    const inputs = op.inputs.map((value) =>
      present(references.get(value) ?? constantNode(value, device), `a node that ${name} reads`),
    );
    const attributes = Object.entries(op.attributes).map(
      ([key, value]) => [key, toAttrValue(value)] as const,
    );
    addNode(
      graph,
      name,
      op.type,
      [...inputs, ...[...before].map((node) => `^${node}`)],
      Object.fromEntries(attributes),
      device,
    );
    for (const [output, value] of op.outputs.entries()) references.set(value, `${name}:${output}`);
    if (assigns) assignments.push(name);
    for (const value of resources) access.set(value, accessAfter(access.get(value), name, assigns));
  });
  return { references, assignments };
}

/** The nodes that must have run before a node reads or assigns a variable. */
function waitsFor(access: Access | undefined, assigns: boolean): readonly string[] {
  if (access === undefined) return [];
  const { readers, writer } = access;
  return [...(assigns ? readers : []), ...(writer === undefined ? [] : [writer])];
}

function accessAfter(access: Access | undefined, node: string, assigns: boolean): Access {
  if (assigns) return { readers: [], writer: node };
  return { readers: [...(access?.readers ?? []), node], writer: access?.writer };
}
