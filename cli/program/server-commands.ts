// The commands that ask a server: datasets, jobs, predictions, models, batches, keys, workers; and which server that is.

import { type Command, Option } from 'commander';
import type { WireJob } from '../../api/job.ts';
import { SCOPES } from '../../core/api-key/scope.ts';
import { SPLITS } from '../../core/dataset/split-folder.ts';
import { PREPROCESSING_MODES } from '../../core/image/model-input.ts';
import { PROMOTE_POLICIES } from '../../core/job/recipe/promote-policy.ts';
import { TRAINER_BACKENDS } from '../../core/job/recipe/trainer-backends.ts';
import { ACTIVATIONS } from '../../core/network/onnx/classifier-ends.ts';
import { LAYOUTS } from '../../core/network/onnx/export-context.ts';
import { SERVER_VARIABLES } from '../context/find-server.ts';
import {
  parseCount,
  parseNonNegative,
  parseNumber,
  parsePositive,
  parseShare,
  takeFile,
  takeName,
  takePath,
} from './parse-values.ts';
import { asks, does, withExamples } from './server-command.ts';

const DEFAULT_LIMIT = 20;
/** The type alone is of the schema, so that no command starts with it. */
const JOB_STATUSES: readonly WireJob['status'][] = [
  'validating_files',
  'queued',
  'running',
  'pausing',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
];

const yes = (command: Command) => command.option('-y, --yes', 'do not ask');

/** Adds the commands. */
export function addServerCommands(program: Command): void {
  addContexts(program);
  addDatasets(program);
  addJobs(program);
  addModels(program);
  addBatches(program);
  addKeys(program);
}

function addContexts(program: Command): void {
  const group = program
    .command('context')
    .description(
      `servers by name: which one commands ask. ${SERVER_VARIABLES.url} and --url count before it`,
    );
  withExamples(
    does(
      group.command('ls').description('list the contexts'),
      async () => (await import('../commands/contexts.ts')).runContextList,
    ),
    'fovea context ls',
  );
  withExamples(
    does(
      group
        .command('set')
        .description('save a server, and its key, in a file that only you can read')
        .argument('<name>', 'name of the context', takeName)
        .requiredOption('--url <address>', 'URL of the server')
        .option('--key', 'also save its API key: it is asked for, or read from the standard input'),
      async () => (await import('../commands/contexts.ts')).runContextSet,
    ),
    'fovea context set prod --url https://fovea.example.com',
    'fovea context set prod --url https://fovea.example.com --key < key.txt',
  );
  withExamples(
    does(
      group
        .command('use')
        .description('let commands ask this server')
        .argument('<name>', 'name of the context, or local', takeName),
      async () => (await import('../commands/contexts.ts')).runContextUse,
    ),
    'fovea context use prod',
    'fovea context use local',
  );
  withExamples(
    does(
      group
        .command('rm')
        .description('forget a server and its key')
        .argument('<name>', 'name of the context', takeName),
      async () => (await import('../commands/contexts.ts')).runContextRemove,
    ),
    'fovea context rm prod',
  );
}

function addDatasets(program: Command): void {
  const load = () => import('../commands/datasets.ts');
  const group = program.command('datasets').description('datasets of a server');
  withExamples(
    asks(
      yes(
        group
          .command('push')
          .description('bring a folder of pictures to the server; sends only what is new or has changed')
          .argument(
            '<folder>',
            'pictures in class folders, with a table of labels, or with labels in their names',
            takePath,
          )
          .option('--name <name>', 'name of the dataset (default: that of the folder)', takeName)
          .option(
            '--labels <folders|file>',
            'where the classes are said: "folders", or a table by its path in the folder (default: what is found)',
          )
          .option('--delete', 'also delete files of the dataset that the folder does not have')
          .option('--dry-run', 'only say what would be sent'),
      ),
      async () => (await load()).runPush,
    ),
    'fovea datasets push flowers --dry-run',
    'fovea datasets push flowers',
    'fovea datasets push flowers --name roses --json',
  );
  withExamples(
    asks(
      group
        .command('pull')
        .description('bring a dataset to this machine; receives only what is new or has changed')
        .argument('<dataset>', 'name of the dataset', takeName)
        .option('-o, --output <folder>', 'where to (default: a folder of its name)', takePath),
      async () => (await load()).runPull,
    ),
    'fovea datasets pull flowers -o copy',
  );
  withExamples(
    asks(group.command('ls').description('list the datasets'), async () => (await load()).runDatasetList),
    'fovea datasets ls',
  );
  withExamples(
    asks(
      group
        .command('show')
        .description('show the classes of a dataset and its splits')
        .argument('<dataset>', 'name of the dataset', takeName),
      async () => (await load()).runDatasetShow,
    ),
    'fovea datasets show flowers',
  );
  withExamples(
    asks(
      group
        .command('check')
        .description('read every picture, and say what is wrong; exit code 1 where no job can train on it')
        .argument('<dataset>', 'name of the dataset', takeName),
      async () => (await load()).runDatasetCheck,
    ),
    'fovea datasets check flowers',
  );
  withExamples(
    asks(
      yes(
        group
          .command('rm')
          .description('delete a dataset for good')
          .argument('<dataset>', 'name of the dataset', takeName),
      ),
      async () => (await load()).runDatasetRemove,
    ),
    'fovea datasets rm roses --yes',
  );
}

function addJobs(program: Command): void {
  withExamples(
    asks(
      yes(
        program
          .command('train')
          .description('train a model on a dataset: says what it takes, asks, and follows the job')
          .argument('<dataset>', 'name of the dataset', takeName)
          .option(
            '--base <name>',
            'network to start from; auto compares those whose weights are at hand',
            'auto',
          )
          .option('--name <name>', 'name of the model (default: that of the dataset)', takeName)
          .addOption(
            new Option(
              '--effort <level>',
              'quick: the last layer alone, without smaller variants; usual: what suits data and machine; thorough: all layers',
            )
              .choices(['quick', 'usual', 'thorough'])
              .default('usual'),
          )
          .option('--epochs <number>', 'epochs at most (default: as the recipe says)', parseCount)
          .option('--seed <number>', 'the same seed gives the same model', parseNonNegative)
          .addOption(
            new Option('--backend <name>', 'back end to train with (default: the best one)').choices(
              TRAINER_BACKENDS,
            ),
          )
          .option('--max-cost <usd>', 'end training when it has cost so much', parsePositive)
          .addOption(
            new Option('--promote <rule>', 'whether the version becomes live').choices(PROMOTE_POLICIES),
          )
          .option('--dry-run', 'only say what it would take')
          .option('--no-follow', 'do not wait for the end'),
      ),
      async () => (await import('../commands/train.ts')).runTrain,
    ),
    'fovea train flowers --base small_cnn --epochs 2 --dry-run',
    'fovea train flowers --base small_cnn --epochs 2 --yes',
  );
  const load = () => import('../commands/jobs.ts');
  const group = program.command('jobs').description('jobs of a server');
  withExamples(
    asks(
      group
        .command('ls')
        .description('list the jobs, newest first')
        .addOption(new Option('--status <status>', 'only those in this state').choices(JOB_STATUSES))
        .option('--limit <number>', 'how many', parseCount, DEFAULT_LIMIT),
      async () => (await load()).runJobList,
    ),
    'fovea jobs ls',
    'fovea jobs ls --status running --quiet',
  );
  const ofJob = (name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .argument('[job]', 'id of the job (default: the newest)', takeName);
  withExamples(
    asks(ofJob('show', 'show a job'), async () => (await load()).runJobShow),
    'fovea jobs show',
    'fovea jobs show ftjob-7vr6bcd0s11f0c2a9b4e --json',
  );
  withExamples(
    asks(
      ofJob('follow', 'follow a job until it is over; Ctrl-C leaves it running'),
      async () => (await load()).runJobFollow,
    ),
    'fovea jobs follow',
  );
  withExamples(
    asks(
      ofJob('logs', 'print the events of a job').option('-f, --follow', 'also those to come'),
      async () => (await load()).runJobLogs,
    ),
    'fovea jobs logs',
  );
  const actions = {
    pause: 'let a job save a checkpoint and stop',
    resume: 'let a paused job go on',
    finish: 'end training early; what is best so far becomes the model',
    cancel: 'end a job; nothing is kept of it',
  } as const;
  for (const [action, description] of Object.entries(actions) as [keyof typeof actions, string][]) {
    withExamples(
      asks(
        group.command(action).description(description).argument('<job>', 'id of the job', takeName),
        async () => {
          const { runJobAction } = await load();
          return (session, id: string) => runJobAction(session, action, id);
        },
      ),
      `fovea jobs ${action} ftjob-7vr6bcd0s11f0c2a9b4e`,
    );
  }
  withExamples(
    asks(
      group
        .command('rm')
        .description('delete jobs that are over; their models stay')
        .argument('<job...>', 'ids of jobs'),
      async () => (await load()).runJobRemove,
    ),
    'fovea jobs rm ftjob-7vr6bcd0s11f0c2a9b4e',
  );
}

function addModels(program: Command): void {
  withExamples(
    asks(
      program
        .command('predict')
        .description('ask a model about pictures')
        .argument('<model>', '<name> or <name>:<version>', takeName)
        .argument('<file...>', 'files, folders, patterns in quotes, or - for the standard input')
        .option('--top-k <number>', 'how many labels', parseCount)
        .option('--csv', 'print lines of CSV')
        .option('--heatmap <file>', 'write the picture with a map of where the label is, as PNG', takePath)
        .option('--heatmap-label <label>', 'the label that the map shows (default: the likeliest)')
        .option('--explain', 'print the training pictures that the network sees as the most alike')
        .option('--explain-count <number>', 'how many of them, up to 20 (default: 5)', parseCount)
        .option('--fail-under <score>', 'exit code 1 where a score is lower, 0 to 1', parseShare),
      async () => (await import('../commands/predict.ts')).runPredict,
    ),
    'fovea predict flowers photo.jpg',
    'fovea predict flowers flowers "copy/**/*-00?.png" --csv',
    'fovea predict flowers - --json < photo.jpg',
    'fovea predict flowers photo.jpg --heatmap where.png --fail-under 0.01',
    'fovea predict flowers photo.jpg --explain',
  );
  withExamples(
    asks(
      program
        .command('evaluate')
        .description(
          'judge a model by the labelled pictures of a dataset: how often it is right, and what it confuses',
        )
        .argument('<model>', '<name> or <name>:<version>', takeName)
        .argument('<dataset>', 'name of the dataset', takeName)
        .addOption(
          new Option('--split <name>', 'which pictures of it').choices([...SPLITS, 'all']).default('all'),
        )
        .option('--fail-under <accuracy>', 'exit code 1 where the accuracy is lower, 0 to 1', parseShare),
      async () => (await import('../commands/evaluate.ts')).runEvaluate,
    ),
    'fovea evaluate flowers flowers',
    'fovea evaluate flowers:1 flowers --split test --fail-under 0.1',
  );
  const load = () => import('../commands/models.ts');
  const group = program.command('models').description('models of a server');
  withExamples(
    asks(group.command('ls').description('list the models'), async () => (await load()).runModelList),
    'fovea models ls',
  );
  const REFERENCE = '<name> or <name>:<version>';
  withExamples(
    asks(
      group
        .command('show')
        .description('show a model and its versions')
        .argument('<model>', REFERENCE, takeName),
      async () => (await load()).runModelShow,
    ),
    'fovea models show flowers',
  );
  withExamples(
    asks(
      group
        .command('promote')
        .description('let predictions use a version')
        .argument('<model:version>', 'the version, by number or alias', takeName)
        .option(
          '--share <number>',
          'only this share of the predictions, 0 to 1: the version is the canary',
          parseNumber,
        ),
      async () => (await load()).runModelPromote,
    ),
    'fovea models promote flowers:2',
    'fovea models promote flowers:1 --share 0.1',
  );
  withExamples(
    asks(
      group
        .command('rollback')
        .description('take back the last promotion, or end the canary')
        .argument('<model>', 'name of the model', takeName),
      async () => (await load()).runModelRollback,
    ),
    'fovea models rollback flowers',
  );
  withExamples(
    asks(
      group
        .command('compare')
        .description('put what the reports of versions say side by side')
        .argument('<model>', REFERENCE, takeName)
        .argument('[version...]', 'versions or aliases, also as <name>:<version> (default: live and latest)'),
      async () => (await load()).runModelCompare,
    ),
    'fovea models compare flowers:1 flowers:2',
    'fovea models compare flowers 1 2',
  );
  withExamples(
    asks(
      group
        .command('diff')
        .description(
          'name the pictures that two versions were not both trained on, or in another class or split',
        )
        .argument('<before>', REFERENCE, takeName)
        .argument('<after>', REFERENCE, takeName),
      async () => (await import('../commands/model-snapshots.ts')).runModelDiff,
    ),
    'fovea models diff flowers:1 flowers:2',
  );
  withExamples(
    asks(
      group
        .command('export')
        .description('write a file of a model')
        .argument('<model>', REFERENCE, takeName)
        .addOption(
          new Option('--format <name>', 'which one')
            .choices(['onnx', 'fp16', 'int8', 'heatmap', 'manifest'])
            .default('onnx'),
        )
        .option(
          '-o, --output <file>',
          'where to, or - for the standard output (default: named after the model)',
          takePath,
        ),
      async () => (await load()).runModelExport,
    ),
    'fovea models export flowers -o flowers.onnx',
    'fovea models export flowers:1 --format int8',
  );
  withExamples(
    asks(
      group
        .command('import')
        .description(
          'make a model of a trained classifier: an .onnx file, keras_model.h5, or a zip archive of an export',
        )
        .argument(
          '<file>',
          'file of up to 64 MiB; fovea import-model takes larger ones on the machine of the server',
          takeFile,
        )
        .option('--name <name>', 'name of the model (default: that of the file)', takeName)
        .option('--labels <file>', 'text file with the name of one class on each line', takeFile)
        .addOption(new Option('--preprocessing <name>', 'which values it takes').choices(PREPROCESSING_MODES))
        .addOption(new Option('--layout <layout>', 'order of the axes of its input').choices(LAYOUTS))
        .addOption(
          new Option('--activation <name>', 'what is still to be applied to its output').choices(ACTIVATIONS),
        ),
      async () => (await load()).runModelImport,
    ),
    'fovea models import flowers.onnx --name imported',
    'fovea models import flowers.onnx --name imported --labels labels.txt --preprocessing unit',
  );
  withExamples(
    asks(
      yes(
        group
          .command('rm')
          .description('delete a model, or one version of it, for good')
          .argument('<model>', REFERENCE, takeName),
      ),
      async () => (await load()).runModelRemove,
    ),
    'fovea models rm imported --yes',
  );
}

function addBatches(program: Command): void {
  const load = () => import('../commands/batches.ts');
  withExamples(
    asks(
      program
        .command('batch')
        .description('predict many pictures in the background; prints a line of JSON for each')
        .argument('<model>', '<name> or <name>:<version>', takeName)
        .argument('[file...]', 'files, folders or patterns, which are uploaded')
        .option('--dataset <name>', 'pictures of a dataset instead', takeName)
        .option('--prefix <prefix>', "pictures of the server's store instead, e.g. inputs/tuesday/", takeName)
        .option('-o, --output <file>', 'file for the results (default: the standard output)', takePath)
        .option('--top-k <number>', 'how many labels', parseCount)
        .option('--dry-run', 'only say what it would take')
        .option('--no-follow', 'do not wait for the end'),
      async () => (await load()).runBatch,
    ),
    'fovea batch flowers --dataset flowers --dry-run',
    'fovea batch flowers photo.jpg -o results.jsonl',
  );
  const group = program.command('batches').description('batches of a server');
  withExamples(
    asks(
      group
        .command('ls')
        .description('list the batches, newest first')
        .option('--limit <number>', 'how many', parseCount, DEFAULT_LIMIT),
      async () => (await load()).runBatchList,
    ),
    'fovea batches ls',
  );
  const ofBatch = (name: string, description: string) =>
    group.command(name).description(description).argument('<batch>', 'id of the batch', takeName);
  const ID = 'batch_7vr6bcd0s11f0c2a9b4e';
  withExamples(
    asks(ofBatch('show', 'show a batch'), async () => (await load()).runBatchShow),
    `fovea batches show ${ID}`,
  );
  withExamples(
    asks(
      ofBatch('results', 'print the results of a batch; waits for its end').option(
        '-o, --output <file>',
        'file for them (default: the standard output)',
        takePath,
      ),
      async () => (await load()).runBatchResults,
    ),
    `fovea batches results ${ID} -o again.jsonl`,
  );
  withExamples(
    asks(ofBatch('cancel', 'cancel a batch'), async () => (await load()).runBatchCancel),
    `fovea batches cancel ${ID}`,
  );
  withExamples(
    asks(
      yes(
        ofBatch('rm', 'delete a batch with its results').option(
          '--delete-inputs',
          'delete the pictures that it had below inputs/, too; needs the scope admin',
        ),
      ),
      async () => (await load()).runBatchRemove,
    ),
    `fovea batches rm ${ID} --delete-inputs --yes`,
  );
}

function addKeys(program: Command): void {
  withExamples(
    asks(
      program
        .command('workers')
        .description('list the workers of a server: what each offers, when it was last seen, and its job'),
      async () => (await import('../commands/workers.ts')).runWorkers,
    ),
    'fovea workers',
  );
  const load = () => import('../commands/keys.ts');
  const group = program
    .command('keys')
    .description('API keys of a server')
    .option('--url <address>', 'URL of the server');
  withExamples(
    asks(
      group
        .command('create')
        .description('make a key, and print its secret, which cannot be read later')
        .argument('<name>', 'name of the key, for the log', takeName)
        .addOption(new Option('--scope <scope>', 'what it allows').choices(SCOPES).makeOptionMandatory())
        .option('--days <number>', 'how long it is valid (default: until it is revoked)', parsePositive)
        .option(
          '--dataset <name...>',
          'datasets that it may use; "*" at the end for all that begin so (default: all)',
        )
        .option('--model <name...>', 'models that it may use; the same')
        .option(
          '--per-minute <number>',
          'requests that it may send in a minute (default: any number)',
          parseCount,
        )
        .option(
          '--predictions-per-day <number>',
          'pictures that it may have predicted a day (default: any number)',
          parseCount,
        ),
      async () => (await load()).runKeysCreate,
    ),
    'fovea keys create phone --scope predict --days 30 --model flowers',
  );
  withExamples(
    asks(
      group.command('ls').description('list the keys, without their secrets'),
      async () => (await load()).runKeysList,
    ),
    'fovea keys ls',
  );
  withExamples(
    asks(
      group.command('current').description('show what the key that you ask with allows'),
      async () => (await load()).runKeysCurrent,
    ),
    'fovea keys current',
  );
  withExamples(
    asks(
      group
        .command('rotate')
        .description('give a key a new secret, and print it')
        .argument('<name>', 'name of the key', takeName)
        .option('--grace <seconds>', 'how long the present secret stays valid', parseNonNegative, 0),
      async () => (await load()).runKeysRotate,
    ),
    'fovea keys rotate phone --grace 3600',
  );
  withExamples(
    asks(
      group.command('revoke').description('end a key').argument('<name>', 'name of the key', takeName),
      async () => (await load()).runKeysRevoke,
    ),
    'fovea keys revoke phone',
  );
}
