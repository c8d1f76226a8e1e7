import { describe, expect, it } from 'vitest';
import { CreateJobSchema } from '../../../api/create-job.ts';
import { toWireReport } from '../../../api/report.ts';
import { assembleReport } from '../../../batch-job/report/assemble-report.ts';
import { compareModels, toRequest } from '../../../cli/commands/reproduce.ts';
import { AugmentationSchema, RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { toNewJob } from '../../../functions/routes/new-job.ts';
import { makeReportInput } from '../../support/report-input.ts';

const input = makeReportInput({ classes: ['a', 'b'], test: 40, validation: 40 });
const report = toWireReport(assembleReport(input));
const model = { report, manifest: { onnx: { sha256: 'abc' } } };

describe('toRequest', () => {
  it('asks for the job of the report, under another name', () => {
    const { job } = input;
    const asked = toNewJob(CreateJobSchema.parse(toRequest(report, undefined)));
    expect(asked).toMatchObject({
      architecture: job.architecture,
      dataset: job.dataset,
      model: 'pets-reproduced',
      seed: job.seed,
      hyperparameters: job.hyperparameters,
      recipe: job.recipe,
      split: job.split,
      splitSnapshot: 3,
      sweep: null,
      backend: 'portable',
    });
  });

  it('asks for the pictures of its snapshot where a dataset has it, by whatever name', () => {
    const asked = toNewJob(CreateJobSchema.parse(toRequest(report, 'renamed')));
    expect(asked).toMatchObject({
      dataset: 'renamed',
      datasetSnapshot: report.dataset.content_hash,
      splitSnapshot: null,
    });
  });

  it("omits settings of a sweep's winner that only trials with another stage used", () => {
    const recipe = RecipeSchema.parse({
      stages: 'head',
      unfreeze_from: 'block_13',
      batch_normalization: 'training',
      augmentation: { flip: 0.5, mixup: 0.2 },
    });
    const of = (architecture: string) =>
      toRequest({ ...report, architecture, training: { ...report.training, recipe } }, undefined).recipe;
    expect(of('mobilenet_v2_0.35')).toMatchObject({
      stages: 'head',
      unfreeze_from: 'auto',
      batch_normalization: 'inference',
      augmentation: { flip: 0.5, mixup: 0 },
    });
    expect(of('small_cnn')).toMatchObject({
      stages: 'auto',
      unfreeze_from: 'auto',
      batch_normalization: 'training',
      augmentation: { flip: 0.5, mixup: 0.2 },
    });
  });

  it('asks for the stages that were decided where the machine decided them', () => {
    const resolved = {
      augmentation: AugmentationSchema.parse({}),
      imbalance: 'none' as const,
      feature_views: 0,
      reasons: [],
    };
    const stage = {
      epochs: 1,
      batch_size: 1,
      learning_rate: 1,
      optimizer: 'adam',
      first_layer_rate: 1,
      patience: null,
    };
    const of = (stages: readonly string[], unfreeze_from: string | null = null) =>
      toRequest(
        {
          ...report,
          architecture: 'resnet50',
          training: {
            ...report.training,
            resolved: {
              ...resolved,
              unfreeze_from,
              stages: Object.fromEntries(stages.map((name) => [name, stage])),
            },
          },
        },
        undefined,
      ).recipe;
    expect(of(['head'])).toMatchObject({ stages: 'head', unfreeze_from: 'auto' });
    expect(of(['head', 'full'])).toMatchObject({ stages: 'full', unfreeze_from: null });
    expect(of(['head', 'full'], 'conv5')).toMatchObject({ stages: 'full', unfreeze_from: 'conv5' });
  });

  it('stays within the allowed length of names', () => {
    const { suffix } = toRequest({ ...report, model: 'm'.repeat(64) }, undefined);
    expect(suffix).toBe(`${'m'.repeat(53)}-reproduced`);
  });
});

describe('compareModels', () => {
  it('finds a model equal to itself', () => {
    expect(compareModels(model, model).filter(({ before, after }) => before !== after)).toEqual([]);
  });

  it('names the differences, and those that must not be', () => {
    const other = {
      report: {
        ...report,
        training: {
          ...report.training,
          versions: { ...report.training.versions, node: '30.0.0' },
          remedies: (['half_precision', 'smaller_batches'] as const).map((remedy) => ({
            remedy,
            stage: 'head',
            gave_up: '',
          })),
        },
      },
      manifest: { onnx: { sha256: 'def' } },
    };
    expect(compareModels(model, other).filter(({ before, after }) => before !== after)).toEqual([
      {
        name: 'out-of-memory remedies',
        before: 'none',
        after: 'half_precision, smaller_batches',
        mustBeEqual: false,
      },
      { name: 'node', before: 'none', after: '30.0.0', mustBeEqual: false },
      { name: 'weights, sha256', before: 'abc', after: 'def', mustBeEqual: true },
    ]);
  });
});
