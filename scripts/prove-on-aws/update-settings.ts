// Step 5: an update to other settings, after which jobs and models are as before.

import { all } from '../../client/pages.ts';
import { deploy } from './deploy-stack.ts';
import type { Facts, Proof } from './proof.ts';
import { UPDATED_SETTINGS } from './settings.ts';
import { askModel } from './train-on-t4.ts';

/** Updates, and compares. @throws where something is missing afterwards, or the address has changed. */
export async function updateSettings(proof: Proof): Promise<Facts> {
  const client = await proof.client();
  const listed = async () => ({
    jobs: (await all(client.jobs.list())).map(({ id, status }) => `${id} ${status}`),
    models: (await all(client.models.list())).map(({ id }) => id),
  });
  const before = await listed();
  await deploy(proof, UPDATED_SETTINGS);
  // The same client: the address and the key are still those of the first deployment.
  const after = await listed();
  if (JSON.stringify(after) !== JSON.stringify(before))
    throw new Error(
      `Before the update there were ${JSON.stringify(before)}, and after it ${JSON.stringify(after)}.`,
    );
  return {
    settings: UPDATED_SETTINGS.join(' '),
    jobs: after.jobs.length,
    models: after.models.join(' '),
    ...(await askModel(proof)),
  };
}
