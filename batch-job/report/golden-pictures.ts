// Golden pictures: a few pictures with the model's probabilities, stored with the model. Whoever loads it runs them to see
// whether this machine answers the same.

import sharp from 'sharp';
import { rowOf } from '../../core/evaluation/predictions.ts';
import { decodeForInput } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { GoldenPicture } from '../../core/model/parity.ts';
import type { ObjectStore } from '../../core/storage/object-store.ts';
import type { JudgedSplit } from '../judge/judge-model.ts';

/** Each is decoded and run whenever the model is loaded: enough to notice another answer, few enough not to be felt. */
const GOLDEN_PICTURES = 3;

/** Chooses pictures of different classes, at most 3, with the served model's answers, and encodes them as PNG at the size of the network's input. */
export async function goldenPictures(
  store: ObjectStore,
  { items, predictions }: JudgedSplit,
  input: ModelInput,
): Promise<GoldenPicture[]> {
  const classes = new Set<number>();
  const golden: GoldenPicture[] = [];
  for (const [example, item] of items.entries()) {
    if (golden.length === GOLDEN_PICTURES) break;
    if (classes.has(item.classIndex)) continue;
    const object = await store.get(item.key);
    if (object === undefined) continue;
    classes.add(item.classIndex);
    const { pixels, width, height, channels } = await decodeForInput(object.body, input);
    const png = await sharp(pixels, { raw: { width, height, channels } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    golden.push({ png: png.toString('base64'), probabilities: [...rowOf(predictions, example)] });
  }
  return golden;
}
