// What has to be known beside the verdict of a model, in words: the same in reports, on the page and at a terminal.

import { type JudgedScores, unknownClasses } from '../evaluation/score-trust.ts';
import { type Interval, type Judged, leadingShare } from './accuracy.ts';
import { firstOf, of100, percent, percentRange, plural, whole } from './quantities.ts';

/** What a report knows beside the accuracy. */
export interface Remarkable extends Judged {
  readonly labels: readonly string[];
  readonly classes: readonly (JudgedScores['classes'][number] & {
    readonly recall: { readonly trials: number } | null;
  })[];
  readonly validationAccuracy: Interval | null;
  /** By models that were trained without the look-alikes of what they judged; null without. */
  readonly outOfFold: SecondEstimate | null;
  /** Groups of pictures that show the same and are in several splits. */
  readonly acrossSplits: number;
  /** Labels that look wrong, of those that were checked. */
  readonly suspects: { readonly count: number; readonly judged: number };
}

interface SecondEstimate {
  readonly accuracy: Interval;
  readonly balancedAccuracy: Interval;
  readonly groups: number;
  readonly folds: number;
  /** Classes that are nearly one group, by index. */
  readonly ungrouped: readonly number[];
}

/** A sentence or more beside the verdict. */
export interface Remark {
  readonly about: 'chance' | 'classes' | 'copies' | 'estimates' | 'labels';
  /** Whether it takes from what the verdict says. */
  readonly isWarning: boolean;
  readonly text: string;
}

/** A test whose interval is wider says little. */
const WIDE = 0.3;
/** So large a share of suspected labels weighs on what is measured. */
const MANY_SUSPECTS = 0.1;
/** Labels that a sentence names at most. */
const MOST_LABELS = 5;

/** All that has to be known beside the verdict, the most important first; empty where there is nothing. */
export const sayRemarks = (of: Remarkable): readonly Remark[] =>
  [sayChance(of), sayUnknownClasses(of), sayCopies(of), saySecondEstimate(of), saySuspects(of)].flatMap(
    (one) => one ?? [],
  );

const warning = (about: Remark['about'], text: string): Remark => ({ about, isWarning: true, text });

/** Where guessing explains the number: of classes that count alike, any; else the largest, always. */
function sayChance(of: Remarkable): Remark | null {
  const trials = of.classes.flatMap(({ recall }) => recall?.trials ?? []);
  const guessed = of.isImbalanced
    ? 1 / trials.length
    : Math.max(...trials) / trials.reduce((sum, count) => sum + count, 0);
  if (trials.length < 2 || leadingShare(of).low > guessed) return null;
  return warning(
    'chance',
    `That may be no better than guessing: to name ${of.isImbalanced ? 'any one class' : 'the largest class'} each time is right for ${of100(guessed)} of 100.`,
  );
}

function sayUnknownClasses({ labels, classes }: Remarkable): Remark | null {
  const unknown = unknownClasses(classes);
  if (unknown.length === 0) return null;
  const those = unknown.length === 1 ? 'that class' : 'those classes';
  return warning(
    'classes',
    `The model never answered ${namesOf(unknown, labels)}. It does not know ${those}: add pictures, or train with another "imbalance".`,
  );
}

const namesOf = (indices: readonly number[], labels: readonly string[]): string =>
  firstOf(
    indices.map((index) => labels[index] ?? String(index)),
    MOST_LABELS,
  );

/** Folds hold look-alikes out together. */
function sayCopies({ judgedOn, acrossSplits }: Remarkable): Remark | null {
  if (judgedOn === 'folds' || acrossSplits === 0) return null;
  return warning(
    'copies',
    `${plural(acrossSplits, 'picture')} of the validation or test ${acrossSplits === 1 ? 'shows' : 'show'} the same as pictures of another split, ` +
      'so that results look better than they are. Put pictures that show the same into one split, or remove all but one; then train again.',
  );
}

/**
 * The second estimate, and which of the two to expect. A warning where the model is clearly more accurate on held-out pictures than on
 * the test: the test then has pictures of another kind.
 */
function saySecondEstimate(of: Remarkable): Remark | null {
  const { judgedOn, isImbalanced, accuracy, balancedAccuracy, validationAccuracy, outOfFold } = of;
  if (judgedOn !== 'test') return null;
  if (outOfFold === null)
    return !isImbalanced && validationAccuracy !== null && validationAccuracy.low > accuracy.high
      ? sayGap(validationAccuracy, 'the validation split')
      : null;
  const [name, first, second] = isImbalanced
    ? ['balanced accuracy', balancedAccuracy, outOfFold.balancedAccuracy]
    : ['right', accuracy, outOfFold.accuracy];
  if (second.low > first.high) return sayGap(second, 'groups of look-alikes held out of training');
  const expected =
    first.high - first.low > WIDE
      ? 'The test has too few pictures to say which to expect.'
      : second.value > first.value
        ? 'Here the second is not lower: the pictures of the test are no easier than those of series that it has not seen. Expect the first.'
        : 'Expect the first where new pictures show the objects, places and cameras of the dataset, the second where they show others.';
  const text =
    `Two estimates. On pictures like these: ${percent(first.value)} (${percentRange(first)}) ${name}, by the test. ` +
    `On series it has not seen: ${percent(second.value)} (${percentRange(second)}), by models that were trained without a picture's ` +
    `look-alikes (${plural(outOfFold.groups, 'group')}, ${outOfFold.folds === 1 ? 'held out at once' : `in ${outOfFold.folds} parts`}). ${expected}`;
  return { about: 'estimates', isWarning: false, text: `${text}${sayUngrouped(of.labels, outOfFold)}` };
}

/** A sentence on classes that are nearly one group, whose look-alikes could not be held out together. */
function sayUngrouped(labels: readonly string[], { ungrouped }: SecondEstimate): string {
  if (ungrouped.length === 0) return '';
  const those = ungrouped.length === 1 ? 'that class' : 'those classes';
  return ` Most pictures of ${namesOf(ungrouped, labels)} look alike, so that they were held out one by one: for ${those} the second number is too good.`;
}

const sayGap = ({ value }: Interval, where: string): Remark =>
  warning(
    'estimates',
    `On ${where} ${percent(value)} were right, far more than on the test. Either the test has pictures of another kind (places, cameras, ` +
      'seasons), or pictures of the same series are on both sides of that estimate. Trust the test; what the easier pictures chose ' +
      '(settings, temperature, thresholds) is chosen for them.',
  );

function saySuspects({ suspects: { count, judged } }: Remarkable): Remark | null {
  if (count === 0) return null;
  return {
    about: 'labels',
    isWarning: false,
    text: `${whole(count)} of ${plural(judged, 'label')} that ${judged === 1 ? 'was' : 'were'} checked ${count === 1 ? 'looks' : 'look'} wrong.${count / judged >= MANY_SUSPECTS ? ' Those that are wrong count against the model: it may be better than these numbers, and its scores too modest.' : ''}`,
  };
}
