// The tags of what a stack makes, by which its costs, its jobs and its bucket are known.

/** What everything in the stack has, for the costs. */
export const PROJECT_TAG = { name: 'project', value: 'fovea' } as const;
/** The tag with the stack's name that its Batch jobs and its bucket have. */
export const STACK_TAG = 'fovea:stack';
/** The tag with the stack's name that CloudFormation gives to what it makes. */
export const CLOUDFORMATION_TAG = 'aws:cloudformation:stack-name';
