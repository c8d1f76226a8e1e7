import { describe, expect, it } from 'vitest';
import { detectLayout, placeFile } from '../../../core/dataset/dataset-layout.ts';
import { splitOfFolder } from '../../../core/dataset/split-folder.ts';

/** Paths of two pictures in each of the folders. */
const inFolders = (...folders: readonly string[]) =>
  folders.flatMap((folder) => [`${folder}/1.jpg`, `${folder}/2.jpg`]);
const CLASSES = ['cat', 'dog', 'owl'];
const each = (tops: readonly string[], classes: readonly string[] = CLASSES) =>
  inFolders(...tops.flatMap((top) => classes.map((label) => `${top}/${label}`)));
const labelsOf = (paths: readonly string[]) => {
  const layout = detectLayout(paths);
  const places = paths.map((path) => placeFile(path, layout));
  return [...new Set(places.flatMap((place) => (place.kind === 'picture' ? [place.label] : [])))].sort();
};

describe('splitOfFolder', () => {
  it.each([
    [
      'train',
      [
        'train',
        'Training',
        'train_data',
        'x_train',
        'train2017',
        'TrainImages',
        'training_set',
        'trainset',
        'train-1',
      ],
    ],
    ['validation', ['val', 'valid', 'Validation', 'val_images', 'x_val', 'dev', 'valSet', 'eval']],
    ['test', ['test', 'tests', 'testing', 'test_data', 'X_test', 'testset', 'test images', 'holdout']],
  ] as const)('knows %s by many names', (split, names) => {
    expect(names.map((name) => [name, splitOfFolder(name)])).toEqual(names.map((name) => [name, split]));
  });

  it('takes no other name for a split', () => {
    const others = [
      'cat',
      'trainer',
      'freight train',
      'contest',
      'data',
      'invalid',
      'train_test',
      'device',
      'valley',
      '1',
    ];
    expect(others.filter((name) => splitOfFolder(name) !== undefined)).toEqual([]);
  });
});

describe('detectLayout', () => {
  it.each([
    [['train_data', 'test_data']],
    [['x_train', 'x_test']],
    [['train', 'tests']],
    [['Training Set', 'val2017', 'testing']],
  ])('takes %j for splits', (tops) => {
    const layout = detectLayout(each(tops));
    expect([layout.ambiguity, layout.splits?.size]).toEqual([null, tops.length]);
    expect(labelsOf(each(tops))).toEqual(CLASSES);
  });

  it('leaves out a stray folder beside splits', () => {
    const paths = [
      ...each(['train', 'val']),
      ...inFolders('unsorted'),
      'notes/readme.md',
      'train/labels.csv',
    ];
    expect(detectLayout(paths)).toEqual({
      wrappers: [],
      splits: new Set(['train', 'validation']),
      splitWrappers: new Map([
        ['train', []],
        ['val', []],
      ]),
      ambiguity: null,
    });
    expect(placeFile('unsorted/1.jpg', detectLayout(paths))).toEqual({ kind: 'outside-class' });
  });

  it('takes no split from a folder of pictures without classes', () => {
    const paths = [...each(['train']), ...inFolders('test')];
    expect(detectLayout(paths)).toMatchObject({ splits: new Set(['train']), ambiguity: null });
    expect(placeFile('test/1.jpg', detectLayout(paths)).kind).toBe('outside-class');
  });

  it('looks through a folder around all that is in a split', () => {
    const paths = each(['training_set/training_set', 'test_set/images/all']);
    const layout = detectLayout(paths);
    expect([layout.ambiguity, layout.splits]).toEqual([null, new Set(['train', 'test'])]);
    expect(labelsOf(paths)).toEqual(CLASSES);
    expect(placeFile('test_set/images/all/cat/a/1.jpg', layout)).toEqual({
      kind: 'picture',
      label: 'cat',
      split: 'test',
      folders: ['test_set', 'images', 'all', 'cat'],
      rest: ['a', '1.jpg'],
    });
    expect(placeFile('test_set/notes/cat/1.jpg', layout)).toEqual({ kind: 'outside-class' });
    const oneClass = [...each(['train']), ...inFolders('test/cat/old', 'test/cat/new')];
    expect(labelsOf(oneClass)).toEqual(CLASSES);
  });

  it('looks through folders around everything', () => {
    const wrapped = each(['pets/v2/train', 'pets/v2/test']);
    expect(detectLayout([...wrapped, 'readme.md', 'pets/labels.csv'])).toEqual({
      wrappers: ['pets', 'v2'],
      splits: new Set(['train', 'test']),
      splitWrappers: new Map([
        ['train', []],
        ['test', []],
      ]),
      ambiguity: null,
    });
    expect(placeFile('pets/v2/train/cat/a/1.jpg', detectLayout(wrapped))).toEqual({
      kind: 'picture',
      label: 'cat',
      split: 'train',
      folders: ['train', 'cat'],
      rest: ['a', '1.jpg'],
    });
    expect(labelsOf(each(['pets']))).toEqual(CLASSES);
    expect(labelsOf(inFolders('cat'))).toEqual(['cat']);
    expect(labelsOf(inFolders('animals/cat'))).toEqual(['animals']);
    expect(labelsOf([...inFolders('cat'), ...inFolders('cat/big', 'cat/small')])).toEqual(['cat']);
  });

  it.each([
    [
      'folds of a cross-validation',
      each(['fold0', 'fold1', 'fold2']),
      ['"fold0"', '"cat"', 'cross-validation'],
    ],
    [
      'folders of the same subfolders',
      each(['red', 'blue']),
      ['"red"', '"cat"', 'name the folders above them train/'],
    ],
    ['mostly the same ones', [...each(['a', 'b']), ...inFolders('a/cow')], ['"a"', '"dog"']],
    ['splits without one to train on', each(['val', 'tests']), ['"val"', '"tests"']],
    [
      'a stray folder with the same classes',
      [...each(['train', 'val']), ...each(['more'])],
      ['"more" beside them is not'],
    ],
    ['one split and other folders', [...each(['train']), ...inFolders('unlabeled')], ['"unlabeled"', 'move']],
    [
      'splits of pictures without classes',
      inFolders('train', 'test'),
      ['without classes', 'train/<class>/<file>'],
    ],
    ['ambiguous folders in one', each(['all/fold0', 'all/fold1']), ['"fold0"']],
    [
      'folders around the same classes, by whatever names',
      [...each(['seg_train/seg_train', 'seg_test/seg_test']), ...inFolders('seg_pred/seg_pred')],
      ['"seg_train"', '"cat"'],
    ],
    [
      'folds with a folder around their classes',
      each(['fold1/images', 'fold2/images']),
      ['"fold1"', '"cat"'],
    ],
    [
      'folders of one name around the same classes',
      each(['cam1/day1', 'cam2/day1']),
      ['"cam1"', '"cat"', 'may be splits'],
    ],
    [
      'folds that share one class',
      inFolders('fold_1/banana', 'fold_1/kiwi', 'fold_2/banana'),
      ['"fold_1"', '"kiwi"', 'cross-validation'],
    ],
    ['splits of different classes', inFolders('val/a', 'val/b', 'test/c'), ['"val"', 'named like splits']],
    ['a split of one class beside another folder', inFolders('train/old', 'car'), ['"train"', '"old"']],
    [
      'a stray folder around the same classes',
      [...each(['train', 'val']), ...each(['more/more'])],
      ['"more" beside them is not'],
    ],
  ])('refuses %s, and spells both readings out', (_, paths, words) => {
    const { splits, ambiguity } = detectLayout(paths);
    expect(splits).toBeNull();
    for (const word of words) expect(ambiguity).toContain(word);
    expect(ambiguity).toMatch(/Either .*: then .* Or .*: then /);
  });

  it.each([
    [
      'classes with subfolders of their own',
      each(['cat', 'dog'], ['a', 'b']).map((path) => path.replace('dog/', 'dog/x')),
      ['cat', 'dog'],
    ],
    ['one subfolder everywhere', each(['cat', 'dog'], ['images']), ['cat', 'dog']],
    [
      'classes with pictures beside their subfolders',
      [...each(['cat', 'dog'], ['a', 'b']), ...inFolders('cat', 'dog')],
      ['cat', 'dog'],
    ],
    ['a class named as a split is', inFolders('train', 'car', 'bus'), ['bus', 'car', 'train']],
    ['such a class with a subfolder', inFolders('train', 'train/old', 'car'), ['car', 'train']],
  ])('sees one way to read %s', (_, paths, labels) => {
    expect(detectLayout(paths)).toMatchObject({ wrappers: [], splits: null, ambiguity: null });
    expect(labelsOf(paths)).toEqual(labels);
  });
});
