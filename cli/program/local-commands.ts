// The commands that work on this machine: they start servers and workers, and read the data folder.

import { type Command, Option } from 'commander';
import { SCOPES } from '../../core/api-key/scope.ts';
import { environment, LOCAL_QUEUES, tracesExporterOf, WEBHOOK_RECEIVERS } from '../../core/environment.ts';
import { PRECISIONS } from '../../core/job/recipe/precision.ts';
import { ACTIVATIONS, COLOR_ORDERS } from '../../core/network/onnx/classifier-ends.ts';
import { LAYOUTS } from '../../core/network/onnx/export-context.ts';
import { POOLINGS } from '../../core/network/onnx/pooling.ts';
import { SERVED_PRECISIONS } from '../../core/predict/served-precision.ts';
import { present } from '../../core/present.ts';
import { KEPT_KINDS } from '../../core/storage/retention.ts';
import type { CopyStoreOptions } from '../commands/copy-store.ts';
import type { ExportModelOptions } from '../commands/export-model.ts';
import { cropOption, layoutOption, preprocessingOption, resizeOption } from '../commands/framing-options.ts';
import type { ImportBackboneOptions } from '../commands/import-backbone.ts';
import type { ImportModelOptions } from '../commands/import-model.ts';
import { runTrainerEntry } from '../commands/run-trainer-entry.ts';
import type { WorkerOptions } from '../commands/worker.ts';
import { DEFAULT_DATA } from '../terminal/shown-command.ts';
import { cdkContextOption, dataOption, weightsOption } from './folder-options.ts';
import {
  MEAN_HELP,
  parseCount,
  parseKeep,
  parseNonNegative,
  parseNumber,
  parseNumbers,
  parseOrigin,
  parsePort,
  parsePorts,
  parsePositive,
  parseSha256,
  parseSize,
  STD_HELP,
  takeFile,
  takeFolder,
  takeName,
  takePath,
  takePlace,
} from './parse-values.ts';
import { does, withExamples } from './server-command.ts';

/** Adds the options of a command that pulls files. */
const withPull = (command: Command): Command =>
  command
    .option('--file <path>', 'path of the file in a repository of a hub (default: the usual one)')
    .option(
      '--sha256 <hash...>',
      'hash that the file must have (default: that of the first pull)',
      parseSha256,
    )
    .option('--allow-http <host...>', 'server that may be asked without TLS, e.g. 127.0.0.1:8000');

/** Adds the commands. A command's code is loaded when it runs: a server starts without what only the others need. */
export function addLocalCommands(program: Command, version: string): void {
  program
    .command('start')
    .alias('up')
    .description('run the API and the local worker on this machine; up is the same')
    .addOption(dataOption())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 for any free one', parsePort, 8787)
    .addOption(weightsOption())
    .option(
      '--usd-per-hour <number>',
      'what an hour of this machine costs, for the cost of jobs',
      parseNonNegative,
      0,
    )
    .option(
      '--api-keys <file>',
      `JSON file of API keys by name; or set ${environment.apiKey} to one key. Needed where other machines reach the server`,
      takePath,
    )
    .option('--allow-host <name...>', 'further host names that the server answers to, e.g. that of a proxy')
    .option('--allow-origin <origin...>', 'pages of other sites that may use the API (CORS)', parseOrigin)
    .option(
      '--image-urls [ports]',
      'let predictions name pictures by https URLs on the public internet (default ports: 443)',
      parsePorts,
    )
    .addOption(
      new Option(
        '--webhook-receivers <name>',
        'whom webhooks may reach: https on the public internet, or any address (default: public)',
      ).choices(WEBHOOK_RECEIVERS),
    )
    .option('--feedback', 'keep pictures that people send with their right labels, with their consent')
    .option(
      '--keep <kinds>',
      `days for which things are kept, e.g. audit=90,batches=7 (${KEPT_KINDS.join(', ')})`,
      parseKeep,
    )
    .option(
      '--behind-proxy',
      'trust X-Forwarded-Proto and X-Forwarded-Host, which your proxy must set on every request',
    )
    .option('--lanes <number>', 'threads that make predictions (default: one for each core)', parseCount)
    .option(
      '--processes <number>',
      'processes that share the port, on machines of many cores (default: 1)',
      parseCount,
    )
    .addOption(
      new Option('--precision <name>', 'what is run; auto: 8-bit integers where they cost nothing').choices(
        SERVED_PRECISIONS,
      ),
    )
    .addOption(
      new Option(
        '--metrics-scope <scope>',
        'whose API keys may read /metrics; none: it needs no key (default: admin)',
      ).choices([...SCOPES, 'none']),
    )
    .addOption(
      new Option(
        '--queue <name>',
        'who runs jobs: this server, or workers that take them from --data (fovea worker)',
      )
        .choices(LOCAL_QUEUES)
        .default('local'),
    )
    .option(
      '--max-waiting <number>',
      'requests for predictions that may wait, others are answered with 503 (default: 16 for each lane)',
      parseCount,
    )
    .option(
      '--max-bodies <MiB>',
      'memory for the bodies of all requests (default: a sixteenth of the memory, 64 to 256)',
      parseCount,
    )
    .option(
      '--drain <seconds>',
      'how long a server that is told to stop still answers everything, while /readyz says 503 (default: 0)',
      parseNonNegative,
    )
    .option('--grace <seconds>', 'how long requests in hand may then take (default: 8)', parseNonNegative)
    .action(async (options) =>
      (await import('../commands/start.ts')).runStart({
        ...options,
        apiKey: process.env[environment.apiKey],
        traces: tracesExporterOf(process.env),
        version,
      }),
    );

  program
    .command('demo')
    .description('dataset → fine-tune → model → prediction, through the API, on this machine')
    .addOption(dataOption())
    .option('--port <number>', 'port to listen on, 0 for any free one', parsePort, 0)
    .option(
      '--dataset <folder>',
      'folder of pictures, with one subfolder for each class (default: a small dataset that is drawn)',
      takeFolder,
    )
    .option('--backbone <name>', 'network to fine-tune (default: small_cnn, trained from scratch)')
    .addOption(weightsOption())
    .option('--serve', 'keep serving the model afterwards, until Ctrl-C')
    .action(async (options) => (await import('../commands/demo.ts')).runDemo({ ...options, version }));

  program
    .command('import-model')
    .description(
      'serve a classifier that is trained already: an export of another program, or a pretrained network',
    )
    .argument(
      '<source>',
      'an .onnx file, keras_model.h5, model.json, or a folder or zip archive with one and its labels; or an architecture, e.g. mobilenet_v2_1.0',
    )
    .option(
      '--labels <file>',
      'text file with the name of one class on each line (default: what the files say)',
      takeFile,
    )
    .option(
      '--weights <path>',
      'of an architecture: Keras weight file, or folder that has the published one (default: download it)',
      takePath,
    )
    .option('--name <name>', 'name of the model (default: that of the file or the architecture)')
    .addOption(layoutOption('(default: what the file shows)'))
    .addOption(preprocessingOption('(default: what the files say)'))
    .option('--mean <numbers>', MEAN_HELP, parseNumbers)
    .option('--std <numbers>', STD_HELP, parseNumbers)
    .option(
      '--size <height>x<width>',
      'size of the input, in pixels (default: what the file says)',
      parseSize,
    )
    .addOption(
      new Option(
        '--color-order <order>',
        'order of the colors in the input (default: what the files say, or rgb)',
      ).choices(COLOR_ORDERS),
    )
    .addOption(
      new Option(
        '--activation <name>',
        'what is still to be applied to the output to get scores (default: what the graph shows)',
      ).choices(ACTIVATIONS),
    )
    .option('--output <name>', 'name of the output with the scores (default: the only one)')
    .option('--backbone <name>', 'also import its features as a backbone of this name, for jobs')
    .addOption(resizeOption())
    .addOption(cropOption())
    .addOption(dataOption())
    .action(async (source: string, options: ImportModelOptions) =>
      (await import('../commands/import-model.ts')).runImportModel(source, options),
    );

  withPull(program.command('import-backbone'))
    .description(
      'import an ONNX file, from PyTorch or a model hub, as the frozen backbone of classifiers to train',
    )
    .argument(
      '<source>',
      'the .onnx file, its URL, or a repository of a hub as org/name or org/name@revision',
    )
    .option('--name <name>', 'name of the backbone, for jobs (default: that of the file)')
    .addOption(layoutOption('(default: what a hub says)'))
    .addOption(preprocessingOption('(default: what a hub says)'))
    .option('--mean <numbers>', MEAN_HELP, parseNumbers)
    .option('--std <numbers>', STD_HELP, parseNumbers)
    .option(
      '--size <height>x<width>',
      'size of the input, in pixels (default: what the file says)',
      parseSize,
    )
    .addOption(resizeOption())
    .addOption(cropOption())
    .option('--output <name>', 'name of the value that gives the features (default: the first output)')
    .addOption(
      new Option(
        '--output-layout <layout>',
        "order of the output's axes, if it is a feature map (default: the order whose height and width match the picture's)",
      ).choices(LAYOUTS),
    )
    .addOption(
      new Option(
        '--pool <pooling>',
        'of tokens, as of a vision transformer: cls takes the first, the class token; mean takes the mean (default: what the graph tells)',
      ).choices(POOLINGS),
    )
    .addOption(dataOption())
    .action(async (source: string, options: ImportBackboneOptions) =>
      (await import('../commands/import-backbone.ts')).runImportBackbone(source, options),
    );

  const weights = program
    .command('weights')
    .description('pretrained weights on this machine, for a server or a worker here');
  withExamples(
    does(
      weights
        .command('ls')
        .description('list the networks with pretrained weights, and those whose weights are on this machine')
        .addOption(weightsOption())
        .addOption(dataOption()),
      async () => (await import('../commands/weights-list.ts')).runWeightsList,
    ),
    'fovea weights ls',
  );
  does(
    withPull(weights.command('pull'))
      .description(
        'bring the published weights of an architecture, or a weight file of a hub, to the data folder',
      )
      .argument(
        '<source>',
        'an architecture, a URL, or a repository of a hub as org/name or org/name@revision',
      )
      .option('--with-top', 'of an architecture: the file with its classifier, for import-model')
      .option('--as <name>', 'of a URL or a hub: name of the file in the data folder (default: its own)')
      .option('--fresh', 'download it anew, whatever was pulled before')
      .addOption(dataOption()),
    async () => (await import('../commands/weights-pull.ts')).runWeightsPull,
  );

  program
    .command('reproduce')
    .description(
      'train a model again as its report says, and compare: on a CPU, its weights have the same bits',
    )
    .argument('<model>', '<name> or <name>:<version>')
    .option('--url <address>', 'URL of a running server (default: one is started over --data)')
    .addOption(dataOption())
    .addOption(weightsOption())
    .action(async (model: string, options) =>
      (await import('../commands/reproduce.ts')).runReproduce(model, {
        ...options,
        apiKey: process.env[environment.apiKey],
        version,
      }),
    );

  does(
    program
      .command('plan')
      .description(
        'show what a network needs: parameters, memory, FLOPs; which GPUs it fits, and the time and price of an epoch',
      )
      .argument('<model>', 'an architecture, e.g. resnet50')
      .option('--size <height>x<width>', 'size of the input, in pixels', parseSize)
      .option('--classes <number>', 'number of classes', parseNumber)
      .option('--until <layer>', 'stop after this layer, e.g. to omit the classifier')
      .option('--batch <number>', 'pictures in a batch', parseNumber)
      .option('--images <number>', 'pictures in an epoch', parseNumber)
      .option('--gpu <name>', 'T4, A10G, L4, A100, L40S or H100 (default: all)')
      .option('--usd-per-hour <number>', "price of the GPU's machine, instead of the known one", parseNumber)
      .option('--svg <file>', 'draw the bytes by layer, with the peak marked, in this file', takePath),
    async () => (await import('../commands/plan.ts')).runPlan,
  );

  program
    .command('export-model')
    .description(
      'write a reduced-precision variant of a model, and report its size, speed and how its answers differ',
    )
    .argument('<model>', '<name> or <name>:<version>')
    .addOption(
      new Option('--precision <bits>', 'fp16: weights in half precision; int8: weights and values in 8 bits')
        .choices(PRECISIONS)
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--pictures <folder>',
      'pictures like those that the model will predict: half to calibrate, half to compare',
      takeFolder,
    )
    .requiredOption('-o, --output <file>', 'the .onnx file to write; its report goes beside it', takePath)
    .addOption(dataOption())
    .action(async (model: string, options: ExportModelOptions) =>
      (await import('../commands/export-model.ts')).runExportModel(model, options),
    );

  program
    .command('backup')
    .description(
      'copy a data folder or a bucket, which may be in use; after an interruption, the same command resumes',
    )
    .argument('<place>', 'where to: an empty folder, or s3://bucket/prefix', takePlace)
    .option('--data <place>', 'what to copy: a data folder, or s3://bucket/prefix', takePlace, DEFAULT_DATA)
    .action(async (place: string, options: CopyStoreOptions) =>
      (await import('../commands/copy-store.ts')).runBackup(place, options),
    );

  program
    .command('restore')
    .description('copy a backup back; nothing is overwritten')
    .argument('<place>', 'the backup: a folder, or s3://bucket/prefix', takePlace)
    .option(
      '--data <place>',
      'where to: an empty data folder, or s3://bucket/prefix',
      takePlace,
      DEFAULT_DATA,
    )
    .action(async (place: string, options: CopyStoreOptions) =>
      (await import('../commands/copy-store.ts')).runRestore(place, options),
    );

  program
    .command('worker')
    .description(
      'take jobs of a server, here or in the cloud, from its data folder or bucket, and train them on this machine',
    )
    .requiredOption('--store <place>', "the server's data folder, or s3://bucket/prefix", takePlace)
    .option('--name <name>', 'name of the worker (default: that of the machine)', takeName)
    .addOption(weightsOption())
    .option(
      '--usd-per-hour <number>',
      'what an hour of this machine costs, for the cost of jobs',
      parseNonNegative,
    )
    .option(
      '--poll <seconds>',
      'how often it looks for a job (default: 2 for a folder, 5 for a bucket)',
      parsePositive,
    )
    .option(
      '--grace <seconds>',
      'how long the trainer may take to save a checkpoint when the worker is told to stop (default: 30)',
      parseNonNegative,
    )
    .option(
      '--print-policy',
      'only print the IAM policy that a worker outside of AWS needs, and nothing more',
    )
    .action(async (options: WorkerOptions) => (await import('../commands/worker.ts')).runWorker(options));

  does(
    program
      .command('deploy')
      .description(
        'check the AWS account, say what a deployment makes and costs, and deploy; needs the checkout',
      )
      .argument('[cdk-option...]', 'after --, further options of `cdk deploy`')
      .addOption(cdkContextOption())
      .option('--name <context>', 'name of the context that is saved', takeName, 'aws')
      .option(
        '--outputs-file <file>',
        'file for the outputs of the stack, as `cdk deploy` writes it',
        takePath,
      )
      .option('--skip-checks', 'deploy although a check finds a problem')
      .option('--dry-run', 'only check, and say what would be made')
      .option('--yes', 'do not ask, also not before roles are made'),
    async () => (await import('../commands/deploy.ts')).runDeploy,
  );

  program
    .command('setup')
    .description('build the native TensorFlow back end, which trains about twice as fast')
    .option('--gpu', 'build it for an NVIDIA GPU')
    .option('--imported', 'with --gpu: run imported backbones on the GPU, too (1 GB more)')
    .action((given: { gpu?: boolean; imported?: boolean }) =>
      runTrainerEntry('setup', [...(given.gpu ? ['--gpu'] : []), ...(given.imported ? ['--imported'] : [])]),
    );

  for (const [name, lines] of Object.entries(EXAMPLES)) {
    const command = [...program.commands, ...weights.commands].find((one) => one.name() === name);
    withExamples(present(command, `the command ${name}`), ...lines);
  }
}

/** Examples by the last word of the command. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  start: ['fovea start', 'fovea up --port 9000'],
  demo: ['fovea demo'],
  'import-model': ['fovea import-model keras_model.h5 --labels labels.txt --name bananas'],
  'import-backbone': ['fovea import-backbone backbone.onnx --layout nchw --preprocessing torch --size 224'],
  pull: ['fovea weights pull mobilenet_v2_0.35'],
  reproduce: ['fovea reproduce flowers'],
  plan: ['fovea plan resnet50 --classes 5 --gpu T4'],
  'export-model': ['fovea export-model flowers --precision fp16 --pictures flowers -o small.onnx'],
  backup: ['fovea backup /backups/monday'],
  restore: ['fovea restore /backups/monday --data restored'],
  worker: ['fovea worker --store .fovea'],
  deploy: ['fovea deploy --dry-run', 'fovea deploy -c fovea:trainerFamilies=g4dn,c7i --yes'],
  setup: ['fovea setup'],
};
