// The nodes through which an input of the next run is uploaded while a run computes: it goes to a queue on the device
// (TensorFlow's staging area), and the next run takes it from there. An upload of its own would wait for the run.

import type { InputType, Shape } from '../program/program.ts';
import type { AddFeed } from './feeds.ts';
import { type AddNode, addConstant, addFetch, HOST, toAttr } from './graph-nodes.ts';

/** Names of the nodes of an input that is uploaded ahead. */
export interface AheadNodes {
  /** To feed the input of the next run, of any number of samples. */
  readonly feed: string;
  /** To fetch, so that the fed value is added to the queue. */
  readonly added: string;
  /** To fetch, so that the fed value takes the place of all that is in the queue. */
  readonly replaced: string;
  /** The oldest value of the queue, which it leaves. It waits for one where the queue is empty. */
  readonly taken: string;
}

/** Adds the queue and its nodes. @param shape That of a value that is taken. */
export function addAhead(
  add: AddNode,
  addFeed: AddFeed,
  {
    name,
    type,
    shape,
  }: { readonly name: string; readonly type: InputType; readonly shape: readonly number[] },
): AheadNodes {
  const feed = `${name}/in`;
  const open: Shape = [null, ...shape.slice(1)];
  const fed = addFeed(add, feed, type, open);
  // TensorFlow puts the copy into memory that the device reads by itself. From JavaScript's memory the driver would copy, and hold up
  // what is started meanwhile.
  const values = add(`${name}/copy`, 'DeepCopy', [fed], { T: toAttr.type(type) }, HOST);
  const queue = { dtypes: toAttr.types(type), shared_name: toAttr.text(name) };
  const stage = add(`${name}/add`, 'Stage', [values], queue);
  const beside = { ...queue, _class: toAttr.besides(stage) };
  const clear = add(`${name}/clear`, 'StageClear', [], beside);
  const replace = add(`${name}/replace`, 'Stage', [values, `^${clear}`], beside);
  const oldest = add(`${name}/oldest`, 'Unstage', [], beside);
  // Compilers want to know the shape.
  const sizes = addConstant(add, `${name}/shape`, Int32Array.from(shape), [shape.length]);
  const attributes = { T: toAttr.type(type), Tshape: toAttr.type('int32') };
  return {
    feed,
    added: addFetch(add, `${name}/added`, [stage]),
    replaced: addFetch(add, `${name}/replaced`, [replace]),
    taken: add(`${name}/taken`, 'Reshape', [oldest, sizes], attributes),
  };
}
