// The plan: what is shown, in this order.

import { checkAccount } from './check-account.ts';
import { deployStack } from './deploy-stack.ts';
import { destroyStack } from './destroy-stack.ts';
import { interruptSpot } from './interrupt-spot.ts';
import type { Step } from './proof.ts';
import { DEPLOY, DESTROY } from './run-plan.ts';
import { trainOnT4 } from './train-on-t4.ts';
import { updateSettings } from './update-settings.ts';

/** The steps. */
export const PLAN: readonly Step[] = [
  {
    name: 'check',
    shows: 'the account has what a deployment needs',
    needsStack: false,
    runsInStandIn: true,
    run: checkAccount,
  },
  {
    name: DEPLOY,
    shows: 'AWS takes the template, and the server answers',
    needsStack: false,
    runsInStandIn: true,
    run: deployStack,
  },
  {
    name: 'train',
    shows: 'a job trains on a T4 under a cost cap, and its model answers',
    needsStack: true,
    runsInStandIn: false,
    run: trainOnT4,
  },
  {
    name: 'interrupt',
    shows: 'a job goes on from its checkpoint after AWS has taken its Spot machine away',
    needsStack: true,
    runsInStandIn: false,
    run: interruptSpot,
  },
  {
    name: 'update',
    shows: 'jobs and models stay through an update to other settings',
    needsStack: true,
    runsInStandIn: false,
    run: updateSettings,
  },
  {
    name: DESTROY,
    shows: 'nothing that costs remains of the stack',
    needsStack: false,
    runsInStandIn: true,
    run: destroyStack,
  },
];
