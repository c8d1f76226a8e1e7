import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

/** Unit tests that need a process of their own: they set what is read once, as a module is loaded or a back end opened. */
const UNIT_ALONE = 'tests/unit/**/*.alone.test.ts';

/** One project a kind of test; forks, because TensorFlow.js does not survive worker threads. */
const project = (
  name: string,
  options: { readonly timeoutMs?: number; readonly include?: string; readonly exclude?: string } = {},
) => ({
  extends: true as const,
  test: {
    name,
    include: [options.include ?? `tests/${name}/**/*.test.ts`],
    exclude: options.exclude === undefined ? [] : [options.exclude],
    // Only the files of `unit` share a process: to load the modules anew for each costs three times what they run for.
    isolate: name !== 'unit',
    ...(name === 'unit' ? { setupFiles: ['tests/support/assert-allowed.ts'] } : {}),
    testTimeout: options.timeoutMs ?? MINUTE_MS,
    hookTimeout: options.timeoutMs ?? MINUTE_MS,
  },
});

export default defineConfig({
  test: {
    pool: 'forks',
    // On two cores one file at a time would wait for servers and timers most of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default'],
    // A machine that is busy with other tests draws a page late.
    expect: { poll: { timeout: MINUTE_MS / 3 } },
    projects: [
      project('unit', { exclude: UNIT_ALONE }),
      project('unit alone', { include: UNIT_ALONE }),
      project('property'),
      project('contract', { timeoutMs: 2 * MINUTE_MS }),
      project('golden', { timeoutMs: 5 * MINUTE_MS }),
      project('integration', { timeoutMs: 5 * MINUTE_MS }),
      project('infra', { timeoutMs: 5 * MINUTE_MS }),
      project('e2e/page'),
      project('e2e/tfjs', { timeoutMs: 2 * MINUTE_MS }),
    ],
  },
});
