import { describe, expect, it } from 'vitest';
import { toBase } from '../../../batch-job/base/base.ts';
import { decideFraming, type FramingInput } from '../../../batch-job/base/decide-framing.ts';
import type { Framing } from '../../../core/image/model-input.ts';
import type { Recipe } from '../../../core/job/recipe/recipe.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';

const PRETRAINED = toBase(findArchitecture('mobilenet_v2_0.35'));
const SCRATCH = toBase(findArchitecture('small_cnn'));
/** What is decided now is decoded by this version. */
const decoding = 3;
const COVER = { resize: 'cover', crop: 0.875, decoding };

type Sizes = readonly (readonly [width: number, height: number])[];
const repeat = (count: number, ...sizes: Sizes): Sizes =>
  Array.from({ length: count }, (_, i) => sizes[i % sizes.length] ?? [1, 1]);

const decide = (
  sizes: Sizes,
  {
    base = PRETRAINED,
    resize,
    resolved = null,
  }: {
    base?: FramingInput['base'];
    resize?: Recipe['resize'];
    resolved?: object | null;
  } = {},
) =>
  decideFraming({
    job: { recipe: { resize }, resolved } as unknown as FramingInput['job'],
    base,
    pictures: sizes.map(([width, height]) => ({ width, height })),
  });

describe('decideFraming', () => {
  it('shows a pretrained network the center of photographs, and says why', () => {
    const { framing, reason } = decide([
      ...repeat(85, [640, 480], [480, 640], [348, 348]),
      ...repeat(9, [900, 300]),
    ]);
    expect(framing).toEqual(COVER);
    expect(reason).toMatch(/keep their shape.*center 0\.875.*recipe\.resize/);
  });

  it('cuts nothing off where many pictures are long', () => {
    expect(decide([...repeat(80, [640, 480]), ...repeat(20, [300, 900], [900, 300])])).toEqual({
      framing: { resize: 'contain', decoding },
      reason: expect.stringContaining('20 % of the pictures are longer than 2:1'),
    });
    expect(decide(repeat(50, [900, 300], [880, 300]))).toEqual({
      framing: { resize: 'stretch', decoding },
      reason: expect.stringContaining('of one shape'),
    });
  });

  it('cuts no more than the shape needs off small pictures', () => {
    expect(decide(repeat(30, [28, 28]))).toEqual({
      framing: { resize: 'cover', decoding },
      reason: expect.stringContaining('fewer than 64 pixels'),
    });
  });

  it('shows whole pictures to what is trained from scratch', () => {
    expect(decide(repeat(30, [28, 28], [640, 480]), { base: SCRATCH })).toEqual({
      framing: { resize: 'stretch', decoding },
      reason: null,
    });
  });

  it('does as an imported backbone says, or the request', () => {
    const theirs: Framing = { resize: 'contain', padding: [1, 2, 3] };
    const photos = repeat(30, [640, 480]);
    expect(decide(photos, { base: { framing: theirs } }).framing).toEqual({ ...theirs, decoding });
    expect(decide(photos, { resize: 'stretch' }).framing).toEqual({ resize: 'stretch', decoding });
    expect(decide(repeat(30, [900, 300]), { resize: 'cover' }).framing).toEqual(COVER);
    expect(decide(photos, { base: SCRATCH, resize: 'cover' }).framing).toEqual({ resize: 'cover', decoding });
  });

  it('holds to what an earlier attempt decided, also from before there was a choice', () => {
    const photos = repeat(30, [640, 480]);
    expect(decide(photos, { resolved: {} }).framing).toEqual({ resize: 'stretch' });
    expect(decide(photos, { resolved: { resize: 'cover', crop: 0.9 } }).framing).toEqual({
      resize: 'cover',
      crop: 0.9,
    });
    expect(decide(photos, { resolved: { resize: 'cover', decoding } }).framing).toEqual({
      resize: 'cover',
      decoding,
    });
  });
});
