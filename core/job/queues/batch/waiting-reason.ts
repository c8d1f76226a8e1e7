// Explains AWS Batch's reasons for a job that does not start, and what to do.

const REASONS: readonly { readonly prefix: string; readonly meaning: string }[] = [
  {
    prefix: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
    meaning: 'AWS has no free machine of this kind at the moment',
  },
  {
    prefix: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
    meaning: 'the setting fovea:maxVcpus is smaller than what one job needs; raise it and deploy again',
  },
  {
    prefix: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT',
    meaning: 'no machine of the pool has the GPU, the processors and the memory that a job asks for',
  },
  {
    prefix: 'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS',
    meaning: 'AWS Batch lacks a permission: restore the service-linked role AWSServiceRoleForBatch',
  },
  {
    prefix: 'MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED',
    meaning:
      'the image and the machines of the pool do not fit together; deploy again with the current version',
  },
  {
    prefix: 'ACTION_REQUIRED',
    meaning:
      'AWS Batch asks for a change: see the compute environments of the stack in its console, where the status says what is invalid',
  },
  {
    prefix: 'UNDETERMINED',
    meaning:
      'AWS Batch does not know why; often the account may not start such machines yet: see the EC2 quotas for G and VT ' +
      'instances (Spot and on-demand) in Service Quotas',
  },
];

/** Reasons that no time limit of a queue ends: AWS Batch knows none for them. */
const WITHOUT_LIMIT = ['MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS', 'ACTION_REQUIRED', 'UNDETERMINED'];

/** Whether a job may wait for this reason for ever, unless somebody else ends it. */
export const isWithoutLimit = (statusReason: string): boolean =>
  WITHOUT_LIMIT.some((prefix) => statusReason.startsWith(prefix));

/** Explains a `statusReason` in a sentence; an unknown one is repeated. */
export function toWaitingReason(statusReason: string): string {
  const known = REASONS.find(({ prefix }) => statusReason.startsWith(prefix));
  return known === undefined
    ? `AWS Batch: ${statusReason}`
    : `Waiting for a machine: ${known.meaning} (${statusReason}).`;
}
