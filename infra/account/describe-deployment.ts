// Says what a deployment makes and what that costs, for the question before it.

import { PRICES_AS_OF } from '../../core/pricing/machines.ts';
import { type MachineFamilyName, type MachinePool, toMachinePools } from '../settings/machines.ts';
import { provisionedUsdPerMonth } from '../settings/provisioned-price.ts';
import type { Settings } from '../settings/settings.ts';

/** What is made, and what it costs; sentences. */
export interface DeploymentDescription {
  readonly makes: readonly string[];
  readonly costs: readonly string[];
}

const USD_SECRET_MONTH = 0.4;
/** A look every five minutes for what webhooks did not take. */
const USD_WEBHOOKS_MONTH = 0.06;
/** A look every two minutes at jobs that wait for workers. */
const USD_WORKERS_FIRST_MONTH = 0.25;
/** A disk of 100 GB at 0.08 a month for each, and 0.005 for a public IPv4 address. */
const USD_MACHINE_HOUR = 0.016;
/** Thirteen, by their names and dimensions, at 0.30. */
const USD_METRICS_MONTH = 3.9;
const USD_STORED_GB_MONTH = 0.023;
const USD_IMAGE_GB_MONTH = 0.1;
/** Compressed, as the registry has them. */
const IMAGE_GB = { gpu: 2.7, cpu: 0.4 };

/**
 * Describes the stack for some settings.
 * @param families those that the region offers.
 */
export function describeDeployment(
  families: readonly MachineFamilyName[],
  settings: Settings,
): DeploymentDescription {
  const pools = settings.queue === 'workers' ? [] : toMachinePools(families, settings.usdPerHour);
  const idle = idleUsdPerMonth(pools, settings);
  const isSpot = settings.capacity !== 'on-demand';
  return {
    makes: [
      'a bucket, which a removal of the stack leaves there, and a secret with an API key',
      settings.authorization === 'iam'
        ? 'functions, of which one has an address on the internet and answers what users and roles of IAM have signed'
        : 'functions, of which one has an address on the internet and asks for the key',
      `${pools.length === 0 ? '' : 'a network, and '}roles with the rights that infra/README.md lists`,
      ...pools.map(
        ({ name, smallestTypes }) =>
          `the pool "${name}": AWS Batch starts ${smallestTypes.join(', ')} for a job, and none between jobs`,
      ),
      ...(settings.domain === undefined ? [] : [`a CloudFront distribution for ${settings.domain}`]),
      ...(settings.monthlyBudget === undefined ? [] : ['a budget']),
      ...(settings.alarmEmail === undefined
        ? []
        : [`alarms by mail to ${settings.alarmEmail}, once somebody there has confirmed a mail from AWS`]),
    ],
    costs: [
      `idle: US$ ${idle.toFixed(2)} a month, and ${USD_STORED_GB_MONTH} for each GB of pictures and models`,
      ...pools.map(
        ({ name, usdPerHour, mostUsdPerHour }) =>
          `a job on "${name}": US$ ${usdPerHour.toFixed(2)} an hour on demand${isSpot ? `; on Spot often less than half, of a machine that costs up to ${mostUsdPerHour.toFixed(2)} on demand` : ''}`,
      ),
      ...(pools.length === 0
        ? []
        : [`each machine: US$ ${USD_MACHINE_HOUR} an hour more for its disk and its public address`]),
      `metrics: up to US$ ${USD_METRICS_MONTH.toFixed(2)} a month where the account has used its ten free ones`,
      `prices of ${PRICES_AS_OF.region} on ${PRICES_AS_OF.date}; other regions differ`,
    ],
  };
}

/** What a stack costs in US dollars a month while nobody asks anything, without pictures and models. */
function idleUsdPerMonth(pools: readonly MachinePool[], settings: Settings): number {
  const images = [
    ...(pools.some(({ hasGpu }) => hasGpu) ? [IMAGE_GB.gpu] : []),
    ...(pools.some(({ hasGpu }) => !hasGpu) ? [IMAGE_GB.cpu] : []),
  ];
  return (
    USD_SECRET_MONTH +
    USD_IMAGE_GB_MONTH * images.reduce((sum, gb) => sum + gb, 0) +
    provisionedUsdPerMonth(settings) +
    (settings.domain === undefined ? 0 : USD_SECRET_MONTH) +
    (settings.webhookReceivers === 'none' ? 0 : USD_WEBHOOKS_MONTH) +
    (settings.queue === 'workers-first' ? USD_WORKERS_FIRST_MONTH : 0)
  );
}
