// What the proof costs at most, as far as it goes as planned.

import { MACHINES, PRICES_AS_OF } from '../../core/pricing/machines.ts';
import { MAX_COST_USD } from './settings.ts';

/** Minutes of a machine beside training: it starts, pulls the image, tests and publishes, and stops. */
const MINUTES_BESIDE_TRAINING = 20;
/** The two jobs, and the second one's start on another machine. */
const STARTS = 3;
/** AWS FIS counts each minute of an action; an interruption takes two. */
const INTERRUPTION = { minutes: 2, usdPerMinute: 0.1 };
/** Secret, images, pictures, logs and requests of a day. */
const USD_OF_THE_REST = 0.1;
/** Where AWS CodeBuild makes the image: minutes, and the price of one. */
const BUILD = { minutes: 40, usdPerMinute: 0.005 };

/** What costs, in US dollars. */
export interface Estimate {
  readonly parts: readonly { readonly what: string; readonly usd: number }[];
  readonly usd: number;
  /** Where the prices are from. */
  readonly basis: string;
}

/** The estimate. It counts the dearest machine that AWS may start, at its on-demand price. */
export function estimateCost(): Estimate {
  const { usdPerHour, larger } = MACHINES.g4dn;
  const dearest = Math.max(usdPerHour, ...Object.values(larger));
  const parts = [
    { what: 'training of the first job, which its cost cap ends', usd: MAX_COST_USD.job },
    { what: 'training of the longer job, which its cost cap ends', usd: MAX_COST_USD.longJob },
    {
      what: `${STARTS} starts of a machine, ${MINUTES_BESIDE_TRAINING} minutes each`,
      usd: (STARTS * MINUTES_BESIDE_TRAINING * dearest) / 60,
    },
    { what: 'one interruption by AWS FIS', usd: INTERRUPTION.minutes * INTERRUPTION.usdPerMinute },
    { what: 'AWS CodeBuild, where it makes the image', usd: BUILD.minutes * BUILD.usdPerMinute },
    { what: 'secret, images, pictures, logs and requests of a day', usd: USD_OF_THE_REST },
  ];
  return {
    parts,
    usd: parts.reduce((sum, { usd }) => sum + usd, 0),
    basis: `On-demand prices of ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}, of the largest machine that AWS may start; Spot machines often cost less than half. Other regions differ.`,
  };
}
