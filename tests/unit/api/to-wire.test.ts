import { expect, it } from 'vitest';
import { z } from 'zod';
import { toSnakeCased } from '../../../api/snake-case.ts';
import { toWire, toWireSchema } from '../../../api/to-wire.ts';

const StoredSchema = z
  .strictObject({
    secondsLeft: z.number().min(0).nullable().default(null).describe('Seconds to go.'),
    labelCounts: z.record(z.string(), z.object({ inTrain: z.number() })),
    unfreezeFrom: z.union([z.literal('auto'), z.object({ layerName: z.string() })]),
    someTrials: z.array(z.object({ isChosen: z.boolean() })).max(2),
    usedBy: z.string().optional(),
  })
  .refine(() => true);
const STORED = {
  secondsLeft: 1,
  labelCounts: { redApple: { inTrain: 3 } },
  unfreezeFrom: { layerName: 'block_13' },
  someTrials: [{ isChosen: true }],
};
const ON_THE_WIRE = {
  seconds_left: 1,
  label_counts: { redApple: { in_train: 3 } },
  unfreeze_from: { layer_name: 'block_13' },
  some_trials: [{ is_chosen: true }],
};

it('spells names in snake_case at every depth, and leaves keys that are data', () => {
  expect(toWire(StoredSchema, STORED)).toEqual(ON_THE_WIRE);
  expect(toWire(StoredSchema, { ...STORED, unfreezeFrom: 'auto' }).unfreeze_from).toBe('auto');
});

it('describes what it makes: bounds and descriptions stay, and an answer leaves nothing to a default', () => {
  const schema = toWireSchema(StoredSchema);
  expect(schema.parse(ON_THE_WIRE)).toEqual(ON_THE_WIRE);
  const json = z.toJSONSchema(schema, { io: 'input' });
  expect(json.required).toEqual(['seconds_left', 'label_counts', 'unfreeze_from', 'some_trials']);
  expect(json.properties?.['seconds_left']).toMatchObject({
    description: 'Seconds to go.',
    anyOf: [{ type: 'number', minimum: 0 }, { type: 'null' }],
  });
  expect(json.properties?.['some_trials']).toMatchObject({ maxItems: 2 });
  expect(schema.safeParse({ ...ON_THE_WIRE, new_in_a_later_version: 1 }).success).toBe(true);
});

it('spells the names of plain data', () => {
  expect(toSnakeCased({ limitBytes: 1, inputShapes: [{ layerName: 'a' }], of: null })).toEqual({
    limit_bytes: 1,
    input_shapes: [{ layer_name: 'a' }],
    of: null,
  });
});
