// Programs as nodes of one TensorFlow graph over shared variables. What a program does in order, the graph does by control
// edges: readings of a variable before its next assignment, and all assignments before the outputs.

import { present } from '../../../core/present.ts';
import { DATA_TYPE } from '../addon/tensors.ts';
import {
  type Attribute,
  type Constant,
  closedShape,
  type InputType,
  type Place,
  type Program,
  type Value,
  type VariableSpec,
} from '../program/program.ts';
import { type AheadNodes, addAhead } from './ahead-nodes.ts';
import { type AddFeed, addIntFeed, addPlainFeed, type asInts } from './feeds.ts';
import { type AddNode, addConstant, addFetch, createNodes, HOST, toAttr } from './graph-nodes.ts';
import type { AttrValue, NodeDef } from './graph-schema.ts';

function toAttrValue(attribute: Attribute): AttrValue {
  switch (attribute.kind) {
    case 'type':
      return toAttr.type(attribute.value);
    case 'int':
      return { i: attribute.value };
    case 'float':
      return { f: attribute.value };
    case 'bool':
      return { b: attribute.value };
    case 'string':
      return toAttr.text(attribute.value);
    case 'ints':
      return { list: { i: attribute.value } };
  }
}

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

/** Names of the nodes through which a program is run. */
export interface ProgramNodes {
  /** To feed each input that is fed, by the input's name. */
  readonly feeds: ReadonlyMap<string, string>;
  /** To fetch, so that the program runs. */
  readonly run: readonly string[];
  /** Variables that have the outputs after that, in the program's order; absent where {@link ProgramNodes.run} gives them. */
  readonly results?: readonly ResultNodes[];
}

/** A variable for an output. It is assigned once before the first run: a compiler would take one without a value for another kind. */
export interface ResultNodes extends VariableNodes {
  readonly shape: readonly number[];
}

/** How a program is written. */
export interface ProgramOptions {
  /** The input that was uploaded ahead, and the queue that it is taken from. */
  readonly ahead?: { readonly input: string; readonly nodes: AheadNodes } | undefined;
  /**
   * Whether outputs go to variables, which are fetched afterwards: a run then ends before the device has computed them. The
   * program must be of a known batch.
   */
  readonly keepsResults?: boolean;
}

/** Collects the nodes of one graph. */
export interface GraphWriter {
  /** All nodes so far. */
  readonly nodes: readonly NodeDef[];
  /** Adds a variable, which programs added later may use. */
  addVariable(variable: VariableSpec): VariableNodes;
  /** Adds a queue for an input that is uploaded ahead, of `shape`. */
  addAhead(name: string, type: InputType, shape: readonly number[]): AheadNodes;
  /** Adds a program. @param prefix The beginning of its nodes' names. */
  addProgram(prefix: string, program: Program, options?: ProgramOptions): ProgramNodes;
}

/** Node names take letters, digits, `.`, `\`, `/`, `_` and `-`; the addon splits lists of them at commas and colons. */
const nodeName = (name: string): string => name.replaceAll(/[^A-Za-z0-9./_-]/g, '_');

/** What a graph is written for. */
export interface GraphWriterOptions {
  /** Whether values are fed as {@link asInts} gives them. */
  readonly feedsInts: boolean;
  /**
   * Names of the devices that towers run on, e.g. `/device:GPU:0`; more towers begin again with the first. By default
   * TensorFlow chooses where ops run.
   */
  readonly devices?: readonly string[] | undefined;
}

/** A writer with an empty graph. */
export function createGraphWriter({ feedsInts, devices = [] }: GraphWriterOptions): GraphWriter {
  const { nodes, add } = createNodes();
  const deviceOf = (place: Place | undefined): string | undefined => {
    if (place === undefined || devices.length === 0) return undefined;
    return place === 'host' ? HOST : devices[place % devices.length];
  };
  const addFeed = feedsInts ? addIntFeed : addPlainFeed;
  const graph: Graph = { add, addFeed, handles: new Map(), deviceOf };
  return {
    nodes,
    addVariable: (variable) => addVariable(graph, variable),
    addAhead: (name, type, shape) => addAhead(add, addFeed, { name, type, shape }),
    addProgram: (prefix, program, options = {}) => addProgram(graph, prefix, program, options),
  };
}

interface Graph {
  readonly add: AddNode;
  readonly addFeed: AddFeed;
  /** The nodes of variables' handles, by the variables' names. */
  readonly handles: Map<string, string>;
  /** Where a node runs; undefined where TensorFlow chooses. */
  readonly deviceOf: (place: Place | undefined) => string | undefined;
}

function addVariable({ add, addFeed, handles }: Graph, { name, shape }: VariableSpec): VariableNodes {
  const prefix = `variables/${nodeName(name)}`;
  const handle = add(`${prefix}/handle`, 'VarHandleOp', [], {
    dtype: FLOAT,
    shape: toAttr.shape(shape),
    shared_name: toAttr.text(name),
  });
  handles.set(name, handle);
  const feed = `${prefix}/feed`;
  const values = addFeed(add, feed, 'float32', shape);
  const assign = add(`${prefix}/assign`, 'AssignVariableOp', [handle, values], { dtype: FLOAT });
  const assigned = addFetch(add, `${prefix}/assigned`, [assign]);
  const value = add(`${prefix}/value`, 'ReadVariableOp', [handle], { dtype: FLOAT });
  return { feed, assigned, value };
}

function addProgram(graph: Graph, prefix: string, program: Program, options: ProgramOptions): ProgramNodes {
  const sources = addSources(graph, prefix, program, options);
  const { feeds } = sources;
  const { references, assignments } = addOps(graph, prefix, program, sources);
  const outputs = [...program.outputs].map(([output, value]) => ({
    name: `${prefix}/out/${nodeName(output)}`,
    value,
    source: present(references.get(value), `a node for the output "${output}"`),
  }));
  const after = assignments.map((node) => `^${node}`);
  const { add } = graph;
  if (options.keepsResults !== true) {
    const run = outputs.map(({ name, source }) => add(name, 'Identity', [source, ...after], { T: FLOAT }));
    return { feeds, run };
  }
  const kept = outputs.map(({ name, value, source }) => {
    const shape = closedShape(value);
    const nodes = addVariable(graph, { name, shape });
    const handle = present(graph.handles.get(name), `a variable "${name}"`);
    const assignment = add(`${name}/keep`, 'AssignVariableOp', [handle, source], { dtype: FLOAT });
    return { assignment, result: { ...nodes, shape } };
  });
  const all = [...assignments, ...kept.map(({ assignment }) => assignment)];
  return { feeds, run: [addFetch(add, `${prefix}/done`, all)], results: kept.map(({ result }) => result) };
}

/** Where the values of inputs and variables are read from, and where inputs are fed. */
interface Sources {
  readonly references: ReadonlyMap<Value, string>;
  readonly feeds: ReadonlyMap<string, string>;
}

/** Adds the inputs of a program. */
function addSources(
  { add, addFeed, handles }: Graph,
  prefix: string,
  program: Program,
  { ahead }: ProgramOptions,
): Sources {
  const references = new Map<Value, string>();
  const feeds = new Map<string, string>();
  for (const [input, value] of program.inputs) {
    if (input === ahead?.input) {
      references.set(value, ahead.nodes.taken);
      continue;
    }
    const feed = `${prefix}/in/${nodeName(input)}`;
    references.set(value, addFeed(add, feed, value.dtype as InputType, value.shape));
    feeds.set(input, feed);
  }
  for (const [name, value] of program.variables)
    references.set(value, present(handles.get(name), `a variable "${name}"`));
  return { references, feeds };
}

/** Gives the node of a constant for readers on a device, or undefined for other values. Each device has its own: no copies. */
function constantNodes({ add }: Graph, prefix: string, constants: readonly Constant[]) {
  const data = new Map(constants.map((constant) => [constant.value, constant.data]));
  const written = new Map<string, string>();
  return (value: Value, device: string | undefined): string | undefined => {
    const numbers = data.get(value);
    if (numbers === undefined) return undefined;
    const key = `${value.id}@${device ?? ''}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const name = `${prefix}/const/${value.id}${device === undefined ? '' : `/${nodeName(device)}`}`;
    written.set(key, name);
    return addConstant(add, name, numbers, closedShape(value), device);
  };
}

/** The nodes that have used a variable since its last assignment, and that assignment. */
interface Access {
  readonly readers: readonly string[];
  readonly writer: string | undefined;
}

/** Adds the ops of a program and its constants. @returns Where values are read from, and the nodes that assign variables. */
function addOps(
  graph: Graph,
  prefix: string,
  program: Program,
  sources: Sources,
): { readonly references: ReadonlyMap<Value, string>; readonly assignments: readonly string[] } {
  const { add, deviceOf } = graph;
  const references = new Map(sources.references);
  const constantNode = constantNodes(graph, prefix, program.constants);
  const access = new Map<Value, Access>();
  const assignments: string[] = [];
  program.ops.forEach((op, index) => {
    const name = `${prefix}/${op.type}_${index}`;
    const resources = op.inputs.filter(({ dtype }) => dtype === 'resource');
    const assigns = op.outputs.length === 0;
    const before = new Set(resources.flatMap((value) => waitsFor(access.get(value), assigns)));
    const device = deviceOf(op.place);
    const inputs = op.inputs.map((value) =>
      present(references.get(value) ?? constantNode(value, device), `a node that ${name} reads`),
    );
    const attributes = Object.entries(op.attributes).map(
      ([key, value]) => [key, toAttrValue(value)] as const,
    );
    add(
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
