import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

/** Not part of `npm test`: it needs a Docker engine, and some ten minutes. */
export default defineConfig({
  test: {
    name: 'cloud',
    include: ['tests/e2e/cloud/**/*.test.ts'],
    testTimeout: 30 * MINUTE_MS,
    hookTimeout: 30 * MINUTE_MS,
    bail: 1,
  },
});
