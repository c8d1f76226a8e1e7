import { describe, expect, it } from 'vitest';
import { toBase } from '../../../batch-job/base/base.ts';
import { type DecideDeps, decide } from '../../../batch-job/decide/decide.ts';
import type { BackendName } from '../../../batch-job/tensorflow/engine/engine.ts';
import type { ResolvedRecipe } from '../../../core/job/recipe/recipe.ts';
import { createJobStore } from '../../../core/job/record/job-store.ts';
import { findArchitecture } from '../../../core/network/architectures/architectures.ts';
import { createMemoryStore } from '../../../core/storage/drivers/memory.ts';
import { newJob } from '../../support/new-job.ts';

/** What an attempt on a machine decides, writes down and says. */
async function decideOn(backend: BackendName, resolved: ResolvedRecipe | null = null) {
  const jobs = createJobStore({ store: createMemoryStore(), now: () => 0 });
  const job = await jobs.create(newJob({ architecture: 'resnet50' }));
  const written: ResolvedRecipe[] = [];
  const messages: string[] = [];
  const deps = {
    base: toBase(findArchitecture('resnet50')),
    inspection: { classes: ['a', 'b'] },
    splits: {
      train: Array.from({ length: 4000 }, (_, i) => ({
        classIndex: i % 2,
        width: 640,
        height: 480,
      })),
      validation: [],
    },
    machine: {
      engine: { info: { backend }, mixedPrecision: () => 'bfloat16' },
      memory: { limitBytes: 64e9, limitName: '', deviceBytes: 64e9, freeBytes: 60e9, freeName: '' },
      compiles: false,
    },
    reporter: {
      setResolved: async (made: ResolvedRecipe) => void written.push(made),
      message: async (text: string) => void messages.push(text),
    },
  } as unknown as DecideDeps;
  const decision = await decide(deps, { ...job, resolved });
  return { decision, written, messages: messages.join() };
}

describe('decide', () => {
  it('writes down what it decided, with the back end, and says why', async () => {
    const { written, messages } = await decideOn('gpu');
    expect(written).toMatchObject([
      { backend: 'gpu', stages: { full: { precision: 'mixed' } }, resize: 'cover', crop: 0.875 },
    ]);
    expect(messages).toMatch(
      /^Stages: head: .*; then full: .*, mixed precision.*\. Pictures keep their shape.* A GPU trains/,
    );
  });

  it('says what becomes of the decision on a machine of another kind, and writes nothing', async () => {
    const made = (await decideOn('gpu')).decision.resolved;
    const { decision, written, messages } = await decideOn('native', made);
    expect(written).toEqual([]);
    expect(messages).toBe(
      'The job was decided for the gpu back end, and this attempt runs on native: it keeps its stages, layers and batches, and ' +
        'computes in float32 instead of mixed precision.',
    );
    expect(decision.stages.get('full')?.precision).toBe('float32');
  });

  it('has nothing to say on a machine of the same kind, nor of a decision of an earlier version', async () => {
    const { backend: _, ...earlier } = (await decideOn('gpu')).decision.resolved;
    expect((await decideOn('gpu', { ...earlier, backend: 'gpu' })).messages).toBe('');
    expect((await decideOn('native', earlier)).messages).toBe('');
  });
});
