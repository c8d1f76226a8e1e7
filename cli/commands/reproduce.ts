// `fovea reproduce`: creates a model's job again from what its report says, and compares the new model with it.

import { type CreateJobBody, CreateJobSchema } from '../../api/create-job.ts';
import type { WireDryRun } from '../../api/dataset.ts';
import type { WireManifest } from '../../api/manifest.ts';
import type { WireReport } from '../../api/report.ts';
import { ApiError } from '../../client/api-error.ts';
import { createClient, type FoveaClient } from '../../client/create-client.ts';
import { describeDecoding } from '../../core/image/model-input.ts';
import { effectiveRecipe } from '../../core/job/recipe/check-trainable-layers.ts';
import { HyperparametersSchema } from '../../core/job/recipe/hyperparameters.ts';
import { type Recipe, RecipeSchema } from '../../core/job/recipe/recipe.ts';
import { SplitFractionsSchema } from '../../core/job/record/job.ts';
import { MODEL_NAME_MAX_LENGTH } from '../../core/model/model-name.ts';
import { silentLogger } from '../../functions/deps/logger.ts';
import { startLocalServer } from '../../functions/local-server.ts';
import { describeFailure } from '../client/follow-job.ts';
import { followOwnJob } from '../client/follow-own-job.ts';
import { createStderrLogger } from '../server/stderr-logger.ts';
import { countOf } from '../terminal/words.ts';
import { describeDiff, diffReports, findSnapshots } from './model-snapshots.ts';

/** The options of `fovea reproduce`. */
export interface ReproduceOptions {
  /** URL of a running server; default: one is started over `data`, and stopped afterwards. */
  readonly url?: string;
  readonly data: string;
  readonly weights?: string;
  /** API key of the server at `url`, where it needs one. */
  readonly apiKey?: string | undefined;
  readonly version: string;
}

/** One line of the comparison. A difference in a line that `mustBeEqual` means that the new model is another one. */
export interface Comparison {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly mustBeEqual: boolean;
}

const SUFFIX = '-reproduced';
const NAME_WIDTH = 24;

/**
 * Trains a model (`<name>` or `<name>:<version>`) again and prints the comparison. The exit code is 1 where the new
 * model is another one.
 * @throws {ApiError} where the API refuses a request; {Error} where the job does not succeed.
 */
export async function runReproduce(reference: string, options: ReproduceOptions): Promise<void> {
  const { url, data, weights, version } = options;
  if (url !== undefined) return reproduce(createClient({ url, key: options.apiKey }), reference);
  const server = await startLocalServer({
    dataDir: data,
    host: '127.0.0.1',
    port: 0,
    weightsDir: weights,
    version,
    logger: { ...silentLogger, error: createStderrLogger().error },
  });
  try {
    await reproduce(createClient({ url: server.url }), reference);
  } finally {
    await server.stop();
  }
}

async function reproduce(client: FoveaClient, reference: string): Promise<void> {
  const before = await describeModel(client, reference);
  const { name, content_hash } = before.report.dataset;
  const dataset = await findSnapshots(client, name, [content_hash]);
  const body = toRequest(before.report, dataset);
  console.log(`Training ${before.report.model}:${before.report.version} again, as ${body.suffix}.`);
  if (dataset !== undefined && dataset !== name)
    console.log(`Its pictures are in the dataset "${dataset}" now.`);
  if (dataset !== undefined) await reportGone(client, body);
  console.log('');
  const created = await client.jobs.create(body);
  const job = await followOwnJob(client, created.id);
  if (job.fine_tuned_model === null) {
    throw new Error(describeFailure(job));
  }
  const after = await describeModel(client, job.fine_tuned_model);
  const comparisons = compareModels(before, after);
  console.log('');
  for (const { name, before: was, after: is, mustBeEqual } of comparisons) {
    const verdict = was === is ? 'the same' : mustBeEqual ? 'DIFFERENT' : 'different';
    console.log(`  ${name.padEnd(NAME_WIDTH)} ${verdict.padEnd(10)} ${was === is ? was : `${was} → ${is}`}`);
  }
  const diff =
    content_hash === after.report.dataset.content_hash
      ? undefined
      : await diffReports(client, before.report, after.report);
  if (diff !== undefined) console.log(`\n${describeDiff(diff)}`);
  const isSame = comparisons.every((line) => !line.mustBeEqual || line.before === line.after);
  console.log(
    isSame
      ? '\nReproduced: the weights have the same bits.'
      : '\nNot reproduced. The lines above say what has changed: data, decoding, versions, back end, or out-of-memory remedies. When memory ' +
          'runs out differs from run to run, and GPUs do not promise the same bits at all.',
  );
  if (!isSame) process.exitCode = 1;
}

/** Says before the training which pictures of the snapshot are gone, and what to do. */
async function reportGone(client: FoveaClient, body: CreateJobBody): Promise<void> {
  const { findings, finding_counts } = await dryRun(client, body);
  const count = finding_counts['picture-gone'] ?? 0;
  if (count === 0) return;
  const gone = findings.filter(({ code }) => code === 'picture-gone');
  console.log(`\n${countOf(count, 'picture')} of its dataset ${count === 1 ? 'is' : 'are'} gone:`);
  for (const { message, content_id } of gone)
    console.log(`  ${message}${content_id === undefined ? '' : ` (sha256 ${content_id}…)`}`);
  if (count > gone.length) console.log(`  and ${count - gone.length} more, which are named at the end`);
  console.log(
    'The model is trained without them, and will be another one. To make the same one, end this with Ctrl-C, put them back and try again.',
  );
}

/** The dry run of a job, whose inspection may take several requests. */
async function dryRun(client: FoveaClient, body: CreateJobBody): Promise<WireDryRun> {
  for (;;) {
    try {
      return await client.jobs.dryRun(body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'dataset-inspecting') throw error;
    }
  }
}

/** The report of a model, and the hash of its weights. */
export interface DescribedModel {
  readonly report: WireReport;
  readonly manifest: { readonly onnx: Pick<WireManifest['onnx'], 'sha256'> };
}

async function describeModel(client: FoveaClient, reference: string): Promise<DescribedModel> {
  const [name = reference] = reference.split(':');
  const report = await client.models.report(reference);
  // Both are of one version, also where the alias `latest` changes in between.
  const manifest = await client.models.manifest(`${name}:${report.version}`);
  return { report, manifest };
}

/**
 * The request for the same model again, under another name. For a model of a sweep, the request is for the trial that
 * won.
 * @param holder the dataset that has the snapshot of the model's job; undefined where none has: then the split is all that is fixed.
 * @throws {z.ZodError} where the report has settings that this version does not know.
 */
export function toRequest(
  { model, architecture, dataset, training }: WireReport,
  holder: string | undefined,
): CreateJobBody {
  const { seed, hyperparameters, recipe, split, split_snapshot, backend } = training;
  return {
    model: architecture,
    training_file: holder ?? dataset.name,
    suffix: `${model.slice(0, MODEL_NAME_MAX_LENGTH - SUFFIX.length)}${SUFFIX}`,
    seed,
    hyperparameters: HyperparametersSchema.parse(hyperparameters),
    // The winner of a sweep may have settings that only other trials used. A job with such settings would be refused.
    recipe: effectiveRecipe(architecture, asDecided(RecipeSchema.parse(recipe), training)),
    split: SplitFractionsSchema.parse(split),
    // Pictures that were added to the dataset since then are not used.
    ...(holder === undefined ? { split_snapshot } : { dataset_snapshot: dataset.content_hash }),
    backend: CreateJobSchema.shape.backend.parse(backend),
  };
}

/**
 * The recipe with what was decided: the way to the network's shape, which is that of the report's input, and the stages and the first
 * trainable layer, which depend on the machine where it says `auto`.
 */
function asDecided(asked: Recipe, { resolved, input }: WireReport['training']): Recipe {
  const recipe = { ...asked, resize: input.resize };
  if (resolved === null || 'scratch' in resolved.stages) return recipe;
  if (!('full' in resolved.stages)) return { ...recipe, stages: 'head' };
  const unfreeze_from = recipe.unfreeze_from === 'auto' ? resolved.unfreeze_from : recipe.unfreeze_from;
  return { ...recipe, stages: 'full', unfreeze_from };
}

/** Compares two models line by line: data, decoding, back end, out-of-memory remedies, versions, results and weights. */
export function compareModels(before: DescribedModel, after: DescribedModel): Comparison[] {
  const line = (name: string, read: (model: DescribedModel) => unknown, mustBeEqual = false): Comparison => ({
    name,
    before: String(read(before)),
    after: String(read(after)),
    mustBeEqual,
  });
  const names = [before, after].flatMap(({ report }) => Object.keys(report.training.versions));
  return [
    line('data, sha256', ({ report }) => report.dataset.content_hash),
    line('decoding', ({ report }) => describeDecoding(report.training.input)),
    line('back end', ({ report }) => report.training.backend),
    line('out-of-memory remedies', ({ report }) => describeRemedies(report)),
    ...[...new Set(names)].map((name) =>
      line(name, ({ report }) => report.training.versions[name] ?? 'none'),
    ),
    line('accuracy', ({ report }) => report.results?.accuracy.value ?? 'not evaluated'),
    line(
      'cross-entropy',
      ({ report }) => report.results?.calibration.before.cross_entropy ?? 'not evaluated',
    ),
    line('weights, sha256', ({ manifest }) => manifest.onnx.sha256, true),
  ];
}

const describeRemedies = ({ training: { remedies } }: WireReport): string =>
  remedies.length === 0 ? 'none' : remedies.map(({ remedy }) => remedy).join(', ');
