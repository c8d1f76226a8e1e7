// What copies of the function cost that are always ready.

import type { Settings } from './settings.ts';

/** US dollars for a GB and second, in us-east-1. */
const USD_PER_GB_SECOND = { x86_64: 0.000_004_166_7, arm64: 0.000_003_333_4 } as const;
const SECONDS_PER_MONTH = 730 * 3600;
const MIB_PER_GB = 1024;

/** The price of the settings' provisioned concurrency for a month, in US dollars, also where nobody sends a request. */
export const provisionedUsdPerMonth = ({
  architecture,
  functionMemory,
  provisionedConcurrency,
}: Pick<Settings, 'architecture' | 'functionMemory' | 'provisionedConcurrency'>): number =>
  (provisionedConcurrency * functionMemory * SECONDS_PER_MONTH * USD_PER_GB_SECOND[architecture]) /
  MIB_PER_GB;
