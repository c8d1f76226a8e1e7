import { describe, expect, it } from 'vitest';
import { chooseMachine } from '../../../core/job/estimate/choose-machine.ts';
import type { JobMachine } from '../../../core/job/estimate/estimate-job.ts';
import { RecipeSchema } from '../../../core/job/recipe/recipe.ts';
import { newJob } from '../../support/new-job.ts';

const CPU: JobMachine = {
  name: 'c7i.2xlarge',
  pool: 'cpu',
  vcpus: 8,
  usdPerHour: 0.357,
  priceBasis: 'A price.',
};
const T4: JobMachine = {
  name: 'g4dn.xlarge',
  pool: 'gpu-16gb',
  gpu: 'T4',
  vcpus: 4,
  usdPerHour: 0.526,
  priceBasis: 'A price.',
};
const L40S: JobMachine = { ...T4, name: 'g6e.xlarge', pool: 'gpu-48gb', gpu: 'L40S', usdPerHour: 1.861 };
const PETS = { train: 3000, validation: 600, test: 400, classes: 37 };
const BOTH: readonly [JobMachine, ...JobMachine[]] = [CPU, T4, L40S];

const choose = (
  recipe: object,
  job: Partial<ReturnType<typeof newJob>> = {},
  machines: readonly [JobMachine, ...JobMachine[]] = BOTH,
) =>
  chooseMachine(
    newJob({ architecture: 'mobilenet_v2_1.0', recipe: RecipeSchema.parse(recipe), ...job }),
    PETS,
    machines,
  );
const poolOf = (...asked: Parameters<typeof choose>) => choose(...asked).machine.pool;

describe('chooseMachine', () => {
  it('has no choice, and gives no reason, where all machines are of one kind', () => {
    for (const machines of [[CPU], [T4, L40S]] as const) {
      const { machine, estimate, reason } = choose({ stages: 'head' }, {}, machines);
      expect([machine, reason]).toEqual([machines[0], null]);
      expect(estimate?.basis.join()).not.toContain('starts on');
    }
  });

  it('sends a job that trains pretrained layers, or in 16 bits, to the smallest GPU', () => {
    for (const recipe of [{ stages: 'full' }, { preset: 'course' }, { stages: 'head', precision: 'mixed' }])
      expect(poolOf(recipe)).toBe('gpu-16gb');
    const sweep = { stages: ['head' as const, 'full' as const] };
    expect(poolOf({ stages: 'head' }, { sweep })).toBe('gpu-16gb');
  });

  it('means by auto what it means without processors, and says so', () => {
    const { machine, reason, estimate } = choose({});
    expect(machine.pool).toBe('gpu-16gb');
    expect(reason).toContain(
      '"auto" trains all layers on 2000 pictures and more where there is a GPU; "head" goes where it costs less',
    );
    expect(estimate?.basis[0]).toBe(reason);
    expect(estimate?.parts.map(({ name }) => name)).toContain('full');
    const job = newJob({ architecture: 'mobilenet_v2_1.0' });
    const few = chooseMachine(job, { ...PETS, train: 1999 }, BOTH);
    expect(few.estimate?.parts.map(({ name }) => name)).not.toContain('full');
  });

  it('sends a head where it costs less, and says what it costs on both', () => {
    const { machine, reason, estimate } = choose({ stages: 'head' });
    const other = choose({ stages: 'head' }, {}, [machine.pool === 'cpu' ? T4 : CPU]);
    expect(estimate?.usd).toBeLessThanOrEqual(other.estimate?.usd ?? 0);
    expect(reason).toMatch(/takes about US\$ 0\.\d{3} and \d+ s there, and US\$ 0\.\d{3} and \d+ s on /);
    expect(poolOf({ stages: 'head' }, {}, [{ ...CPU, usdPerHour: 50 }, T4])).toBe('gpu-16gb');
    expect(poolOf({ stages: 'head' }, {}, [CPU, { ...T4, usdPerHour: 50 }])).toBe('cpu');
  });

  it('trains a network without pretrained weights where it costs less', () => {
    const job = { architecture: 'small_cnn' };
    expect(poolOf({}, job, [{ ...CPU, usdPerHour: 50 }, T4])).toBe('gpu-16gb');
    expect(poolOf({}, job, [CPU, { ...T4, usdPerHour: 50 }])).toBe('cpu');
  });

  it('goes by the back end that the job names', () => {
    expect(poolOf({ stages: 'full' }, { backend: 'native' })).toBe('cpu');
    expect(poolOf({ stages: 'head' }, { backend: 'gpu' })).toBe('gpu-16gb');
  });

  it('sends an imported backbone, whose cost is not known, where processors cost less, or to a GPU that runs it', () => {
    const { machine, estimate } = choose({}, { architecture: 'onnx:mine' });
    expect([machine.pool, estimate]).toEqual(['cpu', null]);
    const machines = [CPU, { ...T4, importedOnGpu: true }] as const;
    expect(poolOf({}, { architecture: 'onnx:mine' }, machines)).toBe('gpu-16gb');
  });
});
