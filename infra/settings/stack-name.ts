// The name of the stack in an account.

/** Name of the stack unless the context names another (`-c stackName=…`), which allows several stacks in one account. */
const STACK_NAME = 'Fovea';

/** The name that the CDK's context gives, else the usual one. */
export function stackNameOf({ stackName }: Readonly<Record<string, unknown>>): string {
  return typeof stackName === 'string' ? stackName : STACK_NAME;
}
