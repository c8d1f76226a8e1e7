// A computation as data: a list of TensorFlow ops over numbered values, without branches and loops. Written once by the builder, then run op
// by op or written as a graph, of TensorFlow or of ONNX. Knows no executor and no network.

/** Types of 16 bits that stand for numbers: what mixed precision computes in. */
export type LowPrecision = 'bfloat16' | 'float16';

/** `uint8` is pixels as they are decoded; `bool` is what a comparison gives; `resource` is the handle of a variable. */
export type DataType = 'float32' | LowPrecision | 'int32' | 'uint8' | 'bool' | 'resource';

/** Types of what a program is fed: values, pixels or indices. */
export type InputType = 'float32' | 'uint8' | 'int32';

/** The size of an axis; null is the batch where the program is written for any number of samples. */
export type Dimension = number | null;

/** The sizes of a value's axes, the batch first. */
export type Shape = readonly Dimension[];

/** One attribute of an op, tagged as TensorFlow's `AttrValue` is. */
export type Attribute =
  | { readonly kind: 'type'; readonly value: DataType }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] };

/** The attributes of an op by TensorFlow's name, e.g. `strides`. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One tensor of a program. */
export interface Value {
  /** Unique in its program, counted from 0 in order of creation. */
  readonly id: number;
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** The device of a tower, by the tower's number, or the processor, which feeds them. */
export type Place = number | 'host';

/** One op, with TensorFlow's name, attributes and order of inputs and outputs. */
export interface Op {
  /** Where it runs; on the first device by default. */
  readonly place?: Place;
  readonly type: string;
  readonly attributes: Attributes;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A value that never changes, with its numbers in row-major order. */
export interface Constant {
  readonly value: Value;
  readonly data: Float32Array | Int32Array;
}

/** A float32 variable, which persists between runs. Names are unique in a session, e.g. `Conv1/kernel` or `Conv1/kernel/momentum`. */
export interface VariableSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A program is a pure function of its inputs and variables, but for the variables that its ops assign. */
export interface Program {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly constants: readonly Constant[];
  /** Handles of the variables that it reads or assigns. */
  readonly variables: ReadonlyMap<string, Value>;
  /** In an order of evaluation. */
  readonly ops: readonly Op[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/** Attributes of each kind in short, e.g. `attr.int(3)`. */
export const attr = {
  type: (value: DataType): Attribute => ({ kind: 'type', value }),
  int: (value: number): Attribute => ({ kind: 'int', value }),
  float: (value: number): Attribute => ({ kind: 'float', value }),
  bool: (value: boolean): Attribute => ({ kind: 'bool', value }),
  string: (value: string): Attribute => ({ kind: 'string', value }),
  ints: (value: readonly number[]): Attribute => ({ kind: 'ints', value }),
} as const;

/** Number of values of a shape without open dimensions. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, n) => product * n, 1);

/**
 * The shape as plain numbers.
 *
 * @throws {Error} Where a dimension is open: a defect of the caller, who runs op by op only programs of a known batch.
 */
export function closedShape(value: Value): readonly number[] {
  return value.shape.map((n) => {
    if (n === null) throw new Error(`Value ${value.id} has the open shape [${value.shape.join(', ')}].`);
    return n;
  });
}
