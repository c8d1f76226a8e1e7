// Entry point of `fovea doctor --aws` and `fovea deploy`: prints as JSON what a deployment into this account would meet, and what it would
// make. It only reads. `-c key=value` as for the CDK.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Check, passed } from '../core/check.ts';
import { isKnown } from './account/account-facts.ts';
import { askAccount } from './account/ask-account.ts';
import { askDocker } from './account/ask-docker.ts';
import { checkAccount, checkDocker } from './account/check-account.ts';
import { describeDeployment } from './account/describe-deployment.ts';
import { offeredFamilies, typesOf } from './account/offered-families.ts';
import { readContext } from './account/read-context.ts';
import { MACHINE_FAMILY_NAMES } from './settings/machines.ts';
import { parseSettings, type Settings, SettingsError } from './settings/settings.ts';
import { stackNameOf } from './settings/stack-name.ts';

const { values } = parseArgs({ options: { context: { type: 'string', short: 'c', multiple: true } } });
const context = await readContext(fileURLToPath(new URL('..', import.meta.url)), values.context ?? []);
const { settings, check: settingsCheck } = checkSettings();
const stackName = stackNameOf(context);
const [facts, docker] = await Promise.all([
  askAccount({ instanceTypes: MACHINE_FAMILY_NAMES.flatMap(typesOf), stackName }),
  askDocker(process.env['CDK_DOCKER'] ?? 'docker'),
]);
// Where workers run all jobs, no machine is started.
const families =
  settings.queue === 'workers'
    ? { offered: settings.trainerFamilies, leftOut: [] }
    : offeredFamilies(settings.trainerFamilies, facts);
console.log(
  JSON.stringify({
    checks: [settingsCheck, ...checkAccount(facts, settings), checkDocker(docker, settings)],
    account: isKnown(facts.identity) ? facts.identity.account : null,
    region: facts.region ?? null,
    stack_name: stackName,
    authorization: settings.authorization,
    trainer_families: { offered: families.offered, left_out: families.leftOut },
    deployment: describeDeployment(families.offered, settings),
  }),
);

/** Where the settings are wrong, the rest is checked for the usual ones. */
function checkSettings(): { readonly settings: Settings; readonly check: Check } {
  const name = 'settings';
  try {
    return { settings: parseSettings(context), check: passed(name, 'valid') };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return {
      settings: parseSettings({}),
      check: {
        name,
        state: 'problem',
        found: error.message,
        mend: 'Mend cdk.json or what you gave after -c; infra/README.md explains each setting',
      },
    };
  }
}
