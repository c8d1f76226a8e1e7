// Every sentence of the page in English, so that another language is another file. Knows nothing of how they are shown.

import { NAME_MAX_BYTES } from '../../../api/file-name.ts';
import { MODEL_NAME_MAX_LENGTH } from '../../../api/model-name.ts';
import type { Interval, rightOf } from '../../../core/words/accuracy.ts';
import { sayNotUsed } from '../../../core/words/promotion.ts';
import {
  aboutDollars,
  dollars,
  duration,
  firstOf,
  of100,
  percent,
  percentBelowAll,
  percentRange,
  plural,
  roughDollars,
  size,
  whole,
} from '../../../core/words/quantities.ts';

/** The shares of pictures that a threshold sets aside, and that are answered wrongly. */
interface Effect {
  readonly aside: number;
  readonly wrong: number;
}

/** "3 more are wrong", "2 fewer are wrong" or "6 are wrong, as before", of a hundred. */
const CHANGED = (before: number, now: number, what: string) => {
  const more = of100(now) - of100(before);
  if (more === 0) return `${of100(now)} are ${what}, as before`;
  return `${Math.abs(more)} ${more > 0 ? 'more' : 'fewer'} are ${what}`;
};

const MOST_USES = 5;
/** The models that depend on a dataset. */
const USES = (models: readonly string[]) =>
  models.length === 0
    ? ''
    : `It trained ${firstOf(models, MOST_USES)}; models stay, and their reports keep the name and lose the pictures.`;

const FILE_NAME_RULE = `does not begin with a dot, and holds no slash and no backslash. It has 1 to ${NAME_MAX_BYTES} letters, fewer where they have accents.`;

/** The sentences of the page. */
export const TEXTS = {
  brand: 'Fovea',
  nav: { label: 'Views', datasets: 'Datasets', train: 'Train', models: 'Models', try: 'Try', api: 'API' },
  titles: {
    datasets: 'Dataset',
    train: 'Train',
    jobs: 'Training',
    models: 'Model',
    plan: 'Plan',
    try: 'Try',
  },
  skip: 'Skip to the content',
  health: {
    connecting: 'connecting',
    up: 'running',
    'needs-key': 'needs an API key',
    down: 'no answer',
  },
  down: 'The server does not answer. What you see may be old. The page asks again every few seconds.',
  noAnswer:
    'The server does not answer. Check that it runs and that this computer reaches it; then try again.',
  slow: 'The server takes its time. The page waits for the answer.',
  loading: 'Loading …',
  noView: (address: string) => `There is no view ${address}.`,
  seeStart: 'Go to the start',
  again: 'Try again',
  /** Leads to what there is instead of something that is gone. */
  seeAll: { datasets: 'See the datasets', models: 'See the models', train: 'See the trainings' },
  renamedTo: (name: string) => `Now called ${name}`,
  choose: 'Choose …',
  /** What the API refuses, by its code, with what to do on the page; other codes have the message of the API. */
  errors: {
    'dataset-in-use':
      'A training or a batch uses the dataset. Wait for its end, or cancel it under “Train”; then try again.',
    'dataset-exists':
      'There is a dataset of that name already. Choose another name, or delete that one first.',
    'dataset-not-found':
      'There is no such dataset any more. It was renamed or deleted; “Datasets” lists those that are there.',
    'dataset-class-not-found':
      'There is no such class any more. It was renamed, or its pictures were moved; load the page anew.',
    'dataset-file-changed':
      'A picture was replaced since the page showed it, so nothing was deleted. Load the page anew, and look at it again.',
    'model-not-found':
      'There is no such model any more. It was renamed or deleted; “Models” lists those that are there.',
    'job-not-found':
      'There is no such training any more. It was deleted; “Train” lists those that are there.',
    'model-in-use': 'Something works on the model. Wait until it has ended; then try again.',
    'rollback-unavailable':
      'No version was in use before this one. Press “Use this one” beside the version that you want.',
    'alias-conflict': 'Somebody else changed the model in the meantime. Load the page anew, and look again.',
    'job-finished': 'The training is over already, so there is nothing to stop.',
    'rate-limited': 'The server gets more requests from here than it answers. Wait a minute; then try again.',
    'server-busy': 'The server has as much to do as it can. Wait a moment; then try again.',
    'scope-missing':
      'Your API key does not have the scope for this. Ask whoever runs the server for a key that has it.',
  } as Readonly<Record<string, string>>,
  /** What a name may be, by what has it. */
  names: {
    dataset: `The name of a dataset ${FILE_NAME_RULE}`,
    class: `The name of a class ${FILE_NAME_RULE}`,
    model: `The name of a model has 1 to ${MODEL_NAME_MAX_LENGTH} letters without accents, digits, dots, dashes and underscores, and begins with a letter or a digit.`,
  },
  failed: (message: string) => `That did not work. ${message}`,
  key: {
    title: 'API key',
    why: 'This installation answers to those who have a key. It stays in this tab, and goes to this server alone.',
    label: 'API key',
    use: 'Use it',
  },
  /** What the key of the tab does not allow. */
  access: {
    lacks: (key: string, has: string, needed: string, to: string) =>
      `Your API key “${key}” has the scope ${has}. ${to} needs the scope ${needed}: ask whoever runs the server for a key that has it.`,
    limited: (kind: 'datasets' | 'models', names: readonly string[]) =>
      names.length === 0
        ? `Your API key allows no ${kind}.`
        : `Your API key allows only ${kind} of these names: ${names.join(', ')}.${names.some((name) => name.endsWith('*')) ? ' A star stands for any ending.' : ''}`,
    view: 'This view',
    dataset: 'To remove pictures, and to rename or delete the dataset,',
    pictures: 'To remove pictures',
    model: 'To delete the model or a version of it',
    judged: 'To see how good the model is, and to put a version into use,',
  },
  upload: {
    title: 'Add pictures',
    hint: 'Drop a folder here, or choose a folder',
    how: 'It holds one folder of pictures for each class, such as apple and banana.',
    choose: 'Choose a folder',
    name: 'Name of the dataset',
    nameHelp: 'Pictures go into the dataset of this name, and make it if there is none.',
    plan: (files: number, classes: number, bytes: string) =>
      `${plural(files, 'picture')} in ${plural(classes, 'class', 'classes')}, ${bytes}.`,
    start: 'Upload',
    stop: 'Stop',
    goOn: 'Go on',
    progress: 'Upload',
    state: (done: number, total: number) =>
      `${whole(done)} of ${plural(total, 'picture')} ${done === 1 ? 'is' : 'are'} there.`,
    left: (seconds: number) => `About ${duration(seconds)} left.`,
    had: (count: number) => `${plural(count, 'picture was', 'pictures were')} there already.`,
    stopped: 'The upload is stopped. What is there stays; go on, or choose the same folder again later.',
    broken: (message: string) => `The upload stopped: ${message} What is there stays.`,
    clashes: (count: number, dataset: string) =>
      `${plural(count, 'picture has', 'pictures have')} the name of another picture in ${dataset}. ` +
      'Keep both, replace those that are there, or skip the new ones? To keep both, the new one gets a number.',
    clashChoices: { both: 'Keep both', replace: 'Replace', skip: 'Skip' },
    unfinished: (dataset: string, done: number, total: number) =>
      `The upload into ${dataset} stopped at ${whole(done)} of ${plural(total, 'picture')}, unless it runs in another tab. ` +
      'Drop the same folder again to go on: what is there is not sent again.',
    forget: 'Leave it so',
    done: 'All pictures are there.',
    refused: (count: number) => `${plural(count, 'file is', 'files are')} left out`,
    nothing: 'The folder has no pictures in folders of classes.',
    reasons: {
      empty: 'The file is empty.',
      'no-picture': 'This is no picture.',
      'no-class': 'The file lies in no folder of a class.',
      deep: 'The file lies more than two folders deep.',
    },
  },
  datasets: {
    title: 'Datasets',
    none: 'No dataset yet. Drop a folder above to make one.',
    facts: (pictures: number, classes: number) =>
      `${plural(pictures, 'picture')} in ${plural(classes, 'class', 'classes')}`,
    unknown: 'not looked at yet',
    ready: 'ready to train',
    notReady: 'needs work first',
  },
  dataset: {
    inspecting: (done: number, total: number) =>
      `Looking at the pictures: ${whole(done)} of ${whole(total)}.`,
    begin: 'Looking at the pictures …',
    split: ({ train, validation, test }: { train: number; validation: number; test: number }) =>
      `${plural(train, 'picture is', 'pictures are')} for training, ${whole(validation)} for validation, and ${whole(test)} for the ` +
      'test at the end. Validation pictures choose settings of the training. The model never sees the test pictures while it learns, so the test tells how it will do on new ones.',
    parts: ({ train, validation, test }: { train: number; validation: number; test: number }) =>
      `${whole(train)} to learn from, ${whole(validation)} for validation, ${whole(test)} for the test`,
    part: { train: 'learn', validation: 'validate', test: 'test', none: 'left out' },
    pictureHint:
      'Drag a picture, or all that are selected, onto a class; or select some and press the button of a class. Shift selects all in between. ' +
      'Below each picture is its part: to learn from, for validation, or for the test. It keeps its part when it moves.',
    dragHint: 'Drag a picture onto another class to move it. Open a class to move several, also by keyboard.',
    train: 'Train a model',
    cannot: 'Training is not possible yet. See what to mend below.',
    findings: 'What to look at',
    noFindings:
      'A look at the files found nothing wrong. A training looks closer: it finds pictures that show the same in another cut, and labels that look wrong.',
    toCheck: (model: string) => `What ${model} found`,
    keep: 'Keep as it is',
    kept: (count: number) => `${plural(count, 'finding')} kept as ${count === 1 ? 'it is' : 'they are'}`,
    askAgain: 'Ask again',
    move: 'Move',
    moveTo: 'Move to',
    remove: 'Remove',
    removeSure: (count: number) => `Delete ${plural(count, 'picture')} for good?`,
    more: (count: number) => `And ${whole(count)} more of this kind.`,
    classes: 'Classes',
    classGone: (label: string, dataset: string) =>
      `There is no class ${label} in ${dataset}. It was renamed, or its pictures were moved or removed.`,
    seeClasses: (dataset: string) => `See the classes of ${dataset}`,
    count: (count: number) => plural(count, 'picture'),
    all: (label: string) => `All pictures of ${label}`,
    rename: 'Rename',
    renameLabel: (label: string) => `New name of ${label}`,
    erase: 'Delete the dataset',
    eraseSure: (dataset: string, uses: readonly string[]) =>
      `Delete ${dataset} with all its pictures for good? ${USES(uses)}`.trim(),
    isInUse: (dataset: string, jobs: readonly string[]) =>
      `Trainings use ${dataset}, and have to end first: ${firstOf(jobs, MOST_USES)}. Wait for their end, or cancel them under “Train”.`,
    renameDataset: 'Rename the dataset',
    renameDatasetSure: (dataset: string, name: string, uses: readonly string[]) =>
      `Rename ${dataset} to ${name}? ${USES(uses)}`.trim(),
    save: 'Save',
    cancel: 'Cancel',
    close: 'Close',
    moved: (count: number, label: string) => `${plural(count, 'picture')} moved to ${label}.`,
    removed: (count: number) => `${plural(count, 'picture')} removed.`,
    removedNone: 'Nothing was removed: the pictures are no longer there.',
    joinSure: (name: string, own: number, other: number) =>
      `There is a class ${name}. Join them? ${whole(own)} + ${plural(other, 'picture')}`,
    renamed: (label: string) => `The class is now ${label}.`,
    stayed: (message: string) => `Some stayed: ${message}`,
    select: (name: string) => `Select ${name}`,
    selected: (count: number) =>
      count === 0 ? 'Select pictures to move or remove them.' : `${plural(count, 'picture')} selected.`,
    selectAll: 'Select all of this page',
    selectNone: 'Select none',
    otherClass: 'another class …',
    next: 'Next page',
    previous: 'Previous page',
    page: (page: number) => `Page ${page}`,
    addMore: 'Add more pictures',
    severity: { error: 'must be mended', warning: 'worth a look', info: 'good to know' },
  },
  train: {
    title: 'Train a model',
    dataset: 'Dataset',
    noDataset: 'There is no dataset yet.',
    addOne: 'Add pictures first',
    name: 'Name of the model',
    nameHelp: 'A name that exists gets a new version; the one in use stays until the new one is better.',
    goal: 'What matters most?',
    goals: {
      quick: { title: 'Quick', text: 'A small network. Good for a first try, a phone or a browser.' },
      accurate: {
        title: 'More accurate',
        text: 'A larger network that looks closer. Takes longer, and is still small.',
      },
      thorough: {
        title: 'Thorough',
        text: 'A large network. Needs much time on a processor; on a GPU it is quick.',
      },
      simple: {
        title: 'Tiny pictures',
        text: 'Learns from nothing and downloads nothing. For icons, digits and shapes.',
      },
      other: { title: 'Another network', text: 'Choose one by its name.' },
    },
    network: 'Network',
    plan: 'What networks need before they run',
    effort: 'How much effort?',
    efforts: {
      auto: { title: 'As much as pays', text: 'Decided by the pictures and the machine.' },
      short: {
        title: 'A short look',
        text: 'A few passes over the pictures, to see whether it works at all.',
      },
      full: {
        title: 'As much as possible',
        text: 'All layers are trained. Only for large datasets and GPUs.',
      },
    },
    /** What pictures for validation are for, by the effort. */
    validation: {
      auto:
        'Usually the last layer is solved at once: each picture but those of the test is held out in turn to choose its settings, and in the end all ' +
        'of them are learned from. Where training goes in rounds, the pictures for validation choose the best round.',
      short: 'The pictures for validation choose the best of the rounds.',
      full: 'The pictures for validation choose how far all layers are trained.',
    },
    estimate: 'What it takes',
    estimating: 'Estimating …',
    time: (seconds: number) => `About ${duration(seconds)}`,
    price: (usd: number) => (usd === 0 ? 'No price: the machine is yours.' : aboutDollars(usd)),
    on: (machine: string, gpu: string | null) =>
      `On ${machine}${gpu === null ? '' : `, with a GPU (${gpu})`}.`,
    modelSize: (bytes: number) => `The model will have about ${size(bytes)}.`,
    noEstimate: 'There is no estimate for this.',
    noWeights: (network: string, file: string, bytes: number) =>
      `The weights of ${network} are not on the server. The trainer will download about ${size(bytes)}, and fails where it has no network. ` +
      `Without one, run "fovea weights pull ${network}" beforehand or put ${file} into the server’s folder of weights; "Tiny pictures" needs none. They are published at`,
    rests: 'What the estimate rests on',
    start: 'Start training',
    starting: 'Starting …',
    problems: 'This dataset cannot be trained on yet.',
    mend: 'See what to mend',
    jobs: 'Trainings',
    noJobs: 'No training yet.',
  },
  job: {
    title: (model: string) => `Training ${model}`,
    status: {
      validating_files: 'checking',
      queued: 'waiting',
      running: 'running',
      pausing: 'pausing',
      paused: 'paused',
      succeeded: 'done',
      failed: 'failed',
      cancelled: 'cancelled',
    },
    cancelling: 'cancelling',
    stage: {
      validating: 'Looking at the pictures',
      weights: 'Loading the network',
      features: 'Reading the pictures',
      training: 'Learning',
      evaluating: 'Testing on pictures it never saw',
      exporting: 'Checking and saving the model',
    },
    facts: (network: string, dataset: string) => `${network} on ${dataset}`,
    waiting: 'The training waits for its turn.',
    begins: 'The training begins.',
    epoch: (epoch: number, epochs: number) => `Round ${epoch} of at most ${epochs}`,
    trial: (trial: number, trials: number) => `Trial ${trial} of ${trials}`,
    left: (seconds: number) => `About ${duration(seconds)} left`,
    speed: (images: number) => `${plural(Math.round(images), 'picture')} a second`,
    memory: (bytes: string) => `${bytes} of memory`,
    cost: (usd: number) => `${dollars(usd)} so far`,
    costInAll: (usd: number) => `Cost ${roughDollars(usd)}`,
    progress: 'Progress',
    cancel: 'Cancel',
    pause: 'Pause',
    resume: 'Resume',
    curves: 'How it learns',
    noCurves: 'The curves appear after the first round.',
    solvedAtOnce: 'The last layer was solved at once, without rounds, so there is no curve.',
    noRound: 'The training ended before its first round.',
    loss: 'Error (loss)',
    accuracy: 'Right answers',
    training: 'training pictures',
    validation: 'pictures held out',
    chart: (name: string, last: string) => `${name} by round. ${last}`,
    lastValue: (name: string, value: string) => `Last of ${name}: ${value}.`,
    events: 'What happened',
    result: (accuracy: number, trained: number) =>
      `Right on ${percent(accuracy)} of the pictures that it never saw, after learning from ${whole(trained)}.`,
    resultOf: ({ successes, trials, low, high }: NonNullable<ReturnType<typeof rightOf>>, trained: number) =>
      `Right on ${whole(successes)} of ${plural(trials, 'picture')} that it never saw (95 % sure of ${percentRange({ low, high })}), after learning from ${whole(trained)}.`,
    took: (seconds: number) => `Took ${duration(seconds)}`,
    done: 'The model is ready.',
    seeModel: 'See how good it is',
    tryModel: 'Try it on a picture',
    failedHint: 'The training failed.',
    noWeights: 'The network’s weights are not on this server and could not be downloaded.',
    trainWithout: 'Train without a download',
    delete: 'Delete',
    deleteSure: 'Delete this training and what it logged for good? A model that it made stays.',
    tryAgain: 'Set up another training',
    remedies: (count: number) =>
      `Memory was short: ${plural(count, 'setting was', 'settings were')} made smaller.`,
    remedy: (stage: string, gaveUp: string) => `${gaveUp} (${stage})`,
    fastest: (images: number) => `up to ${plural(Math.round(images), 'picture')} a second`,
    sheet: 'What the network sees',
    sheetHelp:
      'Pictures of the first batch with their classes, cropped, turned and recolored at random. Each round shows the network other views.',
    sheetAlt: 'Augmented pictures of a training batch, with their classes',
    noSheet: 'The pictures appear when the network begins to learn.',
    noSheetEver: 'There are no such pictures: the training ended before the network began to learn.',
  },
  models: {
    title: 'Models',
    none: 'No model yet. Train one on a dataset.',
    trainOne: 'Train a model',
    version: (version: string) => `version ${version}`,
    classes: (count: number) => plural(count, 'class', 'classes'),
    right: (accuracy: number, count: number) =>
      `${percent(accuracy)} right on ${plural(count, 'test picture')}`,
    report: 'Report',
    more: 'And more: only the first hundred are shown.',
  },
  model: {
    noReport:
      'This version has no report: a training writes one, and a model that was imported has had none here. To see how good it is, judge it on a dataset:',
    versionGone: (model: string, version: string) =>
      `There is no version ${version} of ${model}. It was deleted, or never made.`,
    seeLive: 'See the version in use',
    noResults: 'No picture was held out for a test.',
    confusion: 'What it confuses',
    matrix: 'Confusion matrix',
    confusionHelp:
      'Rows are the true classes, columns what the model says. Choose a mistake to see its pictures.',
    noConfusion: 'It confused nothing on the test pictures.',
    cell: (count: number, actual: string, predicted: string) =>
      actual === predicted
        ? `${plural(count, 'picture')} of ${actual}, named rightly`
        : `${plural(count, 'picture')} of ${actual}, named ${predicted}`,
    cellTitle: (actual: string, predicted: string) => `${actual}, named ${predicted}`,
    cellEmpty: 'The report has no pictures of this cell: it keeps the mistakes that the model was surest of.',
    cellMore: (count: number) => `And ${whole(count)} more.`,
    frequent: 'The most frequent confusions: true class → what the model says',
    showMore: (count: number) => `Show more (${whole(count)} left)`,
    gone: (path: string) => `${path}: moved or removed since.`,
    movedTo: (path: string) => `Moved since, to ${path}.`,
    large: (shown: number, all: number) =>
      `There are too many classes to show all. The matrix holds ${whole(shown)} of ${plural(all, 'mistake')}; the list below it holds all.`,
    actual: 'True class',
    classes: 'Each class',
    recall: (value: number, successes: number, trials: number) =>
      `${percent(value)} (${whole(successes)} of ${whole(trials)})`,
    untested: 'no test picture',
    mistakes: 'Worst mistakes',
    mistake: (label: string, predicted: string, score: number) =>
      `Is in ${label}, named ${predicted} with ${percent(score)}.`,
    suspects: 'Labels to check',
    suspectsHelp:
      'These pictures may be in the wrong class. Keep those that are right, move or remove the others, then train again.',
    suspectsLeft: (open: number, all: number) =>
      `${whole(open)} of ${plural(all, 'label')} ${open === 1 ? 'is' : 'are'} left to check.`,
    keepLabel: (path: string) => `Keep as it is: ${path}`,
    keptNote: (path: string) => `${path} stays as it is.`,
    trainAgain: 'Train again',
    versions: 'Versions',
    live: 'in use',
    created: 'Made',
    testAccuracy: 'Right',
    notUsed: sayNotUsed,
    compareBoth: 'Compare both',
    promote: 'Use this one',
    promoteLabel: (version: string) => `Use this one: version ${version}`,
    rollBack: 'Go back to the one before',
    deleteModel: 'Delete the model',
    deleteModelSure: (model: string, versions: number) =>
      `Delete ${model} with ${plural(versions, 'version')} and their reports for good? Programs that ask it get an error. Its dataset stays.`,
    deleteVersion: 'Delete',
    deleteVersionLabel: (version: string) => `Delete version ${version}`,
    deleteVersionSure: (version: string, aliases: readonly string[]) =>
      `Delete version ${version} with its report for good?${aliases.length === 0 ? '' : ` Its aliases go with it: ${aliases.join(', ')}.`}`,
    deletedVersion: (version: string) => `Version ${version} is deleted.`,
    promoted: (version: string) => `Version ${version} is in use now.`,
    code: 'Use it in a program',
    downloads: 'Downloads',
    copy: 'Copy',
    copied: 'Copied.',
    tryIt: 'Try it',
    notFound: (model: string) => `There is no model ${model}.`,
    movedNote: (path: string) => `${path} is mended. Train again to let the model learn it.`,
  },
  feedback: {
    title: 'Photos from feedback',
    waiting: (count: number, dataset: string) =>
      `${plural(count, 'photo')} with the right label ${count === 1 ? 'waits' : 'wait'} in ${dataset}.`,
    add: (dataset: string) => `Add to ${dataset}`,
    progress: (done: number, all: number) => `${whole(done)} of ${whole(all)} photos are added.`,
    done: (count: number, dataset: string) =>
      `${plural(count, 'photo is', 'photos are')} in ${dataset} now. Train again to let the model learn from them.`,
    see: 'See them',
  },
  compare: {
    open: 'Side by side',
    choose: 'Versions',
    few: 'Choose two versions or more.',
    one: 'There is one version alone. Train again to have another.',
    samePictures: 'All were judged on the same pictures, so their numbers can be compared.',
    otherPictures: 'They were not judged on the same pictures: a difference may come from the pictures.',
    otherClasses: 'They have different classes.',
    better: (first: string, second: string, count: number) =>
      count === 0
        ? `Version ${first} and version ${second} are right on as many of the pictures.`
        : `Version ${first} is right on ${plural(count, 'picture')} more than version ${second}.`,
    overlap: 'The intervals overlap: the difference may be chance.',
    network: 'Network',
    judged: 'Judged on',
    pictures: (count: number, of: string | null) =>
      `${plural(count, 'picture')}${of === null ? '' : ` (${of})`}`,
    accuracy: 'Right',
    balanced: 'Right, classes alike',
    share: ({ value, low, high }: Interval) => `${percent(value)} (${of100(low)}–${of100(high)})`,
    calibration: 'Scores off by',
    size: 'Size',
    cost: 'Cost of training',
    unknown: 'not known',
    recall: (label: string) => `Right on ${label}`,
    status: 'Is',
    canary: (share: number) => `gets ${percent(share)} of the predictions`,
    none: '–',
    endCanary: 'End the trial',
    differing: 'Pictures on which they differ',
    differingFacts: (right: readonly string[], wrong: readonly string[]) =>
      `Right: ${right.join(', ')}. Wrong: ${wrong.join(', ')}.`,
    noDiffering: 'They are right and wrong on the same pictures.',
    unknownDiffering: 'The reports do not say on which pictures they differ.',
    table: 'Comparison',
    property: 'Property',
  },
  plan: {
    title: 'What a network costs',
    help: 'Computed from the description of the network. Nothing runs, and nothing is kept.',
    fields: { pixels: 'Pixels of a side', batch: 'Pictures of a batch', classes: 'Classes' },
    show: 'Compute',
    lead: (parameters: number, bytes: string) => `${whole(parameters)} parameters, ${bytes}.`,
    prediction: (bytes: string, gigaFlops: number) =>
      `A prediction takes ${bytes} of memory and ${gigaFlops.toFixed(2)} billion operations.`,
    training: (batch: number, bytes: string) =>
      `Training with ${plural(batch, 'picture')} at once takes ${bytes}.`,
    counted: 'What is counted',
    gpus: 'On GPUs',
    gpusTable: 'GPUs as a table',
    train: 'Train a model',
    fitting: (fitting: readonly string[], batch: number) =>
      fitting.length === 0
        ? `No GPU has memory for ${plural(batch, 'picture')} at once. Choose fewer, or a smaller network.`
        : `Training with ${plural(batch, 'picture')} at once fits ${fitting.join(', ')}.`,
    fits: 'fits',
    noFit: 'does not fit',
    gpuColumns: ['GPU', 'Batch', 'Memory', 'Largest batch', 'Pictures a second', 'Price an hour', 'Machine'],
    gpuHint:
      'Prices are those of AWS on demand, and speeds are estimates for training all layers. A batch that does not fit is trained in smaller parts.',
    stages: 'Bytes by layer',
    stagesHelp: (peak: string) =>
      `What one picture becomes on its way: a bar for each size of the layers’ output. A prediction needs most memory at ${peak}.`,
    vector: 'vector',
    stage: (name: string, layers: number) => `${name} · ${plural(layers, 'layer')}`,
    stageFacts: (bytes: string, parameters: number) => `${bytes} · ${plural(parameters, 'parameter')}`,
    layers: (count: number) => `${plural(count, 'layer')} as a table`,
    layerColumns: ['Layer', 'Type', 'Output', 'Parameters', 'Bytes', 'Bytes alive'],
    peak: '◄ most memory',
  },
  scores: {
    threshold: 'When to ask a person',
    thresholdHelp:
      'An answer whose score is below the threshold is set aside for a person. A higher threshold sets more aside and lets fewer mistakes through.',
    slider: 'Threshold',
    parts: { right: 'answered rightly', wrong: 'answered wrongly', aside: 'set aside' },
    effect: (threshold: number, aside: number, wrong: number) =>
      `At ${percentBelowAll(threshold)}: of 100 pictures ${of100(aside)} are set aside, and ${of100(wrong)} are answered wrongly.`,
    change: (before: Effect, now: Effect, used: number | null) =>
      `${used === null ? 'Compared with no threshold' : `Compared with ${percentBelowAll(used)}, which the model uses`}: of 100 pictures ${CHANGED(
        before.aside,
        now.aside,
        'set aside',
      )}, and ${CHANGED(before.wrong, now.wrong, 'wrong')}.`,
    isUsed: 'This is the threshold that the model uses.',
    back: (used: number) => `Back to ${percentBelowAll(used)}`,
    noThreshold: 'The model has no threshold: too few pictures were held out to find one.',
    noneBefore: 'Without a threshold',
    thresholdBasis: (count: number, judgedOn: 'test' | 'validation' | 'folds') =>
      `Counted on ${judgedOn === 'folds' ? plural(count, 'picture') : plural(count, `${judgedOn} picture`)}, each judged by a model that did not learn from it.`,
    thresholdFrom: (share: number, count: number) =>
      `It was chosen on ${plural(count, 'picture')} held out of training, of which it sets at most ${of100(share)} of 100 aside.`,
    thresholdUse:
      'Each answer has its score. For another threshold than that of the model, compare the score in your program.',
    reliabilityTitle: 'Whether the scores can be trusted',
    diagram: 'Reliability diagram: how often answers of a score are right.',
    tick: (share: number) => `${of100(share)} %`,
    score: 'score of the answer; the numbers in the bars count pictures',
    bin: (low: number, high: number, count: number, accuracy: number) =>
      `${plural(count, 'answer')} with ${percent(low)} to ${percent(high)}: ${percent(accuracy)} right`,
    numbers: 'As a table',
    columns: ['Score', 'Pictures', 'Mean score', 'Right'],
    range: (low: number, high: number) => `${percent(low)} to ${percent(high)}`,
  },
  try: {
    title: 'Try a photo',
    model: 'Model',
    noModel: 'no model yet',
    hint: 'Drop photos here',
    how: 'or choose some, or paste one',
    choose: 'Choose photos',
    camera: 'Use the camera',
    empty: 'The labels appear here, with how sure the model is of each.',
    noModelYet: 'There is no model yet to ask. Train one first.',
    noModelChosen: 'Choose a model first.',
    photo: 'What you dropped',
    perhapsNone: 'Perhaps none of these',
    rejected: (score: number, threshold: number) =>
      `The score of ${percentBelowAll(score)} is below the threshold of ${percentBelowAll(threshold)}. Of the pictures that were held out of training to ` +
      'choose it, at most 5 of 100 are below it, so the photo may show something else, or show it in another way than the training pictures.',
    heatmap: 'Show where in the photo',
    map: 'Where in the photo the label is',
    opacity: 'Strength of the map',
    seen: 'What the camera sees',
    shoot: 'Take the photo',
    noCamera: 'The browser gives no camera. Allow it in the address bar, or choose a photo.',
    explain: 'Show the training pictures that are most alike',
    noExplanation: 'This model names none.',
    nearest: (label: string, similarity: number) => `${label}, ${of100(similarity)} % alike`,
    gone: (file: string) => `${file} is no longer in the dataset`,
    noHeatmap: 'This model cannot show where it looks. Its answers are the same.',
    timing: (total: number) => `Answered in ${whole(Math.max(1, Math.round(total)))} ms.`,
    timingPart: (part: string, milliseconds: number) => `${part}: ${milliseconds.toFixed(1)} ms`,
    parts: {
      load: 'loading the model',
      decode: 'opening the photo',
      preprocess: 'bringing it to the size of the network',
      infer: 'asking the network',
    },
    keepsNone: 'This server keeps no photos, so a wrong answer cannot be mended here.',
    wrong: 'That is wrong: it is',
    choice: 'choose the right label',
    send: 'Keep the photo for training',
    consent: 'Whoever the photo belongs to agrees that it is kept and learned from.',
    kept: (dataset: string) => `Thank you. The photo is in the dataset ${dataset}.`,
    seeDataset: 'See it',
    several: 'Photos',
    pick: (name: string, answer: string) => `Show ${name}: ${answer}`,
    noAnswer: 'no answer',
    asking: 'Asking …',
    upload: (status: number) => `The photo could not be uploaded: status ${status}.`,
  },
} as const;
