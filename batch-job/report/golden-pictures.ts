// Golden pictures: a few pictures with the model's probabilities, stored with the model. Whoever loads it runs them to see
// whether this machine answers the same.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { rowOf } from '../../core/evaluation/predictions.ts';
import { decodeForInput, decodePreparedToInput } from '../../core/image/decode-to-input.ts';
import type { ModelInput } from '../../core/image/model-input.ts';
import type { GoldenPicture } from '../../core/model/parity.ts';
import { present } from '../../core/present.ts';
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

/** Adds the answers of the model in 8-bit integers. @param onnx its file. */
export async function withInt8Answers(
  golden: readonly GoldenPicture[],
  onnx: Uint8Array,
  input: ModelInput,
): Promise<GoldenPicture[]> {
  const session = await InferenceSession.create(onnx, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const inputName = present(session.inputNames[0], 'an input of the model');
  const outputName = present(session.outputNames[0], 'an output of the model');
  const dims = [1, input.height, input.width, input.channels];
  const answered: GoldenPicture[] = [];
  try {
    for (const picture of golden) {
      const values = await decodePreparedToInput(Buffer.from(picture.png, 'base64'), input);
      const results = await session.run({ [inputName]: new Tensor('float32', values, dims) });
      answered.push({ ...picture, int8: [...present(results[outputName], 'an output').data].map(Number) });
    }
  } finally {
    await session.release();
  }
  return answered;
}
