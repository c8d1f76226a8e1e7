// Recognizes the names that people give to the splits of a dataset: `train`, `x_test`, `Validation Set`, `train2017`, `fold0`.

/** The splits of a dataset. */
export const SPLITS = ['train', 'validation', 'test'] as const;
/** One of {@link SPLITS}. */
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

/** Words that may stand beside such a word without a meaning. */
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

/** The words of a name in lower case and without digits: those of `trainData`, `train_data` and `train2017`. */
const wordsOf = (folder: string): string[] =>
  folder
    .normalize('NFKC')
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');

/** The split that a word names, alone or joined with a filler: `trainset`, `testimages`. */
function splitOfWord(word: string): Split | undefined {
  const own = SPLIT_WORDS[word];
  if (own !== undefined) return own;
  for (const [known, split] of Object.entries(SPLIT_WORDS)) {
    if (word.startsWith(known) && FILLERS.has(word.slice(known.length))) return split;
    if (word.endsWith(known) && FILLERS.has(word.slice(0, -known.length))) return split;
  }
  return undefined;
}

/** The split that a folder's name means; `undefined` where it means none or several. */
export function splitOfFolder(folder: string): Split | undefined {
  const words = wordsOf(folder).filter((word) => !FILLERS.has(word));
  return words.length === 1 ? splitOfWord(words[0] as string) : undefined;
}

/** Whether a folder is named like a fold of a cross-validation: `fold0`, `Fold 1`, `fold_a`. */
export const isFoldName = (folder: string): boolean => /^(k[-_ ]?)?folds?[-_ ]?([0-9]+|[a-z])$/i.test(folder);
