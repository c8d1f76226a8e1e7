// The names and settings of the stack that is deployed for the proof.

/** Name of the stack. No other installation in the account has it. */
export const STACK = 'FoveaProof';

/** Settings of the first deployment: machines with a T4, the cheapest that have a GPU. */
export const SETTINGS: readonly string[] = [
  `stackName=${STACK}`,
  'fovea:trainerFamilies=g4dn',
  'fovea:functionMemory=2048',
  'fovea:maxVcpus=16',
];

/** Settings of the update, which come after those of the first deployment. */
export const UPDATED_SETTINGS: readonly string[] = ['fovea:functionMemory=3008', 'fovea:maxVcpus=24'];

/** Name of the dataset, and of the model that the first job makes. */
export const DATASET = 'sample';
/** Name of the model of the longer job. */
export const LONG_MODEL = 'sample-long';

/** The most that each job's training may cost, in US dollars at the on-demand price. */
export const MAX_COST_USD = { job: 0.4, longJob: 1 } as const;

/** The settings, by their names; of several with one name, the last. */
export const withoutRepeats = (settings: readonly string[]): readonly string[] => [
  ...new Map(settings.map((setting) => [setting.split('=', 1)[0], setting])).values(),
];
