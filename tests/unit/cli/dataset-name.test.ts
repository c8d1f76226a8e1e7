import { describe, expect, it } from 'vitest';
import { toDatasetName, toModelName } from '../../../cli/dataset/dataset-name.ts';
import { isModelName } from '../../../core/model/model-name.ts';

describe('toModelName', () => {
  it.each([
    ['/data/fruit', 'fruit'],
    ['/data/my fruit (2)', 'my-fruit-2'],
    ['/data/.hidden', 'hidden'],
    ['/data/fruit_水果', 'fruit_'],
    ['/data/Äpfel rot', 'Apfel-rot'],
    [`/data/${'x'.repeat(200)}`, 'x'.repeat(55)],
  ])('takes what is allowed of the name of %s', (folder, name) => {
    expect(toModelName(folder)).toBe(name);
    expect(isModelName(name)).toBe(true);
  });

  it.each(['/data/水果', '/data/__', '/'])('falls back to a hash of the path of %s', (folder) => {
    expect(toModelName(folder)).toMatch(/^dataset-[0-9a-f]{8}$/);
    expect(toModelName(folder)).toBe(toModelName(folder));
  });

  it('distinguishes folders whose names have no allowed character', () => {
    expect(toModelName('/data/水果')).not.toBe(toModelName('/data/蔬菜'));
  });
});

describe('toDatasetName', () => {
  const files = [
    { path: 'cat/1.png', sizeBytes: 10 },
    { path: 'dog/1.png', sizeBytes: 20 },
  ];

  it('is the same for the same files in any order', () => {
    expect(toDatasetName('pets', files)).toMatch(/^pets-[0-9a-f]{8}$/);
    expect(toDatasetName('pets', files.toReversed())).toBe(toDatasetName('pets', files));
  });

  it('differs where a file is missing, added, or of another size', () => {
    const [cat, dog] = files as [(typeof files)[0], (typeof files)[0]];
    const others = [
      [cat],
      [...files, { path: 'dog/2.png', sizeBytes: 20 }],
      [cat, { ...dog, sizeBytes: 21 }],
    ];
    expect(new Set([files, ...others].map((some) => toDatasetName('pets', some))).size).toBe(4);
  });

  it('stays within the allowed length of names', () => {
    expect(isModelName(toDatasetName(toModelName(`/${'x'.repeat(200)}`), files))).toBe(true);
  });
});
