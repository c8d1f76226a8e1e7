// Which imported backbones a job with `auto` compares.

import { expect, it } from 'vitest';
import { basesAtHand } from '../../../core/backbone/bases-at-hand.ts';
import { importBackbone } from '../../../core/backbone/import-backbone.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { keys } from '../../../core/storage/keys.ts';
import { foreignModel } from '../../support/foreign-onnx.ts';

it('has the same file for the same input once, whatever its names', async () => {
  const store = createMemoryStore();
  const importAs = (name: string, preprocessing: 'unit' | 'tf') =>
    importBackbone({ store, now: () => 0 }, { name, onnx: foreignModel(), layout: 'nchw', preprocessing });
  await importAs('one', 'unit');
  await importAs('same', 'unit');
  await importAs('other_input', 'tf');
  await store.put(keys.backbone('damaged'), '{');
  expect(await basesAtHand({ store })).toEqual(['onnx:damaged', 'onnx:one', 'onnx:other_input']);
});
