// One rule for each name: what the page takes is what the API takes, and a suggested name is always one.

import { describe, expect, it } from 'vitest';
import { isFileName, NAME_MAX_BYTES } from '../../../api/file-name.ts';
import { isModelName, suggestModelName } from '../../../core/model/model-name.ts';
import { parseDatasetName } from '../../../functions/routes/dataset-name.ts';

describe('suggestModelName', () => {
  it.each([
    ['Äpfel rot', 'Apfel-rot'],
    ['Straße', 'Strasse'],
    ['-pfel-', 'pfel'],
    ['水果', 'model'],
    ['..', 'model'],
    ['', 'model'],
    ['x'.repeat(200), 'x'.repeat(64)],
  ])('makes a name of %s', (text, name) => {
    expect(suggestModelName(text)).toBe(name);
    expect(isModelName(name)).toBe(true);
  });
});

describe('the name of a dataset', () => {
  it.each(['Äpfel rot', 'fruit', 'é'.repeat(NAME_MAX_BYTES / 2)])('may be %s', (name) => {
    expect(isFileName(name)).toBe(true);
    expect(parseDatasetName(name)).toBe(name);
  });

  it.each(['', '.x', '..', 'a/b', 'a\\b', 'a\nb', '\ud800', 'é'.repeat(NAME_MAX_BYTES)])(
    'may not be %j',
    (name) => {
      expect(isFileName(name)).toBe(false);
      expect(() => parseDatasetName(name)).toThrow('cannot be the name of a dataset');
    },
  );
});
