// Names by which people mark the splits of a dataset: `train`, `x_test`, `Validation Set`, `train2017`, `fold0`.

export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

const SPLIT_WORDS: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  trn: 'train',
  val: 'validation',
  valid: 'validation',
  validate: 'validation',
  validation: 'validation',
  dev: 'validation',
  eval: 'validation',
  evaluation: 'validation',
  test: 'test',
  testing: 'test',
  tests: 'test',
  tst: 'test',
  holdout: 'test',
};

/** What stands beside such a word and says nothing. */
const FILLERS: ReadonlySet<string> = new Set([
  'x',
  'data',
  'dataset',
  'set',
  'split',
  'images',
  'image',
  'imgs',
  'img',
  'pictures',
  'photos',
  'samples',
  'folder',
  'files',
  'new',
  'final',
]);

/** Words in lower case; `trainData`, `train_data` and `train2017` come apart, and digits are left out. */
const wordsOf = (folder: string): string[] =>
  folder
    .normalize('NFKC')
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');

/** `trainset`, `testimages`: a word and what says nothing, in one. */
function splitOfWord(word: string): Split | undefined {
  const own = SPLIT_WORDS[word];
  if (own !== undefined) return own;
  for (const [known, split] of Object.entries(SPLIT_WORDS)) {
    if (word.startsWith(known) && FILLERS.has(word.slice(known.length))) return split;
    if (word.endsWith(known) && FILLERS.has(word.slice(0, -known.length))) return split;
  }
  return undefined;
}

/** The split that a folder's name says; `undefined` where it says something else, or more than one. */
export function splitOfFolder(folder: string): Split | undefined {
  const words = wordsOf(folder).filter((word) => !FILLERS.has(word));
  return words.length === 1 ? splitOfWord(words[0] as string) : undefined;
}

/** Parts of a cross-validation: `fold0`, `Fold 1`, `fold_a`. */
export const isFoldName = (folder: string): boolean => /^(k[-_ ]?)?folds?[-_ ]?([0-9]+|[a-z])$/i.test(folder);
