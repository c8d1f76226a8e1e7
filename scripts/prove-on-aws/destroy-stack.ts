// Step 6: everything is removed, and AWS is asked for what remains.

import { isJobOver } from '../../client/jobs.ts';
import { all } from '../../client/pages.ts';
import { removeExperiment } from './experiment.ts';
import { type Facts, OnlyInAccountError, type Proof } from './proof.ts';
import { bucketsOf, findStack, listRemains, logGroupsOf } from './remains.ts';
import { STACK } from './settings.ts';

/** Removes all that the proof made. It needs no stack, so that it also removes the half of one. @throws where something that costs remains. */
export async function destroyStack(proof: Proof): Promise<Facts> {
  const { programs, isStandIn } = proof;
  await removeExperiment(proof);
  const hadStack = (await findStack(proof)).length > 0;
  if (hadStack && !isStandIn) {
    await cancelJobs(proof);
    await programs.cdk(
      // What is removed need not be built first.
      ...['destroy', STACK, '--force', '--no-build', '-c', 'allowStandIn=true'],
      ...proof.context.flatMap((setting) => ['-c', setting]),
    );
  }
  // moto refuses to remove a network.
  if (hadStack && isStandIn) throw new OnlyInAccountError();
  const buckets = await bucketsOf(proof);
  for (const bucket of buckets) await programs.npm('remove-remains', bucket, '--delete', '--yes');
  for (const name of await logGroupsOf(proof))
    await programs.aws('logs', 'delete-log-group', '--log-group-name', name);
  const { found, unknown } = await listRemains(proof);
  const costs = found.filter(({ isShared }) => isShared !== true);
  if (costs.length > 0 || unknown.length > 0)
    throw new Error(
      [
        ...costs.map(({ what }) => `There still is ${what}.`),
        ...unknown.map((what) => `AWS could not be asked for ${what}`),
      ].join('\n'),
    );
  const shared = found.map(({ what, command }) => `${what}: ${command}`);
  return {
    stack_removed: hadStack,
    buckets_removed: buckets.length,
    remains: shared.length === 0 ? 'nothing' : shared.join('; '),
  };
}

/** Ends jobs first, so that their machines stop. Where the server does not answer any more, AWS ends them with the stack. */
async function cancelJobs(proof: Proof): Promise<void> {
  try {
    const client = await proof.client();
    for (const job of await all(client.jobs.list())) if (!isJobOver(job)) await client.jobs.cancel(job.id);
  } catch (error) {
    proof.say(`  Its jobs could not be cancelled: ${error instanceof Error ? error.message : error}`);
  }
}
